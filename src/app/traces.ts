import { randomBytes } from 'node:crypto'
import type { Log } from '../lib/log.ts'
import { type BeginTrace, createBeginTrace, createHexPool } from '../lib/trace-context.ts'
import { version } from '../lib/version.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import type { TraceSpanCounts } from '../telemetry/metrics-sources.ts'
import { createOtlpExporter } from '../telemetry/otlp-exporter.ts'
import { otlpSpans } from '../telemetry/otlp-spans.ts'
import { createSampler } from '../telemetry/sampler.ts'
import type { TraceSettings } from '../telemetry/settings.ts'

/** The trace of each exchange: the caller's, or one that begins here. */
export interface Traces {
  readonly begin: BeginTrace
  /** Whether the steps of sampled exchanges are wanted. */
  readonly follows: boolean
  record(record: ExchangeRecord): void
  /** Null: nothing is sent anywhere. */
  readonly counts: (() => TraceSpanCounts) | null
  close(): Promise<void>
}

/** Asked again and again by machines, and always answered. */
const QUIET: ReadonlySet<string> = new Set(['/livez', '/readyz', '/health', '/metrics'])
/** How long a collector has for one batch; at the end of the gateway too. */
const POST_MS = 3000

/** `settings` null: nothing is sent anywhere. */
export function createTraces(settings: TraceSettings | null, log: Log): Traces {
  const takeHex = createHexPool((bytes) => randomBytes(bytes).toString('hex'))
  if (settings === null) return passingTraces(takeHex)
  const post = (body: string): ReturnType<typeof postSpans> => postSpans(settings, body)
  const exporter = createOtlpExporter({ post, service: { name: settings.serviceName, version }, log })
  return {
    begin: createBeginTrace({ takeHex, samples: createSampler(settings.sampler, settings.ratio) }),
    follows: true,
    record(record) {
      if (!QUIET.has(record.route ?? '')) exporter.add(otlpSpans(record, takeHex))
    },
    counts: exporter.counts,
    close: exporter.close,
  }
}

/** Whether a trace is recorded is for others to say. */
function passingTraces(takeHex: (digits: number) => string): Traces {
  return {
    begin: createBeginTrace({ takeHex, samples: (_id, parent) => parent ?? false }),
    follows: false,
    record: () => {},
    counts: null,
    close: async () => {},
  }
}

async function postSpans({ url, headers }: TraceSettings, body: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: [
      ['content-type', 'application/json'],
      ...headers.map(([name, value]) => [name, value.reveal()] as [string, string]),
    ],
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(POST_MS),
  })
  return { status: response.status, text: await response.text() }
}
