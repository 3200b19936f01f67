import { GatewayError } from '../errors/gateway-error.ts'
import type { Reservation } from '../proxy/limits-port.ts'
import { type Expected, moreRoom } from './budget.ts'
import type { Calendar } from './calendar.ts'
import { type HeldBudget, heldBudgets } from './expectation.ts'
import type { Holder } from './holder.ts'
import type { TokenPrice } from './prices.ts'
import { ranOut } from './refusals.ts'

/** An answer that is longer than usual asks for so much more at once. */
const STEP_TOKENS = 64

interface Terms {
  readonly holders: readonly Holder[]
  /** Null: nothing of it is counted in tokens. */
  readonly expected: Expected | null
  /** Whether an answer that finds no more room ends. */
  readonly ends: boolean
  /** What the calendar says now. */
  today(): Calendar
}

/** What is set aside for one exchange with everybody it has to keep limits of. */
export class HeldReservation implements Reservation {
  readonly kind = 'reserved'
  readonly counts: boolean
  headers: readonly string[] = []
  readonly #terms: Terms
  /** Room for an answer of so many tokens is set aside. */
  #room: number
  #isReleased = false

  constructor(terms: Terms) {
    const { holders, expected } = terms
    this.#terms = terms
    this.#room = expected?.answerTokens ?? 0
    this.counts = expected !== null
    for (const { account } of holders) {
      account.begin()
      account.reserve(this.tokens, this.#money)
    }
  }

  get answerTokens(): number {
    return this.counts && this.#terms.ends ? this.#room : Infinity
  }

  extend(reached: number): number {
    const { holders, expected } = this.#terms
    if (expected === null || this.#isReleased) return Infinity
    const more = Math.min(reached - this.#room + STEP_TOKENS, this.#mostMore(expected.price))
    if (more > 0) {
      this.#room += more
      for (const { account } of holders) account.reserve(more, more * (expected.price?.completion ?? 0))
    }
    return this.#room
  }

  exhausted(): GatewayError {
    const tightest = this.#tightest(this.#terms.expected?.price ?? null)
    return tightest === undefined ? new GatewayError('budget_exhausted') : ranOut(tightest.holder, tightest.budget)
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    for (const { account } of this.#terms.holders) account.end(this.tokens, this.#money)
  }

  /** Of the prompt and of an answer as long as there is room for. */
  get tokens(): number {
    return (this.#terms.expected?.promptTokens ?? 0) + this.#room
  }

  get #money(): number {
    const { price, promptTokens = 0 } = this.#terms.expected ?? {}
    return price == null ? 0 : promptTokens * price.prompt + this.#room * price.completion
  }

  #mostMore(price: TokenPrice | null): number {
    return this.#tightest(price)?.room ?? Infinity
  }

  /** The budget that has the least room for more. */
  #tightest(price: TokenPrice | null): (HeldBudget & { readonly room: number }) | undefined {
    const { holders, today } = this.#terms
    return heldBudgets(holders, today())
      .map((held) => ({ ...held, room: moreRoom(held.budget, price) }))
      .reduce<(HeldBudget & { readonly room: number }) | undefined>(
        (least, held) => (least === undefined || held.room < least.room ? held : least),
        undefined,
      )
  }
}
