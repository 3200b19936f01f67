import { createEventReader, type ServerEvent } from './event-reader.ts'

export type StreamState = 'connecting' | 'open' | 'lost'

export interface EventStreamOptions {
  readonly url: string
  onEvent(event: ServerEvent): void
  onState(state: StreamState): void
  /** The gateway answers, but with an error; true: do not try again. */
  onRefused(status: number): boolean
}

export interface EventStream {
  close(): void
}

/** The gateway sends a comment every 15 seconds: after this much silence the line is dead, whatever the browser thinks. */
const SILENCE_MS = 35_000
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000

/** Reads a stream of events for as long as it is wanted, and connects again whenever it breaks off. */
export function openEventStream(options: EventStreamOptions): EventStream {
  const closed = new AbortController()
  void keepReading(options, closed.signal)
  return { close: () => closed.abort() }
}

async function keepReading(options: EventStreamOptions, closed: AbortSignal): Promise<void> {
  let waitMs = FIRST_WAIT_MS
  options.onState('connecting')
  while (!closed.aborted) {
    const outcome = await readOnce(options, closed)
    if (closed.aborted || outcome === 'refused') return
    options.onState('lost')
    waitMs = outcome === 'was-open' ? FIRST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS)
    await pause(waitMs, closed)
  }
}

type Outcome = 'was-open' | 'never-open' | 'refused'

async function readOnce({ url, ...heard }: EventStreamOptions, closed: AbortSignal): Promise<Outcome> {
  const watch = watchSilence(closed)
  let outcome: Outcome = 'never-open'
  try {
    const response = await fetch(url, { signal: watch.signal, credentials: 'same-origin', cache: 'no-store' })
    if (!response.ok) return heard.onRefused(response.status) ? 'refused' : outcome
    if (response.body === null) return outcome
    outcome = 'was-open'
    heard.onState('open')
    const events = createEventReader()
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
      watch.heard()
      for (const event of events.read(piece.value)) heard.onEvent(event)
    }
  } catch {
    // Broken off, silent for too long, or closed: whoever called sees which.
  } finally {
    watch.end()
  }
  return outcome
}

function watchSilence(closed: AbortSignal) {
  const silent = new AbortController()
  let timer = setTimeout(() => silent.abort(), SILENCE_MS)
  return {
    signal: AbortSignal.any([closed, silent.signal]),
    heard() {
      clearTimeout(timer)
      timer = setTimeout(() => silent.abort(), SILENCE_MS)
    },
    end: () => clearTimeout(timer),
  }
}

function pause(ms: number, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    closed.addEventListener('abort', done, { once: true })
    // Somebody who comes back to the page, or to the network, does not wait.
    document.addEventListener('visibilitychange', done, { once: true })
    window.addEventListener('online', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      closed.removeEventListener('abort', done)
      document.removeEventListener('visibilitychange', done)
      window.removeEventListener('online', done)
      resolve()
    }
  })
}
