import type { Calendar, Period } from './calendar.ts'

/** What was used in one period; in the next one nothing. */
class Tally {
  #start = 0
  #used = 0

  /** A clock that was set back does not give back what was used. */
  used(period: Period): number {
    if (period.start > this.#start) {
      this.#start = period.start
      this.#used = 0
    }
    return this.#used
  }

  add(period: Period, amount: number): void {
    this.#used = this.used(period) + amount
  }
}

/** What one key, user or model has used, and what is set aside for what runs. */
export class Account {
  running = 0
  reservedTokens = 0
  reservedMoney = 0
  readonly #minute = new Tally()
  readonly #day = new Tally()
  readonly #month = new Tally()
  readonly #money = new Tally()

  used({ minute, day, month }: Calendar): {
    readonly tokensPerMinute: number
    readonly tokensPerDay: number
    readonly tokensPerMonth: number
    readonly moneyPerMonth: number
  } {
    return {
      tokensPerMinute: this.#minute.used(minute),
      tokensPerDay: this.#day.used(day),
      tokensPerMonth: this.#month.used(month),
      moneyPerMonth: this.#money.used(month),
    }
  }

  charge({ minute, day, month }: Calendar, tokens: number, money: number): void {
    this.#minute.add(minute, tokens)
    this.#day.add(day, tokens)
    this.#month.add(month, tokens)
    this.#money.add(month, money)
  }

  /** What the books say of today. */
  restoreDay({ day }: Calendar, tokens: number): void {
    this.#day.add(day, tokens)
  }

  /** What the books say of this month, today included. */
  restoreMonth({ month }: Calendar, tokens: number, money: number): void {
    this.#month.add(month, tokens)
    this.#money.add(month, money)
  }

  begin(): void {
    this.running += 1
  }

  reserve(tokens: number, money: number): void {
    this.reservedTokens += tokens
    this.reservedMoney += money
  }

  end(tokens: number, money: number): void {
    this.running -= 1
    this.reservedTokens -= tokens
    // Sums of fractions do not come back to zero by themselves.
    this.reservedMoney = this.running === 0 ? 0 : this.reservedMoney - money
  }

  isIdle(calendar: Calendar): boolean {
    const { tokensPerMonth, moneyPerMonth } = this.used(calendar)
    return this.running === 0 && tokensPerMonth === 0 && moneyPerMonth === 0
  }
}
