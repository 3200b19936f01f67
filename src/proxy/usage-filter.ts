import { Buffer } from 'node:buffer'
import { removeField } from './body-edits.ts'
import { LONGEST_HELD_BYTES } from './line-gate.ts'
import { rawValue, type ScannedField, scanObject } from './object-scan.ts'
import { findUsage } from './usage-search.ts'

const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const DATA = [0x64, 0x61, 0x74, 0x61, 0x3a]
const NOTHING: Uint8Array = new Uint8Array(0)

/** Bytes of a chunk that are not passed on. */
interface Range {
  readonly start: number
  readonly end: number
}

/** How the client stands to what comes. */
export interface Passing {
  /** It is a piece of a line that is not over. */
  readonly isPartial: boolean
  /** What went before it belongs to an event that is not over. */
  readonly isInsideEvent: boolean
}

/**
 * Takes out of an OpenAI stream what it holds only because the gateway asked for counts: the event with no choices, and
 * the empty `usage` that the other events have then. Counts that come with text were not asked for, and stay. Lines
 * that may come in pieces stay as they are, or what is passed on would depend on where they are cut.
 */
export class UsageFilter {
  #wasPartial = false
  /** The line that ended the event taken out is yet to come. */
  #awaitsBlank = false

  /** What the client gets of whole lines, or of a piece of one. */
  push(chunk: Uint8Array, { isPartial, isInsideEvent }: Passing): Uint8Array {
    const start = this.#wasPartial ? lineEnd(chunk, 0) : 0
    this.#wasPartial = isPartial
    if (isPartial) this.#awaitsBlank = false
    if (isPartial || (!this.#awaitsBlank && findUsage(chunk) < 0)) return chunk
    return without(chunk, this.#removals(chunk, { start, isFirst: start === 0 && !isInsideEvent }))
  }

  #removals(chunk: Uint8Array, from: { readonly start: number; readonly isFirst: boolean }): Range[] {
    const removals: Range[] = []
    let { start, isFirst } = from
    while (start < chunk.length) {
      const line = { start, end: lineEnd(chunk, start) }
      const isBlank = isBlankLine(chunk, line)
      const removal = this.#awaitsBlank && isBlank ? line : removalOf(chunk, line)
      // An event whose first line has passed needs its end.
      this.#awaitsBlank = removal === line && !isBlank && isFirst
      if (removal !== undefined) removals.push(removal)
      isFirst = isBlank
      start = line.end
    }
    return removals
  }
}

/** Of one line with its newline. */
function removalOf(chunk: Uint8Array, line: Range): Range | undefined {
  const jsonStart = dataStart(chunk, line)
  if (jsonStart === undefined || line.end - line.start > LONGEST_HELD_BYTES) return undefined
  const json = chunk.subarray(jsonStart, line.end)
  if (findUsage(json) < 0) return undefined
  const { usage, choices } = fieldsOf(json)
  if (usage === undefined) return undefined
  if (usage.type === 'object' && hasNoItems(json, choices)) return line
  if (!isEmptyUsage(json, usage)) return undefined
  const { start, end } = removeField(json, usage)
  return { start: jsonStart + start, end: jsonStart + end }
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

function isBlankLine(chunk: Uint8Array, { start, end }: Range): boolean {
  const length = end - start
  return chunk[end - 1] === NEWLINE && (length === 1 || (length === 2 && chunk[start] === RETURN))
}

/** Behind the newline. */
function lineEnd(chunk: Uint8Array, from: number): number {
  const newline = chunk.indexOf(NEWLINE, from)
  return newline < 0 ? chunk.length : newline + 1
}

function without(chunk: Uint8Array, removals: readonly Range[]): Uint8Array {
  const kept: Uint8Array[] = []
  let at = 0
  for (const { start, end } of removals) {
    if (start > at) kept.push(chunk.subarray(at, start))
    at = end
  }
  if (at < chunk.length) kept.push(chunk.subarray(at))
  const only = kept[0] ?? NOTHING
  return kept.length > 1 ? Buffer.concat(kept) : only
}
