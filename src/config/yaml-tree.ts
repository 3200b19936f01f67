import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import type { SettingPath } from '../lib/settings-context.ts'
import { interpolate, type Variables } from './interpolate.ts'
import { dotted } from './schema.ts'
import type { ProblemList } from './problem-list.ts'
import { createWrittenSettings, pathKey, type Origin, type WrittenSettings } from './written-settings.ts'

export interface FileText {
  readonly text: string
  /** As it is called in places. */
  readonly label: string
  readonly folder: string
}

const MAX_DEPTH = 16
const MAX_NODES = 100_000

/** Of an upstream that is not used: what a variable that is not set leaves behind. */
const ABSENT = Symbol('absent')

/** The parser's own words may quote the file, and with it a secret. */
const syntaxSentences: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'a value that begins with * or & needs quotes',
  BAD_DQ_ESCAPE: 'a backslash in double quotes begins no known escape',
  BAD_INDENT: 'the indentation does not fit the lines above',
  BAD_SCALAR_START: 'a value that begins with this character needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'the indentation does not fit, or a value with ": " in it needs quotes',
  DUPLICATE_KEY: 'this key is there twice',
  MISSING_CHAR: 'a colon, comma, quote or bracket is missing',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing, or the indentation does not fit',
  MULTIPLE_DOCS: 'the file should hold one document, without --- in it',
  TAB_AS_INDENT: 'indentation is made of spaces, not of tabs',
  TAG_RESOLVE_FAILED: 'tags are not known here; a value that begins with ! needs quotes',
}

/** YAML, and so JSON too, as plain values with the place of each. A file with broken syntax gives nothing. */
export function readYamlTree(file: FileText, variables: Variables, problems: ProblemList): WrittenSettings {
  const lines = new LineCounter()
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${file.label}:${line}:${col}`
  }
  const document = parse(file.text, lines)
  const written = createWrittenSettings()
  if (document === undefined) {
    problems.add(file.label, 'is nested too deeply')
    return written
  }
  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    problems.add(place(pos[0]), syntaxSentence(code))
  }
  if (problems.count > 0 || document.contents === null) return written
  const walk = createWalk({ document, variables, problems, written, place, folder: file.folder })
  const root = walk(document.contents, [])
  if (root !== null && !isPlainTree(root)) problems.add(place(0), 'the file should hold settings, each with its name')
  else Object.assign(written.tree, root)
  return written
}

export function syntaxSentence(code: string): string {
  return syntaxSentences[code] ?? 'this is not readable YAML'
}

function parse(text: string, lineCounter: LineCounter): Document | undefined {
  try {
    // Keys are compared in the walk: here each would be compared with every other one.
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false, logLevel: 'error' })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

interface Walk {
  readonly document: Document
  readonly variables: Variables
  readonly problems: ProblemList
  readonly written: WrittenSettings
  readonly folder: string
  place(offset: number): string
}

function createWalk(walk: Walk): (node: unknown, path: SettingPath) => unknown {
  const { document, problems, written } = walk
  let nodes = 0
  let isTooLarge = false
  /** Inside an upstream with `enabled: false`. */
  let isUnused = false

  function visit(node: unknown, path: SettingPath): unknown {
    nodes++
    if (nodes > MAX_NODES || path.length > MAX_DEPTH) {
      if (!isTooLarge) problems.add(placeOf(node, walk), 'the file is nested too deeply or holds too much')
      isTooLarge = true
      return null
    }
    if (isAlias(node)) return visitAlias(node, path)
    written.origins.set(pathKey(path), originOf(node, walk))
    if (isMap(node)) return isUpstreamPath(path) ? visitUpstream(node, path) : visitMap(node, path)
    if (isSeq(node)) return node.items.map((item, index) => visit(item, [...path, index])).filter(isPresent)
    if (!isScalar(node)) return null
    return isUnused && isLeftOut(node, path, walk) ? ABSENT : scalarValue(node, path, walk)
  }

  function visitUpstream(map: YAMLMap, path: SettingPath): unknown {
    isUnused = isSwitchedOff(map, walk)
    const upstream = visitMap(map, path)
    isUnused = false
    return upstream
  }

  function visitAlias(node: Parameters<typeof visit>[0], path: SettingPath): unknown {
    const target = isAlias(node) ? node.resolve(document) : undefined
    if (target !== undefined) return visit(target, path)
    problems.add(placeOf(node, walk), 'there is no such anchor; a value that begins with * needs quotes')
    return null
  }

  function visitMap(map: YAMLMap, path: SettingPath): unknown {
    const tree: Record<string, unknown> = {}
    let isWhole = true
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? keyName(key) : undefined
      const sentence = name === undefined ? 'a name should be plain text' : nameProblem(name, tree)
      if (name === undefined || sentence !== undefined) {
        problems.add(placeOf(key, walk), sentence ?? '')
        continue
      }
      written.keyOrigins.set(pathKey([...path, name]), originOf(key, walk))
      const inner = visit(value, [...path, name])
      if (isPresent(inner)) tree[name] = inner
      else isWhole = false
    }
    // A section inside an upstream makes no sense in part.
    return isWhole || isUpstreamPath(path) ? tree : ABSENT
  }

  return visit
}

function isPresent(value: unknown): boolean {
  return value !== ABSENT
}

function isUpstreamPath(path: SettingPath): boolean {
  return path.length === 2 && path[0] === 'upstreams'
}

/** What cannot be told is not off: then its variables have to be there. */
function isSwitchedOff(map: YAMLMap, { document, variables }: Walk): boolean {
  const written = map.items.find(({ key }) => isScalar(key) && key.value === 'enabled')?.value
  const node = isAlias(written) ? written.resolve(document) : written
  const value = isScalar(node) ? node.value : undefined
  const result = typeof value === 'string' ? interpolate(value, variables) : undefined
  return /^(?:false|off|no)$/.test(result?.kind === 'text' ? result.text : String(value))
}

/** Its name is needed all the same: assignments speak of it. */
function isLeftOut(node: Scalar, path: SettingPath, { variables }: Walk): boolean {
  if (typeof node.value !== 'string' || (path.length === 3 && path[2] === 'name')) return false
  const result = interpolate(node.value, variables)
  return result.kind === 'problem' && result.unset !== undefined
}

function nameProblem(name: string, tree: object): string | undefined {
  if (name === '__proto__') return '"__proto__" cannot be a name'
  return Object.hasOwn(tree, name) ? `${JSON.stringify(name)} is there twice` : undefined
}

/** A number keeps its spelling: a model may be called `1.10`. */
function keyName(key: Scalar): string | undefined {
  if (typeof key.value === 'string') return key.value
  return typeof key.value === 'number' ? (key.source ?? String(key.value)) : undefined
}

function scalarValue(node: Scalar, path: SettingPath, walk: Walk): unknown {
  if (typeof node.value !== 'string') return node.value
  const result = interpolate(node.value, walk.variables)
  if (result.kind === 'problem') {
    walk.problems.add(placeOf(node, walk), `${dotted(path)} ${result.sentence}`)
    // Whatever the setting wants, this problem is told already.
    walk.written.origins.set(pathKey(path), { ...originOf(node, walk), isBroken: true })
    return node.value
  }
  if (result.changed) walk.written.origins.set(pathKey(path), { ...originOf(node, walk), isInterpolated: true })
  return result.text
}

function originOf(node: unknown, walk: Walk): Origin {
  return { source: 'file', detail: placeOf(node, walk), folder: walk.folder }
}

function placeOf(node: unknown, { place }: Walk): string {
  const range = (node as { range?: readonly number[] | null } | null)?.range
  return place(range?.[0] ?? 0)
}

function isPlainTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
