import type { Exchange } from '../../admin-types.ts'

/** What was remembered and what has come since, each once as it is known last; the newest first. */
export function newestFirst(history: readonly Exchange[], live: readonly Exchange[]): Exchange[] {
  const known = new Map(history.map((each) => [each.id, each]))
  for (const each of live) {
    const before = known.get(each.id)
    // What has ended does not run again, whichever of the two came later.
    if (before?.state !== 'ended') known.set(each.id, each)
  }
  return [...known.values()].toSorted((a, b) => compare(b.started_at, a.started_at) || compare(a.id, b.id))
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
