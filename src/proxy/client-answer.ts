import type { GatewayError } from '../errors/gateway-error.ts'
import type { RawHeaders } from '../lib/raw-headers.ts'
import { answerHead, earlyHead, provenanceComment } from './answer-head.ts'
import type { ClientPort } from './client-port.ts'
import type { ExchangeDeps, ExchangeRequest } from './exchange-request.ts'
import { QueueComments } from './queue-comments.ts'
import type { RouteTicket } from './router.ts'
import type { UpstreamAnswer } from './upstream-answer.ts'

const encoder = new TextEncoder()
const NO_FIELDS: RawHeaders = []

/** What the client of one exchange is sent: comments while it waits, the answer of one upstream, or an error. */
export class ClientAnswer {
  readonly #client: ClientPort
  readonly #request: ExchangeRequest
  readonly #deps: Pick<ExchangeDeps, 'dialects' | 'respond'>
  readonly #comments: QueueComments
  #answer: UpstreamAnswer | null = null

  constructor(client: ClientPort, request: ExchangeRequest, deps: Pick<ExchangeDeps, 'dialects' | 'respond'>) {
    this.#client = client
    this.#request = request
    this.#deps = deps
    this.#comments = new QueueComments(request.format, request.trace.startedAt)
  }

  /** Whether it had its 200 while it waited: all else is told inside the stream. */
  get isOpen(): boolean {
    return this.#comments.hasBegun
  }

  /** Whether it was told how long the answer is: where that many bytes do not come, nothing makes it whole. */
  get hasFixedLength(): boolean {
    return !this.isOpen && this.#answer?.hasFixedLength === true
  }

  /** What it was sent, or is about to be: 502 where there is nothing yet. */
  get status(): number {
    return this.isOpen ? 200 : (this.#answer?.status ?? 502)
  }

  /** Tells it that it still waits, where that is due. `ticket`: undefined once an upstream was asked. */
  comment(now: number, ticket: RouteTicket | undefined): void {
    const wasOpen = this.isOpen
    const text = this.#comments.due(now, ticket)
    if (text === undefined) return
    if (!wasOpen) this.#client.head(200, earlyHead(this.#request))
    this.#say(text)
  }

  /** Once: from here on it gets this answer. */
  begin(answer: UpstreamAnswer | null, attempts: number): void {
    this.#answer = answer
    if (this.isOpen) this.#say(provenanceComment(this.#request.trace, attempts))
    else this.#client.head(this.status, answerHead(answer?.headers ?? NO_FIELDS, this.#request, attempts))
  }

  /** False: there is no more room. */
  data(chunk: Uint8Array): boolean {
    this.#request.trace.sent(chunk.length)
    return this.#client.data(chunk)
  }

  /** A whole answer of Corral's own; its status. */
  refuse(error: GatewayError, attempts: number): number {
    const rendered = this.#deps.dialects.renderError(error, this.#request.route.dialect)
    const { cache } = this.#request.trace
    const made = attempts === 0 ? [] : ['corral-attempts', String(attempts)]
    if (cache !== null) made.push('corral-cache', cache)
    const headers = [...rendered.headers, ...made, ...this.#request.extraHeaders]
    this.#deps.respond(this.#client, { ...rendered, headers }, this.#request.trace)
    return rendered.status
  }

  /** Bytes that end a stream with an error; undefined where only a broken connection tells of it. */
  lastWords(error: GatewayError): Uint8Array | undefined {
    if (this.hasFixedLength) return undefined
    if (this.#answer !== null) return this.#answer.lastWords(error)
    const { format } = this.#request
    const position = { at: 'boundary', tail: '' } as const
    const words = format === null ? undefined : this.#deps.dialects.inBandError(error, format, position)
    return words === undefined ? undefined : encoder.encode(words)
  }

  #say(comment: string): void {
    const bytes = encoder.encode(comment)
    this.#request.trace.commented(bytes.length)
    this.#client.data(bytes)
  }
}
