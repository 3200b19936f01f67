import type { RawHeaders } from '../../src/lib/raw-headers.ts'
import type { Attempt, ResponseSink, Upstream, UpstreamError, UpstreamRequest } from '../../src/proxy/upstream.ts'

export interface Recorded {
  readonly attempt: Attempt
  /** `accepted`, `info 103`, `head 200`, `data`, `end`, `fail reset maybe`, `released`; runs of `data` as one. */
  events(): readonly string[]
  /** The body so far. */
  text(): string
  error(): UpstreamError | undefined
  head(): { readonly status: number; readonly headers: RawHeaders } | undefined
  trailers(): RawHeaders | undefined
  /** Resolves with the events once `released` was called. */
  readonly released: Promise<readonly string[]>
  until(event: string): Promise<void>
  /** What breaks the order that `ResponseSink` promises, in words. */
  violations(): readonly string[]
}

export interface SinkScript {
  /** Called with each event as it happens, from inside the callback. */
  on?(event: string, attempt: Attempt): void
  /** What `data` returns. */
  room?(): boolean
}

const ORDER = /^(accepted )?(info )*(head (data )*)?(end |fail )(released )$/

/** Sends a request and keeps record of everything its sink hears. */
export function record(upstream: Upstream, request: UpstreamRequest, script: SinkScript = {}): Recorded {
  const events: string[] = []
  const words: string[] = []
  const violations: string[] = []
  const waiting: { event: string; resolve: () => void }[] = []
  const chunks: Uint8Array[] = []
  let returned = false
  let abortedAt: number | undefined
  let error: UpstreamError | undefined
  let head: { status: number; headers: RawHeaders } | undefined
  let trailers: RawHeaders | undefined
  let release: (events: readonly string[]) => void = () => undefined
  const released = new Promise<readonly string[]>((resolve) => (release = resolve))

  function heard(event: string): void {
    const [word = ''] = event.split(' ')
    if (!returned) violations.push(`"${event}" before send returned`)
    if (events.includes('released')) violations.push(`"${event}" after released`)
    if (abortedAt !== undefined && word !== 'released') violations.push(`"${event}" after abort`)
    if (word !== 'data' || words.at(-1) !== 'data') events.push(event)
    words.push(word)
    for (const each of waiting) if (each.event === event || each.event === word) each.resolve()
    if (returned) script.on?.(event, attempt)
    if (word === 'released') release(events)
  }

  const sink: ResponseSink = {
    accepted: () => heard('accepted'),
    info: (status) => heard(`info ${status}`),
    head(status, headers) {
      head = { status, headers }
      heard(`head ${status}`)
    },
    data(chunk) {
      chunks.push(chunk.slice())
      heard('data')
      return script.room?.() ?? true
    },
    end(given) {
      trailers = given
      heard('end')
    },
    fail(given) {
      error = given
      heard(`fail ${given.kind} ${given.executed}`)
    },
    released: () => heard('released'),
  }
  const inner = upstream.send(request, sink)
  returned = true
  const attempt: Attempt = {
    abort(reason) {
      abortedAt ??= words.length
      inner.abort(reason)
    },
    resume: () => inner.resume(),
  }
  return {
    attempt,
    events: () => events,
    text: () => Buffer.concat(chunks).toString(),
    error: () => error,
    head: () => head,
    trailers: () => trailers,
    released,
    until: (event) =>
      new Promise((resolve) => {
        if (events.includes(event) || words.includes(event)) resolve()
        else waiting.push({ event, resolve })
      }),
    violations: () => [...violations, ...orderViolations(words, abortedAt)],
  }
}

function orderViolations(words: readonly string[], abortedAt: number | undefined): string[] {
  const said = words.map((word) => `${word} `).join('')
  if (words.filter((word) => word === 'released').length !== 1) return [`released not exactly once: ${said}`]
  if (abortedAt === undefined) return ORDER.test(said) ? [] : [`out of order: ${said}`]
  return said.endsWith('released ') ? [] : [`released is not last: ${said}`]
}
