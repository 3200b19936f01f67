import { LRUCache } from 'lru-cache'

/** More names than a fleet has: clients invent some. */
const MOST_NAMES = 1000

/** Remembers what a pure function says of names that come with requests. */
export function createModelMemo<T>(of: (canonical: string) => T): (canonical: string) => T {
  const known = new LRUCache<string, { readonly value: T }>({ max: MOST_NAMES })
  return (canonical) => {
    const memo = known.get(canonical)
    if (memo !== undefined) return memo.value
    const value = of(canonical)
    known.set(canonical, { value })
    return value
  }
}
