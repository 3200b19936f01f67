import { JSON_BYTES } from '../lib/json-bytes.ts'

/** One name of the top-level object of a JSON text: where its value stands and of what type it is. */
export interface ScannedField {
  /** After JSON unescaping. */
  readonly name: string
  /** Byte offset of the name's opening quote. */
  readonly nameStart: number
  readonly valueStart: number
  readonly valueEnd: number
  readonly type: 'string' | 'object' | 'array' | 'scalar'
}

export type ObjectScan =
  | { readonly kind: 'object'; readonly fields: readonly ScannedField[]; readonly bytes: Uint8Array }
  /** Not one JSON object as far as it was read: Ollama's decoder refuses it too, in its own words. */
  | { readonly kind: 'malformed' }

/** Bytes looked at one by one before the scan offers to yield. */
const STEP = 1 << 19
/** No field of any API has a name this long, whichever way it is escaped; such names are not decoded. */
const LONGEST_NAME = 512
/** What reading a name costs, in bytes looked at: as it stands, and where it has to be decoded. */
const NAME_COST = 32
const DECODED_NAME_COST = 512
/** What beginning another scan costs, likewise. */
const SCAN_COST = 256
/** Strings shorter than this are read in place; a native search costs as much as about that many bytes. */
const SHORT_STRING = 48
const { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } = JSON_BYTES

const MALFORMED: ObjectScan = { kind: 'malformed' }

const decoder = new TextDecoder()

/**
 * Scans the top-level object of a JSON text: names, types and byte ranges, no tree, long strings skipped by a native
 * search. What follows the object is ignored, as Go's decoder ignores it. Only fields whose name `keep` accepts are
 * kept: a body may hold a million others. Yields after each half megabyte of short pieces, so that a hostile body
 * holds the event loop for milliseconds only; drive it with `next()`.
 */
export function* scanObject(bytes: Uint8Array, keep: (name: string) => boolean): Generator<void, ObjectScan> {
  const cursor = new Cursor(bytes)
  const fields: ScannedField[] = []
  while (cursor.skipSpace()) yield
  if (!cursor.take(OPEN_BRACE)) return MALFORMED
  while (cursor.skipSpace()) yield
  if (cursor.take(CLOSE_BRACE)) return { kind: 'object', fields, bytes }
  for (;;) {
    const nameStart = cursor.at
    while (cursor.skipValue('string')) yield
    if (cursor.failed) return MALFORMED
    const name = nameText(bytes, nameStart, cursor)
    while (cursor.skipSpace()) yield
    if (name === undefined || !cursor.take(COLON)) return MALFORMED
    while (cursor.skipSpace()) yield
    const valueStart = cursor.at
    const type = cursor.typeHere()
    while (cursor.skipValue(type)) yield
    if (cursor.failed) return MALFORMED
    if (keep(name)) fields.push({ name, nameStart, valueStart, valueEnd: cursor.at, type })
    while (cursor.skipSpace()) yield
    if (cursor.take(CLOSE_BRACE)) return { kind: 'object', fields, bytes }
    if (!cursor.take(COMMA)) return MALFORMED
    while (cursor.skipSpace()) yield
    if (cursor.spent()) yield
  }
}

/**
 * The first item of an array of objects that `is` accepts. Items that are no objects do not count, nor does what stands
 * behind something that is no JSON: Ollama refuses the whole body then.
 */
export function* someItem(
  bytes: Uint8Array,
  is: (item: Uint8Array) => Generator<void, boolean>,
): Generator<void, boolean> {
  const cursor = new Cursor(bytes)
  if (!cursor.take(OPEN_BRACKET)) return false
  for (;;) {
    while (cursor.skipSpace()) yield
    const start = cursor.at
    const type = cursor.typeHere()
    while (cursor.skipValue(type)) yield
    if (cursor.failed) return false
    if (type === 'object' && (yield* is(bytes.subarray(start, cursor.at)))) return true
    cursor.charge(SCAN_COST)
    while (cursor.skipSpace()) yield
    if (!cursor.take(COMMA)) return false
    if (cursor.spent()) yield
  }
}

/** The text of a string value, or undefined where it is not a valid JSON string. */
export function stringValue(scan: { bytes: Uint8Array }, field: ScannedField): string | undefined {
  return field.type === 'string' ? unescape(scan.bytes, field.valueStart, field.valueEnd) : undefined
}

/** The raw text of a value. */
export function rawValue(scan: { bytes: Uint8Array }, field: ScannedField): string {
  return decoder.decode(scan.bytes.subarray(field.valueStart, field.valueEnd))
}

function nameText(bytes: Uint8Array, start: number, cursor: Cursor): string | undefined {
  const end = cursor.at
  if (end - start > LONGEST_NAME) return ''
  cursor.charge(NAME_COST)
  let text = ''
  for (let i = start + 1; i < end - 1; i++) {
    const byte = bytes[i] ?? 0
    if (byte < 0x20 || byte >= 0x80 || byte === BACKSLASH) {
      cursor.charge(DECODED_NAME_COST)
      return unescape(bytes, start, end)
    }
    text += String.fromCharCode(byte)
  }
  return text
}

function unescape(bytes: Uint8Array, start: number, end: number): string | undefined {
  const text = decoder.decode(bytes.subarray(start, end))
  if (!text.includes('\\') && !hasControl(text)) return text.slice(1, -1)
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x20) return true
  return false
}

/** Skips what it is told to. Where a method returns true, it has not finished: yield, then call it again. */
class Cursor {
  at = 0
  failed = false
  readonly #bytes: Uint8Array
  #depth = 0
  #budgetEnd = STEP
  /** Where a string that was left unfinished goes on; 0 outside. */
  #resumeAt = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  spent(): boolean {
    return this.#spentAt(this.at)
  }

  /** Counts work that the distance alone does not show. */
  charge(bytes: number): void {
    this.#budgetEnd -= bytes
  }

  take(byte: number): boolean {
    if (this.#bytes[this.at] !== byte) return false
    this.at++
    return true
  }

  skipSpace(): boolean {
    for (;;) {
      const byte = this.#bytes[this.at]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return false
      this.at++
      if (this.at >= this.#budgetEnd) return this.spent()
    }
  }

  typeHere(): ScannedField['type'] {
    const byte = this.#bytes[this.at]
    if (byte === QUOTE) return 'string'
    if (byte === OPEN_BRACE) return 'object'
    return byte === OPEN_BRACKET ? 'array' : 'scalar'
  }

  /** When it has finished, `failed` or `at` tells. */
  skipValue(type: ScannedField['type']): boolean {
    if (type === 'string') return this.#skipString()
    return type === 'scalar' ? this.#skipScalar() : this.#skipNested()
  }

  /** From an opening quote to behind the closing one. */
  #skipString(): boolean {
    const bytes = this.#bytes
    if (bytes[this.at] !== QUOTE) return this.#fail()
    let i = this.#resumeAt === 0 ? this.at + 1 : this.#resumeAt
    for (;;) {
      const near = Math.min(i + SHORT_STRING, bytes.length)
      while (i < near) {
        const byte = bytes[i]
        if (byte === QUOTE) return this.#stringEnds(i)
        i += byte === BACKSLASH ? 2 : 1
      }
      const quote = bytes.indexOf(QUOTE, i)
      if (quote < 0) return this.#fail()
      // A native search costs next to nothing.
      this.#budgetEnd += quote - i
      if (!escaped(bytes, quote, i)) return this.#stringEnds(quote)
      i = quote + 1
      if (!this.#spentAt(i)) continue
      this.#resumeAt = i
      return true
    }
  }

  #stringEnds(quote: number): boolean {
    this.at = quote + 1
    this.#resumeAt = 0
    return false
  }

  #skipScalar(): boolean {
    const bytes = this.#bytes
    const start = this.at
    for (; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at] ?? 0
      if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= 0x20) break
      if (this.at > start && this.at >= this.#budgetEnd) return this.spent()
    }
    this.failed = this.at === start || this.at >= bytes.length
    return false
  }

  #skipNested(): boolean {
    const bytes = this.#bytes
    while (this.at < bytes.length) {
      const byte = bytes[this.at]
      if (byte === QUOTE) {
        if (this.#skipString()) return true
        if (this.failed) return false
      } else {
        this.at++
        if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++
        else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --this.#depth === 0) return false
      }
      if (this.at >= this.#budgetEnd && this.spent()) return true
    }
    return this.#fail()
  }

  #fail(): boolean {
    this.failed = true
    return false
  }

  #spentAt(at: number): boolean {
    if (at < this.#budgetEnd) return false
    this.#budgetEnd = at + STEP
    return true
  }
}

/** Whether the quote at `at` is escaped: an odd run of backslashes stands before it, none of them before `from`. */
function escaped(bytes: Uint8Array, at: number, from: number): boolean {
  let run = 0
  while (at - 1 - run >= from && bytes[at - 1 - run] === BACKSLASH) run++
  return run % 2 === 1
}
