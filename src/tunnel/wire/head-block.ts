import type { RawHeaders } from '../../lib/raw-headers.ts'
import { MAX_FIELD_BYTES, MAX_FIELDS } from './frame-layout.ts'

/** Name, value, name, value, ...; every character is one byte. */
export type Fields = RawHeaders

export type ParsedFields =
  | { readonly ok: true; readonly fields: Fields }
  | { readonly ok: false; readonly reason: string }

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const PSEUDO = /^:[a-z]+$/
/** What could end a line of HTTP/1, or be no byte. */
const UNFIT = /[\0\r\n]|[^\0-\xff]/

/** Why these fields cannot be on the wire, or undefined. Asked before sending, so that one odd head costs one stream. */
export function fieldsProblem(fields: Fields): string | undefined {
  if (fields.length % 2 !== 0) return 'a header field without a value'
  if (fields.length > 2 * MAX_FIELDS) return `more than ${MAX_FIELDS} header fields`
  let isPseudo = true
  for (let i = 0; i < fields.length; i += 2) {
    const [name = '', value = ''] = [fields[i], fields[i + 1]]
    if (name.length > MAX_FIELD_BYTES || value.length > MAX_FIELD_BYTES) return 'a header field is too long'
    isPseudo &&= PSEUDO.test(name)
    if (!isPseudo && !TOKEN.test(name)) return 'the name of a header field is none'
    if (UNFIT.test(value)) return 'the value of a header field holds a character that may not be there'
  }
  return undefined
}

export function headBlockBytes(fields: Fields): number {
  let bytes = varintBytes(fields.length / 2)
  for (const text of fields) bytes += varintBytes(text.length) + text.length
  return bytes
}

/** Writes fields that have no problem; returns where the block ends. */
export function writeHeadBlock(fields: Fields, into: Uint8Array, at: number): number {
  let place = writeVarint(into, at, fields.length / 2)
  for (const text of fields) {
    place = writeVarint(into, place, text.length)
    for (let i = 0; i < text.length; i += 1) into[place + i] = text.charCodeAt(i)
    place += text.length
  }
  return place
}

/** The block must fill `bytes` from `at` to its end. */
export function parseHeadBlock(bytes: Uint8Array, at: number): ParsedFields {
  const cursor = { bytes, at }
  const count = readVarint(cursor)
  if (count === undefined || count > MAX_FIELDS) return { ok: false, reason: 'bad number of header fields' }
  const fields: string[] = []
  for (let i = 0; i < 2 * count; i += 1) {
    const text = readText(cursor)
    if (text === undefined) return { ok: false, reason: 'bad length in a head block' }
    fields.push(text)
  }
  if (cursor.at !== bytes.length) return { ok: false, reason: 'bytes after a head block' }
  const reason = fieldsProblem(fields)
  return reason === undefined ? { ok: true, fields } : { ok: false, reason }
}

interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

function readText(cursor: Cursor): string | undefined {
  const length = readVarint(cursor)
  const end = cursor.at + (length ?? 0)
  if (length === undefined || length > MAX_FIELD_BYTES || end > cursor.bytes.length) return undefined
  let text = ''
  // Not TextDecoder: its `latin1` is windows-1252.
  for (let i = cursor.at; i < end; i += 1) text += String.fromCharCode(cursor.bytes[i] ?? 0)
  cursor.at = end
  return text
}

/** Seven bits a byte, low ones first. Lengths here fit in three bytes. */
function readVarint(cursor: Cursor): number | undefined {
  let value = 0
  for (let shift = 0; shift < 21; shift += 7) {
    const byte = cursor.bytes[cursor.at]
    if (byte === undefined) return undefined
    cursor.at += 1
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return byte === 0 && shift > 0 ? undefined : value
  }
  return undefined
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1
  return value < 0x4000 ? 2 : 3
}

function writeVarint(into: Uint8Array, at: number, value: number): number {
  let [place, rest] = [at, value]
  while (rest >= 0x80) {
    into[place] = (rest & 0x7f) | 0x80
    rest >>>= 7
    place += 1
  }
  into[place] = rest
  return place + 1
}
