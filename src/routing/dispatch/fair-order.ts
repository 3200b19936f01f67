import { type HeapMember, IndexedHeap } from './indexed-heap.ts'

/** Where a queue stands in its lane, as of the last look at the order. */
export interface Standing {
  rank: number
  turn: number
  /** Something of it has changed since. */
  isOld: boolean
}

export interface Standee extends HeapMember {
  readonly standing: Standing
  /** Of two that are even, the older one is first. */
  readonly sequence: number
  /** Where it is, is where it stands now. */
  stand(): void
}

/**
 * The keys of a lane in fair order. A charge moves its key in every lane where that waits, and most lanes are charged
 * many times between two looks: it is only noted, and the next look puts what was noted in its place.
 */
export class FairOrder<T extends Standee> {
  readonly #heap = new IndexedHeap<T>(standsBefore)
  readonly #changed: T[] = []

  get first(): T | undefined {
    this.#settle()
    return this.#heap.first
  }

  /** The first `count`, in order. */
  firstOf(count: number): readonly T[] {
    this.#settle()
    return this.#heap.firstOf(count)
  }

  add(queue: T): void {
    queue.stand()
    this.#heap.add(queue)
  }

  changed(queue: T): void {
    if (queue.standing.isOld) return
    queue.standing.isOld = true
    this.#changed.push(queue)
  }

  remove(queue: T): void {
    this.#settle()
    this.#heap.remove(queue)
  }

  /** One after the other: a heap stands one member at a time that is out of its place. */
  #settle(): void {
    for (let queue = this.#changed.pop(); queue !== undefined; queue = this.#changed.pop()) {
      queue.stand()
      this.#heap.moved(queue)
    }
  }
}

function standsBefore(a: Standee, b: Standee): boolean {
  if (a.standing.rank !== b.standing.rank) return a.standing.rank < b.standing.rank
  if (a.standing.turn !== b.standing.turn) return a.standing.turn < b.standing.turn
  return a.sequence < b.sequence
}
