import type { TokenUsage } from '../dialects/token-usage.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Reservation } from './limits-port.ts'
import type { UpstreamAnswer } from './upstream-answer.ts'

type Passed = Pick<UpstreamAnswer, 'status' | 'tokens' | 'hasSaidLastWord'>

/** How far the budgets of one exchange reach, and what its answer has used of them. */
export class AnswerBudget {
  readonly #reservation: Reservation | null
  #allowed: number

  constructor(reservation: Reservation | null) {
    this.#reservation = reservation
    this.#allowed = reservation?.answerTokens ?? Infinity
  }

  /** Asked with each chunk that has passed. What has told its own end needs no other. */
  hasRoomFor(answer: Passed): boolean {
    if (answer.tokens <= this.#allowed) return true
    this.#allowed = this.#reservation?.extend(answer.tokens) ?? Infinity
    return answer.tokens <= this.#allowed || answer.hasSaidLastWord
  }

  /**
   * What an answer has used where its upstream did not say, if a budget depends on that: nobody gets around one by
   * leaving before the counts come.
   */
  counted(told: TokenUsage | null, answer: Passed | null, promptTokens: number): TokenUsage | null {
    if (this.#reservation?.counts !== true || answer === null || answer.status >= 300) return told
    // Anthropic begins with a count of one; only the last one counts.
    const isCut = !answer.hasSaidLastWord
    const completionTokens = told?.completionTokens ?? answer.tokens
    return {
      promptTokens: told?.promptTokens ?? promptTokens,
      completionTokens: isCut ? Math.max(completionTokens, answer.tokens) : completionTokens,
      cachedTokens: told?.cachedTokens ?? null,
    }
  }

  /** Why there is no room. */
  exhausted(): GatewayError {
    return this.#reservation?.exhausted() ?? new GatewayError('budget_exhausted')
  }

  release(): void {
    this.#reservation?.release()
  }
}
