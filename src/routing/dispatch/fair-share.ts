import { IndexedHeap } from './indexed-heap.ts'

/** Something whose order among others follows an account. */
export interface Ordered {
  reordered(): void
}

/** What a key has had, in milliseconds of service over its weight. Who has had least is served next. */
export class Account {
  readonly key: string
  served = 0
  waiting = 0
  running = 0
  /** What its works wait in, a queue in each lane. */
  readonly queues: Ordered[] = []
  heapIndex = -1

  constructor(key: string) {
    this.key = key
  }
}

/**
 * Fairness between keys: a virtual token counter (Sheng et al., arXiv 2401.00588) that counts time. A key that comes
 * back is lifted to the least of those that wait, so that nobody saves up service by being away.
 */
export class FairShare {
  readonly #accounts = new Map<string, Account>()
  readonly #waiting = new IndexedHeap<Account>((a, b) => a.served < b.served)
  #lastServed = 0

  get size(): number {
    return this.#accounts.size
  }

  /** Of a key with a new work. */
  accountOf(key: string): Account {
    let account = this.#accounts.get(key)
    if (account === undefined) {
      account = new Account(key)
      this.#accounts.set(key, account)
    }
    if (account.waiting === 0)
      account.served = Math.max(account.served, this.#waiting.first?.served ?? this.#lastServed)
    return account
  }

  /** Who has most waiting; the first of equals. */
  greediest(): Account | undefined {
    let most: Account | undefined
    for (const account of this.#accounts.values()) if (account.waiting > (most?.waiting ?? 0)) most = account
    return most
  }

  joined(account: Account): void {
    account.waiting += 1
    if (account.waiting === 1) this.#waiting.add(account)
  }

  left(account: Account): void {
    account.waiting -= 1
    if (account.waiting === 0) this.#waiting.remove(account)
  }

  started(account: Account, costMs: number): void {
    this.#lastServed = account.served
    account.running += 1
    this.#charge(account, costMs)
  }

  /** It took more or less than it was charged for. */
  ended(account: Account, correctionMs: number): void {
    account.running -= 1
    if (correctionMs !== 0) this.#charge(account, correctionMs)
  }

  /** Forgets a key that has nothing here. Where nobody has, all are even. */
  forget(account: Account): void {
    if (account.waiting > 0 || account.running > 0) return
    const isEven = account.served <= (this.#waiting.first?.served ?? this.#lastServed)
    if (isEven) this.#accounts.delete(account.key)
  }

  reset(): void {
    this.#accounts.clear()
    this.#lastServed = 0
  }

  #charge(account: Account, costMs: number): void {
    account.served += costMs
    if (account.waiting > 0) this.#waiting.moved(account)
    for (const queue of account.queues) queue.reordered()
  }
}
