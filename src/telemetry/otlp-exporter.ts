import type { Log } from '../lib/log.ts'
import type { TraceSpanCounts } from './metrics-sources.ts'
import type { OtlpSpan } from './otlp-spans.ts'

export interface OtlpExporter {
  /** Takes them into memory; never waits and never throws. */
  add(spans: readonly OtlpSpan[]): void
  counts(): TraceSpanCounts
  /** Sends what is there, once, and takes nothing any more. */
  close(): Promise<void>
}

export interface OtlpExporterDeps {
  /** Posts JSON; rejects where nobody answered in time. */
  post(body: string): Promise<{ readonly status: number; readonly text: string }>
  readonly service: { readonly name: string; readonly version: string }
  readonly log: Pick<Log, 'warn'>
}

const FLUSH_MS = 2000
/** Twice as long after each try. */
const RETRY_MS = 1000
const BATCH_SPANS = 512
const MAX_SPANS = 4096
const MAX_TRIES = 5
/** What the protocol tells to send again. */
const COME_BACK = new Set([429, 502, 503, 504])

/** Sends spans to a collector in batches; while nobody takes them they wait in memory, and the newest give way. */
export function createOtlpExporter(deps: OtlpExporterDeps): OtlpExporter {
  let waiting: OtlpSpan[] = []
  const counts = { exported: 0, dropped: 0 }
  let tries = 0
  let isTold = false
  let isClosed = false
  let timer: NodeJS.Timeout | null = null
  let sending: Promise<void> | null = null

  function schedule(delayMs: number): void {
    if (timer !== null || sending !== null || isClosed || waiting.length === 0) return
    timer = setTimeout(() => void flush(), delayMs).unref()
  }

  async function flush(): Promise<void> {
    if (timer !== null) clearTimeout(timer)
    timer = null
    sending = sendBatch()
    await sending
    sending = null
    if (tries > 0) schedule(RETRY_MS * 2 ** (tries - 1))
    else schedule(waiting.length < BATCH_SPANS ? FLUSH_MS : 0)
  }

  async function sendBatch(): Promise<void> {
    const batch = waiting.slice(0, BATCH_SPANS)
    if (batch.length === 0) return
    const { outcome, rejected, detail } = await send(batch, deps)
    tries = outcome === 'come-back' ? tries + 1 : 0
    if (outcome === 'taken') {
      isTold = false
      counts.exported += batch.length - rejected
      counts.dropped += rejected
    } else if (!isTold) {
      isTold = true
      deps.log.warn({ reason: detail }, 'The collector does not take the spans of traces; some will be dropped')
    }
    if (outcome === 'come-back' && tries < MAX_TRIES) return
    if (outcome !== 'taken') counts.dropped += batch.length
    tries = 0
    waiting = waiting.slice(batch.length)
  }

  return {
    add(spans) {
      if (isClosed || waiting.length + spans.length > MAX_SPANS) {
        counts.dropped += spans.length
        return
      }
      waiting.push(...spans)
      if (waiting.length >= BATCH_SPANS && sending === null && tries === 0) void flush()
      else schedule(FLUSH_MS)
    },
    counts: () => ({ ...counts }),
    async close() {
      isClosed = true
      if (timer !== null) clearTimeout(timer)
      await sending
      while (waiting.length > 0 && tries === 0) await sendBatch()
      counts.dropped += waiting.length
      waiting = []
    },
  }
}

interface Sent {
  readonly outcome: 'taken' | 'come-back' | 'refused'
  readonly rejected: number
  /** Why they were not taken. */
  readonly detail: string
}

async function send(batch: readonly OtlpSpan[], { post, service }: OtlpExporterDeps): Promise<Sent> {
  try {
    const { status, text } = await post(otlpRequest(batch, service))
    if (status >= 200 && status < 300) return { outcome: 'taken', rejected: rejectedSpans(text), detail: '' }
    return { outcome: COME_BACK.has(status) ? 'come-back' : 'refused', rejected: 0, detail: `status ${status}` }
  } catch (error) {
    return { outcome: 'come-back', rejected: 0, detail: error instanceof Error ? error.message : String(error) }
  }
}

function otlpRequest(spans: readonly OtlpSpan[], { name, version }: OtlpExporterDeps['service']): string {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } })
  const resource = { attributes: [text('service.name', name), text('service.version', version)] }
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'corral', version }, spans }] }] })
}

/** A collector may take a part, and says of how many it did not. */
function rejectedSpans(text: string): number {
  try {
    const answer = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: unknown } } | null
    const rejected = Number(answer?.partialSuccess?.rejectedSpans ?? 0)
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0
  } catch {
    return 0
  }
}
