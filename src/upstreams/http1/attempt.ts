import { Buffer } from 'node:buffer'
import type { RawHeaders } from '../../lib/raw-headers.ts'
import type {
  Attempt,
  BodyControl,
  BodyFailure,
  BodyStream,
  ResponseSink,
  UpstreamError,
  UpstreamRequest,
} from '../../proxy/upstream.ts'
import type { Connection, ConnectionUser } from './connection.ts'
import type { ConnectionPool } from './connection-pool.ts'

/** A kept connection that breaks this soon after a request was written was closed before the request reached it. */
const STALE_WITHIN_MS = 1000
/** Ollama answers the upload of a blob it has without reading it; it is asked before the bytes are sent. */
const CONTINUE_WAIT_MS = 1000
/** Up to this a body travels in one write with its head. */
const SMALL_BODY = 16 * 1024

/** One request on one connection, and on a fresh one where the first was stale. */
export class Http1Attempt implements Attempt, ConnectionUser {
  readonly #pool: ConnectionPool
  readonly #request: UpstreamRequest
  readonly #head: string
  readonly #sink: ResponseSink
  #connection: Connection
  #writtenAt = 0
  #accepted = false
  #answered = false
  #over = false
  #upload: BodyControl | null = null
  /** Whether the upstream still waits for bytes of the body: then the connection carries no other request. */
  #uploadPending = false
  #continueTimer: ReturnType<typeof setTimeout> | undefined

  /** `head`: request line and headers up to and with the empty line. */
  constructor(
    pool: ConnectionPool,
    sent: { readonly request: UpstreamRequest; readonly head: string },
    sink: ResponseSink,
  ) {
    this.#pool = pool
    this.#request = sent.request
    this.#head = sent.head
    this.#sink = sink
    // One that was kept may be closed already, which is told apart from a server that died by asking again.
    this.#connection = pool.take(sent.request.once === true)
    this.#start()
  }

  abort(): void {
    if (this.#over) return
    this.#close()
    this.#connection.destroy()
    queueMicrotask(() => this.#sink.released())
  }

  resume(): void {
    if (!this.#over) this.#connection.socket.resume()
  }

  connected(): void {
    if (!this.#accepted) this.#sink.accepted()
    this.#accepted = true
    if (!this.#over) this.#write()
  }

  drained(): void {
    this.#upload?.resume()
  }

  info(status: number, headers: RawHeaders): void {
    if (this.#over) return
    if (status === 100) this.#startUpload()
    else this.#sink.info(status, headers)
  }

  head(status: number, headers: RawHeaders): void {
    if (this.#over) return
    this.#answered = true
    clearTimeout(this.#continueTimer)
    this.#sink.head(status, headers)
  }

  data(chunk: Uint8Array): void {
    if (this.#over) return
    if (!this.#sink.data(chunk) && !this.#over) this.#connection.socket.pause()
  }

  end(trailers: RawHeaders, reusable: boolean): void {
    if (this.#over) return
    const connection = this.#connection
    const reuse = reusable && !this.#uploadPending
    this.#close()
    connection.leave()
    if (reuse) {
      connection.socket.resume()
      this.#pool.put(connection)
    } else {
      connection.destroy()
    }
    this.#sink.end(trailers.length === 0 ? undefined : trailers)
    this.#sink.released()
  }

  malformed(reason: string): void {
    this.#fail({ kind: 'bad-response', executed: 'maybe', cause: new Error(`The upstream sent ${reason}`) })
  }

  gone(cause: Error | null): void {
    if (this.#over) return
    if (this.#connection.connecting) {
      this.#fail({ kind: 'unreachable', executed: 'no', cause })
      return
    }
    if (this.#wasStale()) {
      clearTimeout(this.#continueTimer)
      this.#connection = this.#pool.take(true)
      this.#start()
      return
    }
    this.#fail({ kind: 'reset', executed: 'maybe', cause })
  }

  #start(): void {
    const connection = this.#connection
    connection.use(this, this.#request.method)
    if (connection.connecting) return
    queueMicrotask(() => {
      if (!this.#over && this.#connection === connection && !connection.closed) this.connected()
    })
  }

  #wasStale(): boolean {
    return (
      this.#connection.served > 0 &&
      !this.#connection.heard &&
      this.#upload === null &&
      performance.now() - this.#writtenAt < STALE_WITHIN_MS
    )
  }

  #write(): void {
    const { body } = this.#request
    const { socket } = this.#connection
    this.#writtenAt = performance.now()
    if (isStream(body)) {
      this.#uploadPending = true
      socket.write(this.#head, 'latin1')
      this.#continueTimer = setTimeout(() => this.#startUpload(), CONTINUE_WAIT_MS)
      return
    }
    writeWhole(socket, this.#head, body)
  }

  #startUpload(): void {
    const { body } = this.#request
    clearTimeout(this.#continueTimer)
    if (this.#upload !== null || !isStream(body) || this.#over || this.#answered) return
    const { socket } = this.#connection
    const chunked = body.length === undefined
    let cut = false
    this.#upload = body.start({
      data: (chunk) => {
        cut ||= this.#over || this.#answered
        if (cut) return true
        if (!chunked) return socket.write(chunk)
        socket.cork()
        socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
        socket.write(chunk)
        const room = socket.write('\r\n', 'latin1')
        socket.uncork()
        return room
      },
      end: () => {
        if (cut || this.#over) return
        this.#uploadPending = false
        if (chunked) socket.write('0\r\n\r\n', 'latin1')
      },
      fail: (reason) => this.#fail(bodyFailed(reason)),
    })
  }

  #fail(error: UpstreamError): void {
    if (this.#over) return
    this.#close()
    this.#connection.destroy()
    this.#sink.fail(error)
    this.#sink.released()
  }

  #close(): void {
    this.#over = true
    clearTimeout(this.#continueTimer)
    this.#upload?.stop()
  }
}

function bodyFailed(reason: BodyFailure | undefined): UpstreamError {
  return { kind: 'body-failed', executed: 'maybe', ...(reason === undefined ? {} : { bodyFailure: reason }) }
}

function isStream(body: UpstreamRequest['body']): body is BodyStream {
  return body !== null && !Array.isArray(body)
}

function writeWhole(socket: Connection['socket'], head: string, body: readonly Uint8Array[] | null): void {
  const only = body?.length === 1 ? body[0] : undefined
  if (body === null || body.length === 0) {
    socket.write(head, 'latin1')
  } else if (only !== undefined && only.length <= SMALL_BODY) {
    const packet = Buffer.allocUnsafe(head.length + only.length)
    packet.write(head, 0, 'latin1')
    packet.set(only, head.length)
    socket.write(packet)
  } else {
    socket.cork()
    socket.write(head, 'latin1')
    for (const chunk of body) socket.write(chunk)
    socket.uncork()
  }
}
