import type { Dialect } from '../dialects/dialect.ts'
import { canonicalNumber } from './canonical-number.ts'
import { isArray, isNumber, isObject, type JsonNode, type JsonObject } from './json-tree.ts'

/** What Ollama reads of a message into a struct; there Go's folding holds. What it does not know stays as written. */
const MESSAGE_FIELDS: ReadonlySet<string> = new Set(
  'role content thinking reasoning images tool_calls tool_name tool_call_id name'.split(' '),
)

/** Of the top-level fields, objects whose names may stand in any order. */
const UNORDERED: ReadonlySet<string> = new Set(['options', 'stream_options', 'reasoning', 'thinking'])

/** Fields that Ollama passes over, or that say how long the model stays and not what it answers. */
const LEFT_OUT: Readonly<Record<Dialect, ReadonlySet<string>>> = {
  ollama: new Set(['keep_alive']),
  openai: new Set(['user']),
  responses: new Set(),
  anthropic: new Set(['metadata']),
}

/**
 * One text for all bodies that mean the same to Ollama: white space, escapes, the order of names and the way a number
 * is written do not count, nor does the case of a message's fields. Only what is known to mean nothing is made alike:
 * beneath `format`, `tools` and whatever else is passed on to a grammar or a template, order and numbers stay as they
 * are, because there they decide what is said. Undefined: two names of one object may be one to Go.
 */
export function canonicalBody(body: JsonObject, dialect: Dialect): string | undefined {
  const writer = new BodyWriter(dialect)
  const text = writer.body(body)
  return writer.isAmbiguous ? undefined : text
}

class BodyWriter {
  isAmbiguous = false
  readonly #leftOut: ReadonlySet<string>

  constructor(dialect: Dialect) {
    this.#leftOut = LEFT_OUT[dialect]
  }

  body(body: JsonObject): string {
    return this.#unordered(body.members, (name, value) => this.#topLevel(name, value))
  }

  #topLevel(name: string, value: JsonNode): string | undefined {
    if (this.#leftOut.has(name)) return undefined
    // Whether it streams is in the key by what comes of it.
    if (name === 'stream' && (typeof value === 'boolean' || value === null)) return undefined
    if (name === 'messages' || name === 'input') return this.#items(value, (item) => this.#message(item))
    if (UNORDERED.has(name) && isObject(value))
      return this.#unordered(value.members, (_name, each) => this.#plain(each))
    return this.#plain(value)
  }

  #message(message: JsonObject): string {
    const folded = new Map<string, JsonNode>()
    for (const [name, value] of message.members) {
      const known = isPlain(name) ? name : foldedName(name)
      const key = MESSAGE_FIELDS.has(known) ? known : name
      if (folded.has(key)) this.isAmbiguous = true
      folded.set(key, value)
    }
    return this.#unordered(folded, (name, value) =>
      name === 'content' ? this.#items(value, (part) => this.#part(part)) : this.#plain(value),
    )
  }

  #part(part: JsonObject): string {
    return this.#unordered(part.members, (_name, value) => this.#plain(value))
  }

  /** Of a list the objects in it, one by one; anything else as it is. */
  #items(value: JsonNode, textOf: (item: JsonObject) => string): string {
    if (!isArray(value)) return this.#plain(value)
    return `[${value.items.map((item) => (isObject(item) ? textOf(item) : this.#plain(item))).join(',')}]`
  }

  /** What `textOf` has no text for is left out. */
  #unordered(
    members: ReadonlyMap<string, JsonNode>,
    textOf: (name: string, value: JsonNode) => string | undefined,
  ): string {
    const names = [...members.keys()].toSorted()
    if (!names.every(isPlain) && new Set(names.map(foldedName)).size < names.length) this.isAmbiguous = true
    let text = ''
    for (const name of names) {
      const value = textOf(name, members.get(name) ?? null)
      if (value !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${value}`
    }
    return `{${text}}`
  }

  /** A number by its value; of anything else the order and the numbers as they are. */
  #plain(node: JsonNode): string {
    if (!isNumber(node)) return orderedText(node)
    const text = canonicalNumber(node.text)
    if (text === undefined) this.isAmbiguous = true
    return text ?? node.text
  }
}

function orderedText(node: JsonNode): string {
  if (node === null || typeof node !== 'object') return JSON.stringify(node)
  if (node.kind === 'number') return node.text
  if (node.kind === 'array') return `[${node.items.map(orderedText).join(',')}]`
  return `{${[...node.members].map(([name, value]) => `${JSON.stringify(name)}:${orderedText(value)}`).join(',')}}`
}

/** Folds to itself. */
function isPlain(name: string): boolean {
  return PLAIN.test(name)
}

const PLAIN = /^[a-z\d_]*$/

/** As Go's `encoding/json` compares names: U+212A is a k, U+017F an s. */
function foldedName(name: string): string {
  return name.toLowerCase().replaceAll('\u212a', 'k').replaceAll('\u017f', 's')
}
