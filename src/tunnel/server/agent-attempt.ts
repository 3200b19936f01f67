import type {
  AbortReason,
  Attempt,
  BodyControl,
  BodyFailure,
  BodyStream,
  ResponseSink,
  UpstreamError,
  UpstreamRequest,
} from '../../proxy/upstream.ts'
import { deafSink } from '../../lib/deaf-sink.ts'
import type { RawHeaders } from '../../lib/raw-headers.ts'
import type { RequestHead, StreamFrame } from '../wire/frame.ts'
import type { LinkStream, StreamReceiver } from '../wire/link.ts'
import { errorOfReset } from './reset-error.ts'

/** How long an agent may take to say that it owns a request; not how long its Ollama may take to answer. */
const ACCEPT_MS = 5_000
/** Ollama notices that nobody listens when it next writes, which may be after a long prompt. */
const CANCELLED_MS = 30_000

const NOTHING = new Uint8Array(0)
const NO_REQUEST: UpstreamRequest = { method: 'GET', target: '/', headers: [], body: null }

export interface AgentAttemptDeps {
  startTimer(delayMs: number, run: () => void): () => void
  /** The stream is not used any more. */
  over(): void
}

/**
 * `sent` waits for the agent's ACCEPT; `owned` for its answer; `cancelling` for its word that Ollama has stopped;
 * `ended` has heard the last of it, though the reader may have to take some bytes still.
 */
type State = 'sent' | 'owned' | 'cancelling' | 'ended'

/** One request on a stream of an agent's link. */
export class AgentAttempt implements Attempt, StreamReceiver {
  #request: UpstreamRequest
  #sink: ResponseSink
  readonly #deps: AgentAttemptDeps
  #stream: LinkStream | undefined
  #state: State = 'sent'
  #upload: BodyControl | null = null
  /** The reader has no room: what arrives waits here, bounded by the stream's credit. */
  #paused = false
  #waiting: Uint8Array[] = []
  #untaken = 0
  /** What is said once the reader has taken all bytes. */
  #lastWord: (() => void) | null = null
  #cancelTimer: () => void

  constructor(request: UpstreamRequest, sink: ResponseSink, deps: AgentAttemptDeps) {
    this.#request = request
    this.#sink = sink
    this.#deps = deps
    this.#cancelTimer = deps.startTimer(ACCEPT_MS, () => this.#unaccepted())
  }

  start(stream: LinkStream): void {
    this.#stream = stream
    const { body } = this.#request
    const chunks = isChunks(body) ? body.filter((chunk) => chunk.length > 0) : []
    const isEmpty = body === null || (isChunks(body) && chunks.length === 0)
    stream.send({ type: 'request', request: headOf(this.#request), end: isEmpty })
    for (const [index, chunk] of chunks.entries()) stream.data(chunk, index === chunks.length - 1)
  }

  abort(_reason: AbortReason): void {
    if (this.#state === 'cancelling') return
    if (this.#state === 'ended') {
      this.#forgetWaiting()
      if (this.#lastWord === null) return
      this.#lastWord = null
      queueMicrotask(() => this.#letGo())
      return
    }
    this.#cancel('CANCEL', 'nobody waits for it')
  }

  resume(): void {
    this.#paused = false
    this.#giveCredit()
    while (!this.#paused) {
      const chunk = this.#waiting.shift()
      if (chunk === undefined) break
      this.#pass(chunk)
    }
    if (!this.#paused) this.#sayLastWord()
  }

  drained(): void {
    this.#upload?.resume()
  }

  frame(frame: StreamFrame): void {
    if (this.#state === 'ended') return
    if (this.#state === 'cancelling') {
      // Whatever ends it, the agent is done with it.
      if (frame.type === 'cancelled' || frame.type === 'reset' || isEnd(frame)) this.#released()
      else if (frame.type === 'data') this.#stream?.taken(frame.bytes.length)
      return
    }
    switch (frame.type) {
      case 'accept':
        return this.#accepted()
      case 'info':
        return this.#sink.info(frame.status, frame.headers)
      case 'response':
        this.#accepted()
        if (this.#state === 'owned') this.#sink.head(frame.status, frame.headers)
        if (frame.end) this.#heardEnd()
        return
      case 'data':
        this.#data(frame.bytes)
        if (frame.end) this.#heardEnd()
        return
      case 'trailers':
        return this.#ended(frame.headers)
      case 'reset':
        return this.#failed(errorOfReset(frame))
      case 'cancelled':
      case 'request':
        return this.#failed({ kind: 'bad-response', executed: 'maybe', cause: new Error(`An odd ${frame.type} frame`) })
    }
  }

  /** The link is gone, and the agent stops what it does for it. */
  linkLost(cause: Error): void {
    if (this.#state === 'cancelling') return this.#released()
    if (this.#state !== 'ended') this.#failed({ kind: 'reset', executed: 'maybe', cause })
  }

  #accepted(): void {
    if (this.#state !== 'sent') return
    this.#state = 'owned'
    this.#cancelTimer()
    this.#sink.accepted()
    const { body } = this.#request
    // Not before: bytes that are read once must not go to an agent that may be gone.
    if (isStream(body)) this.#startUpload(body)
  }

  #startUpload(body: BodyStream): void {
    const stream = this.#stream
    this.#upload = body.start({
      data: (chunk) => this.#state !== 'owned' || stream === undefined || stream.data(chunk, false),
      end: () => {
        if (this.#state === 'owned') stream?.data(NOTHING, true)
      },
      fail: (reason) => this.#bodyFailed(reason),
    })
  }

  #bodyFailed(reason: BodyFailure | undefined): void {
    if (this.#state !== 'owned') return
    this.#cancel('BODY_FAILED', 'the body broke off')
    this.#sink.fail({
      kind: 'body-failed',
      executed: 'maybe',
      ...(reason === undefined ? {} : { bodyFailure: reason }),
    })
  }

  #unaccepted(): void {
    this.#cancel('CANCEL', 'it was not accepted in time')
    const cause = new Error(`The agent did not accept the request within ${ACCEPT_MS} ms`)
    this.#sink.fail({ kind: 'unreachable', executed: 'maybe', cause })
    // An agent that says nothing will not say when it has stopped either.
    this.#released()
  }

  #cancel(code: 'CANCEL' | 'BODY_FAILED', reason: string): void {
    this.#state = 'cancelling'
    this.#forgetWaiting()
    this.#stopUpload()
    this.#stream?.send({ type: 'reset', code, retrySafe: false, reason })
    this.#cancelTimer()
    this.#cancelTimer = this.#deps.startTimer(CANCELLED_MS, () => this.#released())
  }

  #released(): void {
    this.#close()
    this.#letGo()
  }

  /** Whoever holds this attempt a little longer shall not hold the exchange with it. */
  #letGo(): void {
    const sink = this.#sink
    this.#sink = deafSink
    this.#request = NO_REQUEST
    sink.released()
  }

  #data(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (this.#paused) this.#waiting.push(bytes)
    else this.#pass(bytes)
  }

  #pass(bytes: Uint8Array): void {
    this.#untaken += bytes.length
    this.#paused = !this.#sink.data(bytes)
    if (!this.#paused) this.#giveCredit()
  }

  #giveCredit(): void {
    if (this.#untaken > 0) this.#stream?.taken(this.#untaken)
    this.#untaken = 0
  }

  /** Whoever heard the frame may have aborted from inside it. */
  #heardEnd(): void {
    if (this.#state === 'cancelling') this.#released()
    else this.#ended()
  }

  #ended(trailers?: RawHeaders): void {
    this.#close()
    this.#lastWord = () => {
      if (trailers === undefined) this.#sink.end()
      else this.#sink.end(trailers)
      this.#letGo()
    }
    if (!this.#paused) this.#sayLastWord()
  }

  #failed(error: UpstreamError): void {
    this.#close()
    this.#lastWord = () => {
      this.#sink.fail(error)
      this.#letGo()
    }
    if (!this.#paused) this.#sayLastWord()
  }

  #sayLastWord(): void {
    const say = this.#lastWord
    this.#lastWord = null
    say?.()
  }

  #stopUpload(): void {
    this.#upload?.stop()
    this.#upload = null
  }

  #forgetWaiting(): void {
    this.#waiting = []
  }

  #close(): void {
    this.#state = 'ended'
    this.#cancelTimer()
    this.#stopUpload()
    this.#stream?.release()
    this.#stream = undefined
    this.#deps.over()
  }
}

function headOf(request: UpstreamRequest): RequestHead {
  const { method, target, headers, body, once = false } = request
  return { method, target, headers, length: lengthOf(body), once }
}

function lengthOf(body: UpstreamRequest['body']): number | null {
  if (body === null) return null
  return isChunks(body) ? body.reduce((sum, chunk) => sum + chunk.length, 0) : (body.length ?? null)
}

function isChunks(body: UpstreamRequest['body']): body is readonly Uint8Array[] {
  return Array.isArray(body)
}

function isStream(body: UpstreamRequest['body']): body is BodyStream {
  return body !== null && !Array.isArray(body)
}

function isEnd(frame: StreamFrame): boolean {
  return frame.type === 'trailers' || ((frame.type === 'response' || frame.type === 'data') && frame.end)
}
