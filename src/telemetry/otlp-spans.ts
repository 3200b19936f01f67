import type { ExchangeRecord, TraceStep } from '../proxy/exchange-record.ts'

/** A span as OTLP has it in JSON (opentelemetry-proto, trace.proto): ids in hex, 64-bit numbers as text. */
export interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly OtlpAttribute[]
  readonly status: { readonly code: number; readonly message?: string }
}

export interface OtlpAttribute {
  readonly key: string
  readonly value: { readonly stringValue: string } | { readonly intValue: string }
}

const INTERNAL = 1
const SERVER = 2
const CLIENT = 3
const UNSET = 0
const ERROR = 2

/** The spans of a sampled exchange: itself, and under it each wait for a place and each attempt. */
export function otlpSpans(record: ExchangeRecord, takeHex: (digits: number) => string): OtlpSpan[] {
  const { trace, steps } = record
  if (trace === null || steps === null) return []
  const { traceId, spanId } = trace
  return [
    exchangeSpan(record, trace),
    ...steps.map((step, place) => ({
      traceId,
      spanId: takeHex(16),
      parentSpanId: spanId,
      ...stepFacts(step),
      ...timesOf(record, step.startMs, step.endMs),
      // What was followed by another attempt came to nothing.
      status: { code: step.upstream !== null && hasFailed(record, place) ? ERROR : UNSET },
    })),
  ]
}

function exchangeSpan(record: ExchangeRecord, trace: NonNullable<ExchangeRecord['trace']>): OtlpSpan {
  const { method, route, status, error, ending } = record
  const isError = status >= 500 || ending === 'upstream-failed' || ending === 'timed-out'
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    ...(trace.parentId === null ? {} : { parentSpanId: trace.parentId }),
    ...(trace.state === null ? {} : { traceState: trace.state }),
    name: route === null ? method : `${method} ${route}`,
    kind: SERVER,
    ...timesOf(record, 0, record.totalMs),
    attributes: attributes({
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
      'error.type': error,
      'gen_ai.request.model': record.modelAsked,
      'gen_ai.response.model': record.model,
      'gen_ai.usage.input_tokens': record.promptTokens,
      'gen_ai.usage.output_tokens': record.completionTokens,
      'corral.request_id': record.id,
      'corral.dialect': record.dialect,
      'corral.upstream': record.upstream,
      'corral.attempts': record.attempts,
      'corral.ending': ending,
    }),
    status: isError ? { code: ERROR, ...(error === null ? {} : { message: error }) } : { code: UNSET },
  }
}

function stepFacts({ upstream }: TraceStep): Pick<OtlpSpan, 'name' | 'kind' | 'attributes'> {
  if (upstream === null) return { name: 'queue', kind: INTERNAL, attributes: [] }
  return { name: 'attempt', kind: CLIENT, attributes: attributes({ 'corral.upstream': upstream }) }
}

function hasFailed({ steps, ending }: ExchangeRecord, place: number): boolean {
  return place < (steps?.length ?? 0) - 1 || ending === 'upstream-failed' || ending === 'timed-out'
}

function timesOf(
  { time }: ExchangeRecord,
  startMs: number,
  endMs: number,
): Pick<OtlpSpan, 'startTimeUnixNano' | 'endTimeUnixNano'> {
  const nano = (ms: number): string => String(BigInt(Math.round(time)) * 1_000_000n + BigInt(Math.round(ms * 1e6)))
  return { startTimeUnixNano: nano(startMs), endTimeUnixNano: nano(endMs) }
}

function attributes(facts: Readonly<Record<string, string | number | null>>): OtlpAttribute[] {
  return Object.entries(facts).flatMap(([key, value]) => {
    if (value === null) return []
    return { key, value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) } }
  })
}
