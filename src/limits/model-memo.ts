/** More names than a fleet has; who invents names makes it start over. */
const MOST_NAMES = 1000

/** Remembers what a pure function says of names that come with requests. */
export function createModelMemo<T>(of: (canonical: string) => T): (canonical: string) => T {
  const known = new Map<string, T>()
  return (canonical) => {
    const memo = known.get(canonical)
    if (memo !== undefined || known.has(canonical)) return memo as T // `has` says so
    if (known.size >= MOST_NAMES) known.clear()
    const value = of(canonical)
    known.set(canonical, value)
    return value
  }
}
