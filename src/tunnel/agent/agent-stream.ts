import type { RawHeaders } from '../../lib/raw-headers.ts'
import type {
  Attempt,
  BodyControl,
  BodyReceiver,
  ResponseSink,
  Upstream,
  UpstreamError,
  UpstreamErrorKind,
  UpstreamRequest,
} from '../../proxy/upstream.ts'
import type { ResetCode } from '../wire/codes.ts'
import type { RequestHead, StreamFrame } from '../wire/frame.ts'
import type { LinkStream, StreamReceiver } from '../wire/link.ts'

/** Up to this a body is gathered and sent whole, as Ollama's own clients send it. */
const MAX_GATHERED_BYTES = 1024 * 1024

const NOTHING = new Uint8Array(0)

const codes: Readonly<Record<UpstreamErrorKind, ResetCode>> = {
  unreachable: 'UPSTREAM_CONNECT',
  reset: 'UPSTREAM_RESET',
  'bad-response': 'UPSTREAM_BAD_RESPONSE',
  'timed-out': 'UPSTREAM_TIMEOUT',
  'body-failed': 'BODY_FAILED',
  'refused-key': 'UPSTREAM_BAD_RESPONSE',
  forbidden: 'UPSTREAM_BAD_RESPONSE',
  refused: 'REFUSED',
}

/**
 * `gathering` collects a small body; `asking` has an attempt at the Ollama; `stopping` was told to stop and waits for the
 * Ollama's connection to be gone; `over` is over.
 */
type State = 'gathering' | 'asking' | 'stopping' | 'over'

/** One request of the gateway at the Ollama beside this agent. */
export class AgentStream implements StreamReceiver, ResponseSink {
  readonly #head: RequestHead
  readonly #upstream: Upstream
  readonly #over: () => void
  #stream: LinkStream | undefined
  #attempt: Attempt | undefined
  #state: State = 'gathering'
  #gathered: Uint8Array[] = []
  readonly #upload = new Upload()
  /** Whether the answer has said its last word on the wire. */
  #answered = false

  constructor(head: RequestHead, upstream: Upstream, over: () => void) {
    this.#head = head
    this.#upstream = upstream
    this.#over = over
  }

  /** `bodyEnded`: the request has none. */
  start(stream: LinkStream, bodyEnded: boolean): void {
    this.#stream = stream
    stream.send({ type: 'accept' })
    const { length } = this.#head
    if (bodyEnded) this.#ask(length === null ? null : [])
    else if (length === null || length > MAX_GATHERED_BYTES) this.#ask(this.#upload.stream(stream, length))
  }

  frame(frame: StreamFrame): void {
    if (this.#state === 'over') return
    switch (frame.type) {
      case 'data':
        return this.#data(frame.bytes, frame.end)
      case 'reset':
        this.#upload.failed()
        return this.#stop()
      default:
        // Nothing else is the gateway's to say.
        this.#reset('PROTOCOL', `a ${frame.type} frame`)
        return this.#stop()
    }
  }

  drained(): void {
    this.#attempt?.resume()
  }

  /** The link is gone: nobody hears another word. */
  linkLost(): void {
    this.#stream = undefined
    this.#upload.failed()
    this.#stop()
  }

  accepted(): void {}

  info(status: number, headers: RawHeaders): void {
    this.#say({ type: 'info', status, headers })
  }

  head(status: number, headers: RawHeaders): void {
    this.#say({ type: 'response', status, headers, end: false })
  }

  data(chunk: Uint8Array): boolean {
    return this.#state !== 'asking' || this.#stream === undefined || this.#stream.data(chunk, false)
  }

  end(trailers?: RawHeaders): void {
    if (trailers !== undefined) this.#say({ type: 'trailers', headers: trailers })
    else if (this.#state === 'asking') this.#stream?.data(NOTHING, true)
    this.#answered = true
  }

  fail(error: UpstreamError): void {
    const retrySafe = error.executed === 'no'
    if (this.#state === 'asking')
      this.#stream?.breakOff({ type: 'reset', code: codes[error.kind], retrySafe, reason: '' })
    this.#answered = true
  }

  released(): void {
    if (this.#state === 'stopping' && !this.#answered) this.#stream?.send({ type: 'cancelled' })
    this.#state = 'over'
    this.#stream?.finish()
    this.#stream = undefined
    this.#over()
  }

  #data(bytes: Uint8Array, end: boolean): void {
    if (this.#state !== 'gathering') {
      if (this.#state === 'asking') this.#upload.push(bytes, end)
      else this.#stream?.taken(bytes.length)
      return
    }
    if (bytes.length > 0) this.#gathered.push(bytes)
    this.#stream?.taken(bytes.length)
    const size = this.#gathered.reduce((sum, chunk) => sum + chunk.length, 0)
    if (size > (this.#head.length ?? 0) || (end && size !== this.#head.length)) {
      this.#reset('PROTOCOL', 'the body is not as long as it was said to be')
      this.#stop()
    } else if (end) {
      this.#ask(this.#gathered)
      this.#gathered = []
    }
  }

  #ask(body: UpstreamRequest['body']): void {
    this.#state = 'asking'
    const { method, target, headers, once } = this.#head
    this.#attempt = this.#upstream.send({ method, target, headers, body, once }, this)
  }

  #stop(): void {
    if (this.#state === 'stopping' || this.#state === 'over') return
    const wasAsking = this.#state === 'asking'
    this.#state = 'stopping'
    if (wasAsking) this.#attempt?.abort('client-gone')
    else this.released()
  }

  #say(frame: Exclude<StreamFrame, { type: 'data' }>): void {
    if (this.#state === 'asking') this.#stream?.send(frame)
  }

  #reset(code: ResetCode, reason: string): void {
    this.#stream?.send({ type: 'reset', code, retrySafe: false, reason })
    this.#answered = true
  }
}

/** A body that is passed on as it arrives. What has no room yet waits here, bounded by the stream's credit. */
class Upload {
  #to: BodyReceiver | undefined
  #link: LinkStream | undefined
  #waiting: Uint8Array[] = []
  #paused = false
  #ended = false
  #isOver = false

  stream(link: LinkStream, length: number | null): UpstreamRequest['body'] {
    this.#link = link
    const control: BodyControl = {
      resume: () => {
        this.#paused = false
        this.#pass()
      },
      stop: () => {
        this.#isOver = true
        this.#waiting = []
      },
    }
    return {
      ...(length === null ? {} : { length }),
      start: (to) => {
        this.#to = to
        queueMicrotask(() => this.#pass())
        return control
      },
    }
  }

  push(bytes: Uint8Array, end: boolean): void {
    this.#ended ||= end
    if (this.#isOver) return this.#link?.taken(bytes.length)
    if (bytes.length > 0) this.#waiting.push(bytes)
    this.#pass()
  }

  failed(): void {
    if (this.#isOver || this.#ended) return
    this.#isOver = true
    this.#to?.fail()
  }

  #pass(): void {
    const to = this.#to
    if (to === undefined) return
    while (!this.#paused && !this.#isOver) {
      const chunk = this.#waiting.shift()
      if (chunk === undefined) break
      this.#paused = !to.data(chunk)
      this.#link?.taken(chunk.length)
    }
    if (!this.#ended || this.#isOver || this.#paused || this.#waiting.length > 0) return
    this.#isOver = true
    to.end()
  }
}
