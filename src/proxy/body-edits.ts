import { JSON_BYTES } from '../lib/json-bytes.ts'
import type { BodyFacts } from './body-facts.ts'
import type { ScannedField } from './object-scan.ts'

/** A replacement of one byte range of a body by text. */
export interface BodyEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

const encoder = new TextEncoder()

/** The body with its edits, as chunks: what is not edited is not copied. Edits must not overlap. */
export function spliceBody(bytes: Uint8Array, edits: readonly BodyEdit[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let at = 0
  let before: BodyEdit | undefined
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (edit.start > at) chunks.push(bytes.subarray(at, edit.start))
    if (edit.text !== '') chunks.push(encoder.encode(isSecondField(edit, before) ? `,${edit.text}` : edit.text))
    at = edit.end
    before = edit
  }
  if (at < bytes.length) chunks.push(bytes.subarray(at))
  return chunks
}

/** Of an object that was empty: neither of its new fields knew of the other. */
function isSecondField(edit: BodyEdit, before: BodyEdit | undefined): boolean {
  return before?.end === edit.start && before.start === before.end && !before.text.endsWith(',')
}

export function replaceValue(field: ScannedField, text: string): BodyEdit {
  return { start: field.valueStart, end: field.valueEnd, text }
}

/** Takes a field away with the comma that belongs to it. */
export function removeField(bytes: Uint8Array, field: ScannedField): BodyEdit {
  const after = skipSpace(bytes, field.valueEnd)
  if (bytes[after] === COMMA) return { start: field.nameStart, end: after + 1, text: '' }
  let before = field.nameStart - 1
  while (before > 0 && isSpace(bytes[before])) before--
  return { start: bytes[before] === COMMA ? before : field.nameStart, end: field.valueEnd, text: '' }
}

/** Adds a field in front of all others; `text` is its JSON value. */
export function addField(facts: Pick<BodyFacts, 'bytes'>, name: string, text: string): BodyEdit {
  const open = facts.bytes.indexOf(OPEN_BRACE)
  const empty = facts.bytes[skipSpace(facts.bytes, open + 1)] === CLOSE_BRACE
  return { start: open + 1, end: open + 1, text: `${JSON.stringify(name)}:${text}${empty ? '' : ','}` }
}

const { CLOSE_BRACE, COMMA, OPEN_BRACE } = JSON_BYTES
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  while (isSpace(bytes[at])) at++
  return at
}
