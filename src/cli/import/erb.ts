/** A Ruby template with its tags taken out, or one sentence about a tag that nobody here can run. */
export type ErbReading =
  | { readonly kind: 'text'; readonly text: string; readonly fallbacks: ReadonlyMap<string, string> }
  | { readonly kind: 'problem'; readonly sentence: string }

/** Private-use characters around what stood in a tag: no file has them, and YAML takes them for letters. */
const OPEN = '\uE000'
const CLOSE = '\uE001'
const marked = /\uE000([^\uE001]*)\uE001/g

const literal = String.raw`(?:'([^'\\]*)'|"([^"\\#]*)"|([\w.-]+))`
const conversion = String.raw`(?:\.(?:to_s|to_i|to_f|strip|presence))*`
const variable = new RegExp(
  String.raw`^ENV(?:\[\s*(?:'(\w+)'|"(\w+)")\s*\]|\.fetch\(?\s*(?:'(\w+)'|"(\w+)")\s*(?:,\s*${literal}\s*)?\)?)` +
    String.raw`${conversion}\s*(?:\|\|\s*${literal}|\{\s*${literal}\s*\})?${conversion}$`,
)

/** Each tag becomes a mark; those that only read a variable are known, the others may stand where nobody looks. */
export function readErb(source: string): ErbReading {
  const fallbacks = new Map<string, string>()
  let problem: string | undefined
  const text = source
    .replace(/[\uE000\uE001]/g, '\uFFFD')
    .replace(/<%([\s\S]*?)%>/g, (_tag, inside: string, at: number) => {
      if (inside.startsWith('#')) return ''
      const line = lineOf(source, at)
      if (!inside.startsWith('=')) {
        if (!isComment(source, at)) problem ??= `line ${line} runs Ruby code, not only ENV`
        return ''
      }
      const read = readVariable(inside.slice(1).replace(/-$/, '').trim())
      if (read === undefined) return `${OPEN}?${line}${CLOSE}`
      if (read.fallback !== undefined) fallbacks.set(read.name, read.fallback)
      return `${OPEN}${read.name}${CLOSE}`
    })
  return problem === undefined ? { kind: 'text', text, fallbacks } : { kind: 'problem', sentence: problem }
}

/** Marks as `${NAME}`, and a plain `${` so that it stays one. The line of a tag that only Ruby can run, if any. */
export function fromMarks(text: string): { readonly text: string; readonly unreadableLine: string | undefined } {
  const unreadableLine = /\uE000\?(\d+)\uE001/.exec(text)?.[1]
  const escaped = text.replaceAll('${', () => '$${')
  return { text: escaped.replace(marked, (_mark, name: string) => `\${${name}}`), unreadableLine }
}

function readVariable(code: string): { readonly name: string; readonly fallback: string | undefined } | undefined {
  const groups = variable.exec(code)?.slice(1)
  if (groups === undefined) return undefined
  const [name, ...rest] = [groups.slice(0, 4), groups.slice(4)].map((part) => part.find((text) => text !== undefined))
  const fallback = rest[0] === 'nil' ? undefined : rest[0]
  return name === undefined ? undefined : { name, fallback }
}

function lineOf(source: string, at: number): number {
  return source.slice(0, at).split('\n').length
}

function isComment(source: string, at: number): boolean {
  return /^\s*#/.test(source.slice(source.lastIndexOf('\n', at) + 1, at))
}
