/** Things of which some come and go all the time. Each is in it once. */
export interface Bag<T> {
  readonly size: number
  add(member: T): void
  /** False: it was not there. */
  remove(member: T): boolean
  /** Those of this moment, in no order; they may leave while they are visited. */
  members(): readonly T[]
}

/**
 * No `Set` or `Map`: V8 links each table that one outgrows to the next, so that with members that come and go a dead
 * table in the old generation keeps the next one alive, and with it every member, until a full collection.
 */
export function createBag<T>(): Bag<T> {
  const members: T[] = []
  return {
    get size() {
      return members.length
    },
    add: (member) => void members.push(member),
    remove(member) {
      // From the end, where the young ones are: most live short.
      const at = members.lastIndexOf(member)
      if (at < 0) return false
      const last = members.pop()
      if (last !== undefined && at < members.length) members[at] = last
      return true
    },
    members: () => [...members],
  }
}
