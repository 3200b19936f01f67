interface Entry<T> {
  readonly id: number
  readonly value: T
  next: Entry<T> | null
}

const CHAINS = 64

/** Values by stream id, for streams that come and go all the time. No `Map`, for the reason that `lib/bag.ts` tells. */
export class StreamMap<T> {
  #chains: (Entry<T> | null)[] | null = null
  #size = 0

  get size(): number {
    return this.#size
  }

  get(id: number): T | undefined {
    let entry = this.#chains?.[place(id)]
    while (entry != null && entry.id !== id) entry = entry.next
    return entry?.value
  }

  /** An id is set once. */
  set(id: number, value: T): void {
    this.#chains ??= Array.from({ length: CHAINS }, () => null)
    const at = place(id)
    this.#chains[at] = { id, value, next: this.#chains[at] ?? null }
    this.#size += 1
  }

  delete(id: number): void {
    const chains = this.#chains
    if (chains === null) return
    let before: Entry<T> | null = null
    let entry = chains[place(id)] ?? null
    while (entry !== null && entry.id !== id) {
      before = entry
      entry = entry.next
    }
    if (entry === null) return
    if (before === null) chains[place(id)] = entry.next
    else before.next = entry.next
    // An old entry would keep young ones.
    entry.next = null
    this.#size -= 1
  }

  /** A copy. */
  values(): T[] {
    const values: T[] = []
    for (const first of this.#chains ?? []) {
      for (let entry = first; entry !== null; entry = entry.next) values.push(entry.value)
    }
    return values
  }

  clear(): void {
    this.#chains = null
    this.#size = 0
  }
}

/** Ids of one side are all odd or all even. */
function place(id: number): number {
  return (id >>> 1) % CHAINS
}
