import type { Calendar, Period } from './calendar.ts'

export type BudgetKind = 'tokensPerMinute' | 'tokensPerDay' | 'tokensPerMonth' | 'moneyPerMonth'

/** After which of them a budget is whole again. */
export const periodOf = {
  tokensPerMinute: 'minute',
  tokensPerDay: 'day',
  tokensPerMonth: 'month',
  moneyPerMonth: 'month',
} as const satisfies Record<BudgetKind, keyof Calendar>

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
  readonly #tallies: Readonly<Record<BudgetKind, Tally>> = {
    tokensPerMinute: new Tally(),
    tokensPerDay: new Tally(),
    tokensPerMonth: new Tally(),
    moneyPerMonth: new Tally(),
  }

  used(kind: BudgetKind, calendar: Calendar): number {
    return this.#tallies[kind].used(calendar[periodOf[kind]])
  }

  charge(calendar: Calendar, tokens: number, money: number): void {
    this.#tallies.tokensPerMinute.add(calendar.minute, tokens)
    this.restoreDay(calendar, tokens)
    this.restoreMonth(calendar, tokens, money)
  }

  /** What the books say of today. */
  restoreDay({ day }: Calendar, tokens: number): void {
    this.#tallies.tokensPerDay.add(day, tokens)
  }

  /** What the books say of this month, today included. */
  restoreMonth({ month }: Calendar, tokens: number, money: number): void {
    this.#tallies.tokensPerMonth.add(month, tokens)
    this.#tallies.moneyPerMonth.add(month, money)
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
    const usedThisMonth = this.used('tokensPerMonth', calendar) + this.used('moneyPerMonth', calendar)
    return this.running === 0 && usedThisMonth === 0
  }
}
