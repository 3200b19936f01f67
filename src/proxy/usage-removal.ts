import { JSON_BYTES } from '../lib/json-bytes.ts'
import { removeField } from './body-edits.ts'
import { LONGEST_HELD_BYTES } from './line-gate.ts'
import { rawValue, type ScannedField, scanObject } from './object-scan.ts'
import { findUsage } from './usage-search.ts'

const { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET, QUOTE, SPACE } = JSON_BYTES
const DATA = [0x64, 0x61, 0x74, 0x61, 0x3a]
const NAME = '"usage":'
const NULL = [0x6e, 0x75, 0x6c, 0x6c]

/** Bytes that are not passed on. */
export interface Range {
  readonly start: number
  readonly end: number
}

/**
 * What of a line of an OpenAI stream is there only because counts were asked for: the line itself where it has counts
 * and no choices, or an empty `usage` in it. Lines that may come in pieces stay as they are, or what is passed on would
 * depend on where they are cut.
 */
export function removalOf(chunk: Uint8Array, line: Range): Range | undefined {
  const jsonStart = dataStart(chunk, line)
  if (jsonStart === undefined || line.end - line.start > LONGEST_HELD_BYTES) return undefined
  const json = chunk.subarray(jsonStart, line.end)
  const at = findUsage(json)
  if (at < 0) return undefined
  const field = lastNull(json, at) ?? fieldToRemove(json)
  if (field === 'all') return line
  if (field === undefined) return undefined
  const { start, end } = removeField(json, field)
  return { start: jsonStart + start, end: jsonStart + end }
}

/**
 * What OpenAI has in every event: a null behind all that is long. It is a field of the whole event if what follows
 * closes one object and there is nothing behind that.
 */
function lastNull(json: Uint8Array, at: number): ScannedField | undefined {
  const colon = at + NAME.length
  const valueStart = json[colon] === SPACE ? colon + 1 : colon
  if (NULL.some((byte, index) => json[valueStart + index] !== byte)) return undefined
  const valueEnd = valueStart + NULL.length
  if (!closesOnly(json, valueEnd)) return undefined
  return { name: 'usage', nameStart: at, valueStart, valueEnd, type: 'scalar' }
}

/** Whether the rest of a JSON text has one closing brace too many, at its end. */
function closesOnly(json: Uint8Array, from: number): boolean {
  let depth = 0
  let isInString = false
  for (let i = from; i < json.length; i++) {
    const byte = json[i]
    if (byte === QUOTE) isInString = !isInString
    else if (isInString) i += byte === BACKSLASH ? 1 : 0
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth < 0) return isBlank(json, i + 1)
  }
  return false
}

function isBlank(bytes: Uint8Array, from: number): boolean {
  return bytes.subarray(from).every((byte) => byte <= SPACE)
}

function fieldToRemove(json: Uint8Array): ScannedField | 'all' | undefined {
  const { usage, choices } = fieldsOf(json)
  if (usage === undefined) return undefined
  if (usage.type === 'object' && hasNoItems(json, choices)) return 'all'
  return isEmptyUsage(json, usage) ? usage : undefined
}

function dataStart(chunk: Uint8Array, { start }: Range): number | undefined {
  if (DATA.some((byte, index) => chunk[start + index] !== byte)) return undefined
  const behind = start + DATA.length
  return chunk[behind] === SPACE ? behind + 1 : behind
}

function fieldsOf(json: Uint8Array): { usage?: ScannedField; choices?: ScannedField } {
  const scan = scanObject(json, (name) => name === 'usage' || name === 'choices')
  let step = scan.next()
  while (step.done !== true) step = scan.next()
  return step.value.kind === 'object' ? Object.fromEntries(step.value.fields.map((each) => [each.name, each])) : {}
}

function hasNoItems(json: Uint8Array, choices: ScannedField | undefined): boolean {
  return choices !== undefined && /^(?:\[\s*\]|null)$/.test(rawValue({ bytes: json }, choices))
}

/** Null, or an object without any count above zero. */
function isEmptyUsage(json: Uint8Array, usage: ScannedField): boolean {
  const text = rawValue({ bytes: json }, usage)
  return text === 'null' || (usage.type === 'object' && !/[1-9]/.test(text))
}
