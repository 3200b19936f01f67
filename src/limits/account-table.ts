import { Account } from './account.ts'
import type { Calendar } from './calendar.ts'

/** From so many on, those that are idle are forgotten. */
const MANY = 1000

/** The accounts of the keys, of the users or of the models. */
export class AccountTable {
  readonly #accounts = new Map<string, Account>()
  #sweepAt = MANY

  /** To be asked for each exchange: one that is idle is not kept for ever. */
  of(name: string, calendar: Calendar): Account {
    const known = this.#accounts.get(name)
    if (known !== undefined) return known
    // Clients invent names of models.
    if (this.#accounts.size >= this.#sweepAt) this.#sweep(calendar)
    const account = new Account()
    this.#accounts.set(name, account)
    return account
  }

  /** Undefined: nobody has asked for it, or it has been idle for long. */
  find(name: string): Account | undefined {
    return this.#accounts.get(name)
  }

  names(): Iterable<string> {
    return this.#accounts.keys()
  }

  #sweep(calendar: Calendar): void {
    for (const [name, account] of this.#accounts) if (account.isIdle(calendar)) this.#accounts.delete(name)
    this.#sweepAt = this.#accounts.size * 2 + MANY
  }
}
