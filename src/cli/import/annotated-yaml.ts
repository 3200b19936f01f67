/** A config file in the making: its settings in order, and what is to be said beside them. */
export type Section = readonly Line[]
export type Line = Setting | Remark

export interface Setting {
  readonly kind: 'setting'
  readonly name: string
  readonly value: Value
}

/** Text stands as it is written in our files: `${NAME}` is a variable. */
export type Value =
  | string
  | number
  | boolean
  | readonly string[]
  | { readonly section: Section }
  | { readonly items: readonly Section[] }

export interface Remark {
  readonly kind: 'remark'
  /** Prose, or lines that become settings when the `# ` before them is taken away. */
  readonly text: string | readonly string[]
  /** It tells of something that is not in the settings. */
  readonly unmapped: boolean
}

const WIDTH = 118

export function setting(name: string, value: Value): Setting {
  return { kind: 'setting', name, value }
}

/** What a reader of the file should know. */
export function remark(text: string): Remark {
  return { kind: 'remark', text, unmapped: false }
}

export function unmapped(text: string): Remark {
  return { kind: 'remark', text: `Not mapped: ${text}`, unmapped: true }
}

/** The first line is the head of the file; every other remark stands right above what it is about. */
export function writeYaml([head, ...file]: Section): string {
  const blocks: string[][] = head === undefined ? [] : [writeLine(head, '')]
  let block: string[] = []
  for (const line of file) {
    block.push(...writeLine(line, ''))
    if (line.kind === 'remark') continue
    blocks.push(block)
    block = []
  }
  return `${[...blocks, block]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

export function countUnmapped(section: Section): number {
  return flatten(section).filter((line) => line.kind === 'remark' && line.unmapped).length
}

/** The variables that the settings name, each once. */
export function variablesOf(section: Section): string[] {
  const texts = flatten(section).flatMap((line) => (line.kind === 'setting' ? textsOf(line.value) : []))
  const names = texts.flatMap((text) => [...text.matchAll(/(?<!\$)\$\{(\w+)\}/g)].map((match) => match[1] ?? ''))
  return [...new Set(names)]
}

/** As a value or a name in YAML, quoted where it would be read as anything else. */
export function yamlText(text: string): string {
  const isPlain = /^(?:[a-z][\w.-]*|\d+(?:\.\d+)?(?:ms|[smhd]|GB))$/i.test(text)
  return isPlain && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(text) ? text : JSON.stringify(text)
}

function flatten(section: Section): Line[] {
  return section.flatMap((line) => [line, ...sectionsOf(line).flatMap(flatten)])
}

function sectionsOf(line: Line): readonly Section[] {
  if (line.kind === 'remark' || typeof line.value !== 'object') return []
  if ('section' in line.value) return [line.value.section]
  return 'items' in line.value ? line.value.items : []
}

function textsOf(value: Value): readonly string[] {
  if (typeof value === 'string') return [value]
  return isTextList(value) ? value : []
}

function isTextList(value: Value): value is readonly string[] {
  return Array.isArray(value)
}

function writeLine(line: Line, indent: string): string[] {
  return line.kind === 'remark' ? writeRemark(line, indent) : writeSetting(line, indent)
}

function writeRemark({ text }: Remark, indent: string): string[] {
  const lines = typeof text === 'string' ? wrap(text, WIDTH - indent.length) : text
  // A line end in what came from elsewhere would turn the rest of it into a setting.
  return lines.map((line) => `${indent}# ${line.replace(/[\r\n\u0085\u2028\u2029]+/g, ' ')}`)
}

function writeSetting({ name, value }: Setting, indent: string): string[] {
  const start = `${indent}${yamlText(name)}:`
  if (isTextList(value)) return [`${start} [${value.map(yamlText).join(', ')}]`]
  if (typeof value !== 'object') return [`${start} ${typeof value === 'string' ? yamlText(value) : String(value)}`]
  if ('section' in value) return [start, ...value.section.flatMap((line) => writeLine(line, `${indent}  `))]
  return [start, ...value.items.flatMap((item) => writeItem(item, `${indent}  `))]
}

/** The first line of an item is a setting, and stands behind the dash. */
function writeItem(item: Section, indent: string): string[] {
  const [first = '', ...rest] = item.flatMap((line) => writeLine(line, `${indent}  `))
  return [`${indent}- ${first.trimStart()}`, ...rest]
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + word.length + 1 > width) {
      lines.push(current)
      current = word
    } else {
      current = current === '' ? word : `${current} ${word}`
    }
  }
  return [...lines, current]
}
