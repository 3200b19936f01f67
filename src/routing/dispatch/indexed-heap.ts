/** What an `IndexedHeap` holds: it knows its own place there, so that it can be moved and removed. */
export interface HeapMember {
  heapIndex: number
}

/** A binary heap: the first is found at once, and any member is added, moved or removed in logarithmic time. */
export class IndexedHeap<T extends HeapMember> {
  readonly #members: T[] = []
  readonly #isBefore: (a: T, b: T) => boolean

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get size(): number {
    return this.#members.length
  }

  get first(): T | undefined {
    return this.#members[0]
  }

  /** In no order. */
  get members(): readonly T[] {
    return this.#members
  }

  add(member: T): void {
    member.heapIndex = this.#members.length
    this.#members.push(member)
    this.#rise(member)
  }

  remove(member: T): void {
    const at = member.heapIndex
    const last = this.#members.pop()
    member.heapIndex = -1
    if (last === undefined || last === member) return
    this.#put(last, at)
    this.moved(last)
  }

  /** Its order has changed. */
  moved(member: T): void {
    this.#rise(member)
    this.#sink(member)
  }

  /** The first `count`, in order. */
  firstOf(count: number): readonly T[] {
    const first: T[] = []
    const open: number[] = this.size === 0 ? [] : [0]
    while (first.length < count && open.length > 0) {
      let next = 0
      for (let at = 1; at < open.length; at += 1) if (this.#less(open[at], open[next])) next = at
      const [index = 0] = open.splice(next, 1)
      const member = this.#members[index]
      if (member !== undefined) first.push(member)
      for (const child of [2 * index + 1, 2 * index + 2]) if (child < this.size) open.push(child)
    }
    return first
  }

  #less(a = -1, b = -1): boolean {
    const left = this.#members[a]
    const right = this.#members[b]
    return left !== undefined && right !== undefined && this.#isBefore(left, right)
  }

  #put(member: T, at: number): void {
    this.#members[at] = member
    member.heapIndex = at
  }

  #rise(member: T): void {
    let at = member.heapIndex
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = this.#members[up]
      if (parent === undefined || !this.#isBefore(member, parent)) break
      this.#put(parent, at)
      at = up
    }
    this.#put(member, at)
  }

  #sink(member: T): void {
    let at = member.heapIndex
    for (;;) {
      let down = 2 * at + 1
      if (this.#less(down + 1, down)) down += 1
      const child = this.#members[down]
      if (child === undefined || !this.#isBefore(child, member)) break
      this.#put(child, at)
      at = down
    }
    this.#put(member, at)
  }
}
