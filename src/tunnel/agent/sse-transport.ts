import { Buffer } from 'node:buffer'
import http from 'node:http'
import https from 'node:https'
import { closeCodes } from '../wire/codes.ts'
import type { Transport, TransportEvents } from '../wire/transport.ts'
import { dialProblem } from './dial-problem.ts'
import type { GatewayAddress } from './gateway-address.ts'
import { refusalOf } from './http-refusal.ts'
import { SseReader } from './sse-reader.ts'

/** How long a lost upload is tried again before the link counts as lost. */
const UP_PATIENCE_MS = 20_000
const UP_PAUSE_MS = 250
const UP_TIMEOUT_MS = 15_000
const MAX_REFUSAL_BYTES = 16 * 1024
/** While an upload is under way the link shall gather: more than any limit of its own. */
const BUSY = Number.MAX_SAFE_INTEGER

/**
 * The agent's end of SSE down and POST up. The first batch, the greeting, is the body of the request that opens the
 * event stream; each later one is a POST of its own, one at a time, sent again until it is acknowledged.
 */
export class SseTransport implements Transport {
  readonly kind = 'sse'
  readonly #address: GatewayAddress
  readonly #agent: http.Agent
  #events: TransportEvents | undefined
  #down: http.ClientRequest | undefined
  /** Known from the greeting's answer. */
  #session: string | undefined
  readonly #waiting: Uint8Array[] = []
  #sending = false
  #closed = false

  constructor(address: GatewayAddress) {
    this.#address = address
    const options = { keepAlive: true, maxSockets: 4 }
    this.#agent = isSecure(address) ? new https.Agent({ ...options, ...authority(address) }) : new http.Agent(options)
  }

  listen(events: TransportEvents): void {
    this.#events = events
  }

  send(batch: Uint8Array): void {
    if (this.#closed) return
    if (this.#down === undefined) return this.#open(batch)
    this.#waiting.push(batch)
    void this.#pump()
  }

  sendText(text: 'ping' | 'pong'): void {
    if (this.#session === undefined || this.#closed) return
    // The pong comes down the event stream: only so both ways are known to work.
    this.#post(Buffer.from(text), 'text/plain').catch(() => {})
  }

  buffered(): number {
    // The greeting opens the stream.
    if (this.#down === undefined) return 0
    return this.#sending || this.#session === undefined ? BUSY : 0
  }

  close(code: number, reason: string): void {
    this.#end(code, reason)
  }

  #open(greeting: Uint8Array): void {
    const request = this.#request('/agent/v1/sse', {
      'content-type': 'application/octet-stream',
      'content-length': greeting.length,
      accept: 'text/event-stream',
    })
    this.#down = request
    request.on('response', (response) => {
      this.#session = one(response.headers['corral-session'])
      if (response.statusCode !== 200 || this.#session === undefined) return this.#refused(response)
      const reader = new SseReader({
        batch: (bytes) => this.#events?.batch(bytes),
        text: (text) => this.#events?.text(text),
        closed: (code, reason) => this.#end(code, reason),
      })
      response.on('data', (chunk: Buffer) => reader.feed(chunk))
      response.on('end', () => this.#end(1006, 'the event stream ended'))
      response.on('error', (error) => this.#end(1006, error.message))
      this.#events?.drained()
    })
    request.on('error', (error) => this.#end(1006, dialProblem(error, this.#address.url)))
    request.end(greeting)
  }

  #refused(response: http.IncomingMessage): void {
    let body = ''
    response.setEncoding('utf8')
    response.on('data', (text: string) => {
      if (body.length < MAX_REFUSAL_BYTES) body += text
    })
    response.on('end', () => {
      const { code, message } = refusalOf(response.statusCode ?? 0, body)
      this.#end(code, message)
    })
    response.on('error', (error) => this.#end(1006, error.message))
  }

  async #pump(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    for (let batch = this.#waiting.shift(); batch !== undefined && !this.#closed; batch = this.#waiting.shift()) {
      const problem = await this.#deliver(batch)
      if (problem !== undefined) return this.#end(problem.code, problem.reason)
    }
    this.#sending = false
    if (!this.#closed) this.#events?.drained()
  }

  /** Until it is acknowledged; a batch that arrived twice is dropped by its number on the other side. */
  async #deliver(batch: Uint8Array): Promise<{ readonly code: number; readonly reason: string } | undefined> {
    const until = Date.now() + UP_PATIENCE_MS
    for (;;) {
      const status = await this.#post(batch, 'application/octet-stream').catch(() => 0)
      if (status === 200 || this.#closed) return undefined
      if (status === 410)
        return { code: closeCodes.TRY_LATER, reason: 'the gateway does not know the session any more' }
      if (status === 409) return { code: closeCodes.PROTOCOL, reason: 'a batch was lost on the way' }
      if (status === 401) return { code: closeCodes.AUTH, reason: 'the key is not valid any more' }
      if (Date.now() >= until) return { code: 1006, reason: 'uploads do not arrive' }
      await new Promise((resolve) => setTimeout(resolve, UP_PAUSE_MS))
    }
  }

  #post(body: Uint8Array, type: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const request = this.#request('/agent/v1/up', {
        'content-type': type,
        'content-length': body.length,
        'corral-session': this.#session ?? '',
      })
      request.setTimeout(UP_TIMEOUT_MS, () => request.destroy(new Error('no answer in time')))
      request.on('error', reject)
      request.on('response', (response) => {
        response.on('error', reject)
        response.on('end', () => resolve(response.statusCode ?? 0))
        response.resume()
      })
      request.end(body)
    })
  }

  #request(path: string, headers: http.OutgoingHttpHeaders): http.ClientRequest {
    const { url, key } = this.#address
    const options = {
      method: 'POST',
      agent: this.#agent,
      headers: { authorization: `Bearer ${key.reveal()}`, ...headers },
    }
    return isSecure(this.#address)
      ? https.request(url + path, { ...options, ...authority(this.#address) })
      : http.request(url + path, options)
  }

  #end(code: number, reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#down?.destroy()
    this.#agent.destroy()
    queueMicrotask(() => this.#events?.closed(code, reason))
  }
}

function isSecure({ url }: GatewayAddress): boolean {
  return url.startsWith('https:')
}

function authority({ ca }: GatewayAddress): { readonly ca?: string } {
  return ca === null ? {} : { ca }
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
