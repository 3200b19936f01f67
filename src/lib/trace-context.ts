import { headerValue, headerValues, type RawHeaders } from './raw-headers.ts'

/** Where an exchange stands in a trace that others may see more of: W3C Trace Context, level 1. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string
  /** Of the exchange, 16 hex digits: the parent of whatever an upstream does. */
  readonly spanId: string
  /** Of what sent the request; null: the trace begins here. */
  readonly parentId: string | null
  readonly sampled: boolean
  /** Of other tracing systems, as it came. */
  readonly state: string | null
}

/** Reads the context of a request, or begins a trace where it has none that is valid. */
export type BeginTrace = (headers: RawHeaders) => TraceContext

export interface TraceContextDeps {
  /** Hex digits that cannot be foreseen. */
  takeHex(digits: number): string
  /** Whether it shall be recorded; `parent` is what the caller has decided, null where it said nothing. */
  samples(traceId: string, parent: boolean | null): boolean
}

/** Section 3.2.2: a version to come may add fields behind, never `ff`. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)
const MAX_STATE_LENGTH = 512
const MAX_STATE_MEMBERS = 32

export function createBeginTrace({ takeHex, samples }: TraceContextDeps): BeginTrace {
  return (headers) => {
    const parent = readParent(headers)
    const spanId = takeHex(16)
    if (parent === null) {
      const traceId = takeHex(32)
      return { traceId, spanId, parentId: null, sampled: samples(traceId, null), state: null }
    }
    const { traceId, parentId, sampled } = parent
    return { traceId, spanId, parentId, sampled: samples(traceId, sampled), state: readState(headers) }
  }
}

/** Writes the context into the headers of a request that is sent on. */
export function addTraceHeaders(headers: string[], { traceId, spanId, sampled, state }: TraceContext): void {
  headers.push('traceparent', `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`)
  if (state !== null) headers.push('tracestate', state)
}

interface Parent {
  readonly traceId: string
  readonly parentId: string
  readonly sampled: boolean
}

/** Null: there is none, or one that section 4.3 tells to take for none. */
function readParent(headers: RawHeaders): Parent | null {
  const value = headerValue(headers, 'traceparent')
  if (value === undefined || headerValues(headers, 'traceparent').length > 1) return null
  const [, traceId = NO_TRACE, parentId = NO_SPAN, flags = '', more] = TRACEPARENT.exec(value) ?? []
  if (traceId === NO_TRACE || parentId === NO_SPAN) return null
  if (more !== undefined && value.startsWith('00')) return null
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** What is too long or no text is dropped, and with it nothing of the trace (section 3.3.1.5). */
function readState(headers: RawHeaders): string | null {
  const values = headerValues(headers, 'tracestate')
  if (values.length === 0) return null
  const state = values.filter((value) => value !== '').join(',')
  const isFit = /^[\x20-\x7e\t]+$/.test(state) && state.length <= MAX_STATE_LENGTH
  return isFit && state.split(',').length <= MAX_STATE_MEMBERS ? state : null
}

const POOL_BYTES = 4096

/** Hex digits out of a pool that is filled seldom: to draw a few bytes costs as much as to draw thousands. */
export function createHexPool(randomHex: (bytes: number) => string): (digits: number) => string {
  let pool = ''
  let used = 0
  return (digits) => {
    if (used + digits > pool.length) {
      pool = randomHex(POOL_BYTES)
      used = 0
    }
    used += digits
    return pool.slice(used - digits, used)
  }
}
