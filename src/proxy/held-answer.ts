import { GatewayError } from '../errors/gateway-error.ts'
import type { DialectPort } from './dialect-port.ts'
import type { UpstreamAnswer } from './upstream-answer.ts'

/** Beyond it, an answer is not held back for a better one. */
const LARGEST_HELD_ANSWER = 64 * 1024

const decoder = new TextDecoder()

/** An answer that is kept back: another upstream may give a better one, or it has to be said in other words. */
export class HeldAnswer {
  readonly answer: UpstreamAnswer
  readonly chunks: Uint8Array[] = []
  #bytes = 0

  constructor(answer: UpstreamAnswer) {
    this.answer = answer
  }

  get isTooLarge(): boolean {
    return this.#bytes > LARGEST_HELD_ANSWER
  }

  keep(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.#bytes += chunk.length
  }

  text(): string {
    return this.chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode()
  }
}

/** What an upstream's answer says, for a reader who can only be told of an error inside a stream. */
export function errorOfHeld(held: HeldAnswer, dialects: Pick<DialectPort, 'errorMessage'>): GatewayError {
  const { status } = held.answer
  if (status < 300) {
    return new GatewayError('upstream_bad_response', {
      message: 'The upstream answered in one piece where a stream had begun',
    })
  }
  const message = dialects.errorMessage(held.text()) ?? `The upstream answered with status ${status}`
  return new GatewayError('upstream_error', { message, status })
}
