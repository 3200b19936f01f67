/** A JSON value that keeps what a parser usually throws away: the order of names, and numbers as they were written. */
export type JsonNode = JsonObject | JsonArray | JsonNumber | string | boolean | null

export interface JsonObject {
  readonly kind: 'object'
  readonly members: ReadonlyMap<string, JsonNode>
}

export interface JsonArray {
  readonly kind: 'array'
  readonly items: readonly JsonNode[]
}

export interface JsonNumber {
  readonly kind: 'number'
  /** As it was written. */
  readonly text: string
}

const MAX_DEPTH = 64

/**
 * Undefined where the text is no JSON, where it nests too deep, and where a name stands twice in one object: of two
 * values of one name Go keeps the last one, or both merged, and what was checked would not be what is read.
 */
export function parseJsonTree(text: string): JsonNode | undefined {
  const reader = new TreeReader(text)
  const node = reader.value(0)
  return node !== undefined && reader.isAtEnd() ? node : undefined
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const SPACE = /[\t\n\r ]*/y
const CONTROL = /[\u0000-\u001f]/

/** Every method returns undefined where the text is not what it should be. */
class TreeReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  isAtEnd(): boolean {
    this.#skipSpace()
    return this.#at === this.#text.length
  }

  value(depth: number): JsonNode | undefined {
    this.#skipSpace()
    switch (this.#text[this.#at]) {
      case '{':
        return depth < MAX_DEPTH ? this.#object(depth + 1) : undefined
      case '[':
        return depth < MAX_DEPTH ? this.#array(depth + 1) : undefined
      case '"':
        return this.#string()
      case 't':
        return this.#take('true') ? true : undefined
      case 'f':
        return this.#take('false') ? false : undefined
      case 'n':
        return this.#take('null') ? null : undefined
      default:
        return this.#number()
    }
  }

  #object(depth: number): JsonObject | undefined {
    const members = new Map<string, JsonNode>()
    this.#at += 1
    if (this.#takes('}')) return { kind: 'object', members }
    for (;;) {
      this.#skipSpace()
      const name = this.#text[this.#at] === '"' ? this.#string() : undefined
      if (name === undefined || members.has(name) || !this.#takes(':')) return undefined
      const value = this.value(depth)
      if (value === undefined) return undefined
      members.set(name, value)
      if (this.#takes('}')) return { kind: 'object', members }
      if (!this.#takes(',')) return undefined
    }
  }

  #array(depth: number): JsonArray | undefined {
    const items: JsonNode[] = []
    this.#at += 1
    if (this.#takes(']')) return { kind: 'array', items }
    for (;;) {
      const item = this.value(depth)
      if (item === undefined) return undefined
      items.push(item)
      if (this.#takes(']')) return { kind: 'array', items }
      if (!this.#takes(',')) return undefined
    }
  }

  #string(): string | undefined {
    const text = this.#text
    const start = this.#at
    let end = text.indexOf('"', start + 1)
    while (end > 0 && isEscaped(text, end, start + 1)) end = text.indexOf('"', end + 1)
    if (end < 0) return undefined
    this.#at = end + 1
    const inner = text.slice(start + 1, end)
    if (!inner.includes('\\')) return CONTROL.test(inner) ? undefined : inner
    try {
      // JSON has said what an escape is; a string's text parses to a string.
      return JSON.parse(text.slice(start, end + 1)) as string
    } catch {
      return undefined
    }
  }

  #number(): JsonNumber | undefined {
    NUMBER.lastIndex = this.#at
    const text = NUMBER.exec(this.#text)?.[0]
    if (text === undefined) return undefined
    this.#at += text.length
    return { kind: 'number', text }
  }

  #take(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    return true
  }

  #takes(mark: string): boolean {
    this.#skipSpace()
    return this.#take(mark)
  }

  #skipSpace(): void {
    const code = this.#text.charCodeAt(this.#at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    SPACE.lastIndex = this.#at
    SPACE.test(this.#text)
    this.#at = SPACE.lastIndex
  }
}

/** An odd run of backslashes stands before it, none of them before `from`. */
function isEscaped(text: string, at: number, from: number): boolean {
  let run = 0
  while (at - 1 - run >= from && text[at - 1 - run] === '\\') run++
  return run % 2 === 1
}

export function isObject(node: JsonNode | undefined): node is JsonObject {
  return typeof node === 'object' && node !== null && node.kind === 'object'
}

export function isArray(node: JsonNode | undefined): node is JsonArray {
  return typeof node === 'object' && node !== null && node.kind === 'array'
}

export function isNumber(node: JsonNode | undefined): node is JsonNumber {
  return typeof node === 'object' && node !== null && node.kind === 'number'
}
