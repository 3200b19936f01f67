import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import type { ClientPort, ClientRequest } from '../proxy/client-port.ts'
import type { Admitted, Watched } from '../proxy/proxy-request.ts'
import type { ExchangeTrace } from '../proxy/exchange-trace.ts'
import type { BodyStream } from '../proxy/upstream.ts'
import type { BodyCapture } from './body-capture.ts'

/** How the client saw the end: whole, broken off, or not at all. */
export type RecordedEnd = 'whole' | 'broken' | 'client-gone'

/** What passed between one client and the gateway, once it is over. */
export interface BodyRecording {
  readonly trace: ExchangeTrace
  readonly client: ClientRequest
  readonly status: number | null
  readonly end: RecordedEnd
  readonly request: RecordedBody
  readonly answer: RecordedBody
}

export interface RecordedBody {
  readonly capture: BodyCapture
  /** What it is where it is no text, and nothing of it was kept. */
  readonly unreadable: string | null
}

export interface RecordingDeps {
  createCapture(): BodyCapture
  over(recording: BodyRecording): void
}

/** The client and body of an exchange, with an eye on both. */
export function recordBodies(client: ClientPort, admitted: Admitted, deps: RecordingDeps): Watched {
  const { route, trace, body } = admitted
  const request: RecordedBody = { capture: deps.createCapture(), unreadable: unreadableRequest(route.body) }
  const recorded = new RecordedClient(client, deps.createCapture(), (end, status, answer) =>
    deps.over({ trace, client: client.request, status, end, request, answer }),
  )
  return { client: recorded, body: body === null ? null : tapped(body, request) }
}

function unreadableRequest(body: Admitted['route']['body']): string | null {
  if (body === 'multipart') return 'a form with files'
  return body === 'stream' ? 'an upload' : null
}

function tapped(body: BodyStream, { capture, unreadable }: RecordedBody): BodyStream {
  return {
    ...(body.length === undefined ? {} : { length: body.length }),
    start: (to) =>
      body.start({
        data(chunk) {
          if (unreadable === null) capture.add(chunk)
          else capture.count(chunk.length)
          return to.data(chunk)
        },
        end: () => to.end(),
        fail: (reason) => to.fail(reason),
      }),
  }
}

type Over = (end: RecordedEnd, status: number | null, answer: RecordedBody) => void

/** Passes everything on first and looks at it then. */
class RecordedClient implements ClientPort {
  readonly request: ClientRequest
  readonly #client: ClientPort
  readonly #capture: BodyCapture
  readonly #over: Over
  #status: number | null = null
  #unreadable: string | null = null
  #isOver = false

  constructor(client: ClientPort, capture: BodyCapture, over: Over) {
    this.request = client.request
    this.#client = client
    this.#capture = capture
    this.#over = over
  }

  info(status: number, headers: RawHeaders): void {
    this.#client.info(status, headers)
  }

  head(status: number, headers: RawHeaders): void {
    this.#status = status
    this.#unreadable = unreadableType(headerValue(headers, 'content-type'))
    this.#client.head(status, headers)
  }

  data(chunk: Uint8Array): boolean {
    const room = this.#client.data(chunk)
    if (!this.#isOver) {
      if (this.#unreadable === null) this.#capture.add(chunk)
      else this.#capture.count(chunk.length)
    }
    return room
  }

  end(trailers?: RawHeaders): void {
    this.#client.end(trailers)
    this.#end('whole')
  }

  reset(): void {
    this.#client.reset()
    this.#end('broken')
  }

  onDrain(listener: () => void): void {
    this.#client.onDrain(listener)
  }

  onGone(listener: () => void): void {
    this.#client.onGone(() => {
      listener()
      this.#end('client-gone')
    })
  }

  #end(end: RecordedEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#over(end, this.#status, { capture: this.#capture, unreadable: this.#unreadable })
  }
}

/** Its type, where that says that it is no text. */
function unreadableType(type: string | undefined): string | null {
  if (type === undefined || /^\s*(?:text\/|application\/(?:[\w.-]+\+)?(?:json|x-ndjson|xml)\b)/i.test(type)) return null
  return type.slice(0, 100)
}
