import type { StreamFormat } from '../dialects/stream-format.ts'
import type { RouteTicket } from './router.ts'

/** How long a stream waits in silence, and then between one comment and the next. */
export const COMMENT_EVERY_MS = 10_000

/**
 * What a client that waits in the queue is told, so that nothing between it and here takes the silence for the end:
 * comment lines, which only SSE has. They begin in the queue and go on while the model is loaded and reads its prompt.
 * Where that alone takes long, without a wait in the queue, none are sent: they cost the status code of the answer.
 */
export class QueueComments {
  readonly #mayComment: boolean
  #silentSince: number
  #hasBegun = false

  /** `now` on the monotonic clock, milliseconds. */
  constructor(format: StreamFormat | null, now: number) {
    this.#mayComment = format?.framing === 'sse'
    this.#silentSince = now
  }

  /** Whether the client has been told anything, and so has a status already. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** The comment that is due now. `ticket`: undefined once an upstream was asked. */
  due(now: number, ticket: Pick<RouteTicket, 'place'> | undefined): string | undefined {
    if (!this.#mayComment || now - this.#silentSince < COMMENT_EVERY_MS) return undefined
    const place = ticket?.place()
    if (!this.#hasBegun && place === undefined) return undefined
    this.#hasBegun = true
    this.#silentSince = now
    if (place === undefined) return ticket === undefined ? ': waiting for the model\n\n' : ': waiting for a server\n\n'
    const wait = Number.isFinite(place.waitMs) ? `, about ${Math.max(1, Math.ceil(place.waitMs / 1000))} s` : ''
    return `: queued ${place.position}${wait}\n\n`
  }
}
