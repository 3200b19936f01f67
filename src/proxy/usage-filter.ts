import { Buffer } from 'node:buffer'
import { type Range, removalOf } from './usage-removal.ts'
import { findUsage } from './usage-search.ts'

const NEWLINE = 0x0a
const RETURN = 0x0d
const NOTHING: Uint8Array = new Uint8Array(0)

/** How the client stands to what comes. */
interface Passing {
  /** It is a piece of a line that is not over. */
  readonly isPartial: boolean
  /** What went before it belongs to an event that is not over. */
  readonly isInsideEvent: boolean
}

/**
 * Takes out of an OpenAI stream what it holds only because the gateway asked for counts: the event with no choices, and
 * the empty `usage` that the other events have then. Counts that come with text were not asked for, and stay.
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
