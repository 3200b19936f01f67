/**
 * JSON as Go's encoding/json reads and writes it: keys match after case folding, the last one wins, what follows
 * the first value is ignored, and `<`, `>`, `&` are escaped.
 */

export type GoType = 'string' | 'bool' | 'int' | 'float64' | 'any' | `[]${string}` | `map[${string}` | `*${string}`
export type GoStruct = { readonly name: string; readonly fields: Readonly<Record<string, GoType>> }
export type Fields = Readonly<Record<string, unknown>>

/** A request body that Go refuses; `message` is what its decoder says. */
export class GoJsonError extends Error {}

export function decodeStruct(body: Uint8Array, shape: GoStruct): Fields {
  const text = firstValue(Buffer.from(body).toString('utf8'))
  const value: unknown = JSON.parse(text)
  if (value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new GoJsonError(`json: cannot unmarshal ${kindOf(value)} into Go value of type api.${shape.name}`)
  }
  const fields: Record<string, unknown> = {}
  for (const [key, fieldValue] of orderedEntries(text, value as Record<string, unknown>)) {
    const name = fieldNamed(key, shape)
    if (name === undefined || fieldValue === null) continue
    checkType(fieldValue, name, shape)
    fields[name] = fieldValue
  }
  return fields
}

export function encode(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A Go map: its keys come out sorted, at every depth. */
export function encodeMap(value: unknown): string {
  return encode(sorted(value))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

/** The text of the first JSON value; what stands behind it was never read. */
function firstValue(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    const position = Number(/position (\d+)/.exec(message)?.[1] ?? text.length)
    if (message.startsWith('Unexpected non-whitespace')) return text.slice(0, position)
    if (position >= text.trimEnd().length || /Unterminated|end of JSON/.test(message)) {
      throw new GoJsonError(text.trim() === '' ? 'EOF' : 'unexpected EOF')
    }
    throw new GoJsonError(`invalid character '${text[position] ?? ''}' looking for beginning of value`)
  }
}

function fieldNamed(key: string, shape: GoStruct): string | undefined {
  if (key in shape.fields) return key
  const folded = fold(key)
  return Object.keys(shape.fields).find((name) => fold(name) === folded)
}

/** Go's folding: ASCII case, and the two characters beyond ASCII whose simple folding is a letter of ASCII. */
function fold(key: string): string {
  return key.replaceAll('\u212a', 'k').replaceAll('\u017f', 's').toLowerCase()
}

/** In the order of the text. JavaScript objects keep the first place of a key, Go minds the last. */
function orderedEntries(text: string, value: Record<string, unknown>): [string, unknown][] {
  const keys = Object.keys(value)
  if (new Set(keys.map(fold)).size === keys.length) return Object.entries(value)
  return topLevelPairs(text)
}

function topLevelPairs(text: string): [string, unknown][] {
  const pairs: [string, unknown][] = []
  let position = text.indexOf('{') + 1
  for (;;) {
    const keyStart = text.indexOf('"', position)
    if (keyStart < 0) return pairs
    const keyEnd = endOfString(text, keyStart)
    const valueStart = text.indexOf(':', keyEnd) + 1
    const valueEnd = endOfValue(text, valueStart)
    pairs.push([String(JSON.parse(text.slice(keyStart, keyEnd))), JSON.parse(text.slice(valueStart, valueEnd))])
    if (text[valueEnd] === '}') return pairs
    position = valueEnd + 1
  }
}

function endOfString(text: string, start: number): number {
  let position = start + 1
  while (text[position] !== '"') position += text[position] === '\\' ? 2 : 1
  return position + 1
}

function endOfValue(text: string, start: number): number {
  let depth = 0
  for (let position = start; position < text.length; ) {
    const character = text[position]
    if (character === '"') {
      position = endOfString(text, position)
      continue
    }
    if (depth === 0 && (character === ',' || character === '}')) return position
    if (character === '{' || character === '[') depth += 1
    if (character === '}' || character === ']') depth -= 1
    position += 1
  }
  return text.length
}

function checkType(value: unknown, field: string, shape: GoStruct): void {
  const wanted = shape.fields[field] ?? 'any'
  if (fits(value, wanted)) return
  throw new GoJsonError(
    `json: cannot unmarshal ${kindOf(value)} into Go struct field ${shape.name}.${field} of type ${wanted}`,
  )
}

function fits(value: unknown, wanted: GoType): boolean {
  if (wanted === 'any') return true
  if (wanted.startsWith('*openai.')) return kindOf(value) === 'object'
  if (wanted.startsWith('*')) return fits(value, wanted.slice(1) as GoType)
  if (wanted.startsWith('[]')) return Array.isArray(value)
  if (wanted.startsWith('map[')) return kindOf(value) === 'object'
  if (wanted === 'int') return Number.isInteger(value)
  return kindOf(value) === { string: 'string', bool: 'bool', float64: 'number' }[wanted as 'string']
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
