import { Buffer } from 'node:buffer'
import type { RawHeaders } from '../../lib/raw-headers.ts'
import type { ClientPort } from '../../proxy/client-port.ts'
import { isReached, nextSeq, parseBatch } from '../wire/batch.ts'
import type { Transport, TransportEvents } from '../wire/transport.ts'

/** An agent's link over an answer that never ends and POSTs that come beside it. */
export interface SseTransport extends Transport {
  readonly id: string
}

export interface SseSessions {
  /** Answers the request that brought the greeting with an event stream, and makes that a transport. */
  open(client: ClientPort, opening: SseOpening): SseTransport
  /** Takes what a POST brought for one of them. */
  receive(post: SsePost): SseReceipt
}

export interface SseOpening {
  readonly greeting: Uint8Array
  /** Whoever opens a session is the only one who may post to it. */
  readonly keyId: string
  /** Go with the answer. */
  readonly headers: RawHeaders
  /** Called once, when it has ended. */
  over(): void
}

export interface SsePost {
  readonly sessionId: string
  readonly keyId: string
  /** A batch, or the text `ping`. */
  readonly body: Uint8Array
}

export type SseReceipt =
  /** Everything up to here was taken, by this POST or by one before it. */
  | { readonly kind: 'taken'; readonly ack: number }
  /** A batch before this one is missing. */
  | { readonly kind: 'gap'; readonly expect: number }
  | { readonly kind: 'malformed'; readonly reason: string }
  /** It has ended, was never there, or is somebody else's. */
  | { readonly kind: 'gone' }

const HEAD = [
  ...['content-type', 'text/event-stream'],
  ...['cache-control', 'no-store, no-transform'],
  // nginx would gather the stream until a buffer is full.
  ...['x-accel-buffering', 'no'],
]
/** Some proxies pass nothing on before they have seen so much. */
const PREFACE = Buffer.from(`:${' '.repeat(2048)}\n\n`)
const GONE = 1006

export function createSseSessions({ randomId }: { randomId(): string }): SseSessions {
  const sessions = new Map<string, SseSession>()
  return {
    open(client, { greeting, keyId, headers, over }) {
      const id = randomId()
      const forget = (): void => {
        sessions.delete(id)
        over()
      }
      const session = new SseSession(client, { id, keyId, greeting, forget })
      sessions.set(id, session)
      session.begin(headers)
      return session
    },
    receive({ sessionId, keyId, body }) {
      const session = sessions.get(sessionId)
      return session === undefined || session.keyId !== keyId ? { kind: 'gone' } : session.receive(body)
    },
  }
}

interface SseTerms {
  readonly id: string
  readonly keyId: string
  readonly greeting: Uint8Array
  forget(): void
}

class SseSession implements SseTransport {
  readonly kind = 'sse'
  readonly id: string
  readonly keyId: string
  readonly #client: ClientPort
  readonly #forget: () => void
  #greeting: Uint8Array | null
  #events: TransportEvents | null = null
  #expected: number
  #buffered = 0
  #isFull = false
  #ending: { readonly code: number; readonly reason: string } | null = null

  constructor(client: ClientPort, { id, keyId, greeting, forget }: SseTerms) {
    this.#client = client
    this.id = id
    this.keyId = keyId
    this.#greeting = greeting
    this.#forget = forget
    const first = parseBatch(greeting)
    this.#expected = first.ok ? nextSeq(first.seq) : 1
  }

  begin(headers: RawHeaders): void {
    this.#client.onDrain(() => this.#drained())
    this.#client.onGone(() => this.#ended(GONE, 'The agent went away'))
    this.#client.head(200, [...HEAD, 'corral-session', this.id, ...headers])
    this.#write(PREFACE)
  }

  listen(events: TransportEvents): void {
    this.#events = events
    // Not before whoever listens has finished building what listens.
    queueMicrotask(() => this.#greet())
  }

  send(batch: Uint8Array): void {
    const { buffer, byteOffset, byteLength } = batch
    const seq = Buffer.from(buffer, byteOffset, 4).readUInt32BE(0)
    this.#write(`id: ${seq}\ndata: ${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}\n\n`)
  }

  sendText(text: 'ping' | 'pong'): void {
    this.#write(`: ${text}\n\n`)
  }

  buffered(): number {
    return this.#buffered
  }

  close(code: number, reason: string): void {
    if (this.#ending !== null) return
    this.#write(`event: close\ndata: ${code} ${reason.replace(/[\r\n]+/g, ' ')}\n\n`)
    // A stream that nobody reads would hold the answer until the agent is gone.
    if (this.#isFull) this.#client.reset()
    else this.#client.end()
    this.#ended(code, reason)
  }

  receive(body: Uint8Array): SseReceipt {
    const text = textOf(body)
    if (text !== undefined) {
      this.#events?.text(text)
      return { kind: 'taken', ack: this.#last }
    }
    const batch = parseBatch(body)
    if (!batch.ok) return { kind: 'malformed', reason: batch.reason }
    if (batch.seq !== this.#expected) {
      return isReached(batch.seq, this.#last)
        ? { kind: 'taken', ack: this.#last }
        : { kind: 'gap', expect: this.#expected }
    }
    this.#expected = nextSeq(batch.seq)
    this.#events?.batch(body)
    return { kind: 'taken', ack: this.#last }
  }

  get #last(): number {
    return (this.#expected - 1) >>> 0
  }

  #greet(): void {
    const greeting = this.#greeting
    this.#greeting = null
    if (this.#ending !== null) this.#events?.closed(this.#ending.code, this.#ending.reason)
    else if (greeting !== null) this.#events?.batch(greeting)
  }

  #write(text: string | Uint8Array): void {
    if (this.#ending !== null) return
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
    if (!this.#client.data(bytes)) this.#isFull = true
    if (this.#isFull) this.#buffered += bytes.length
  }

  #drained(): void {
    this.#isFull = false
    this.#buffered = 0
    if (this.#ending === null) this.#events?.drained()
  }

  /** Before the greeting was delivered, `closed` is told in its place. */
  #ended(code: number, reason: string): void {
    if (this.#ending !== null) return
    this.#ending = { code, reason }
    this.#forget()
    if (this.#greeting === null) this.#events?.closed(code, reason)
  }
}

function textOf(body: Uint8Array): 'ping' | 'pong' | undefined {
  if (body.length !== 4) return undefined
  const text = Buffer.from(body).toString('latin1')
  return text === 'ping' || text === 'pong' ? text : undefined
}
