import type { Exchange, LiveExchanges } from '../admin-types.ts'

/** As many that are over as the gateway itself remembers. */
const KEPT = 500

export const noExchanges: readonly Exchange[] = []

/** The newest first: all that run, and the last that have ended. */
export function mergeExchanges(known: readonly Exchange[], news: LiveExchanges): readonly Exchange[] {
  const before = news.whole ? noExchanges : known
  const fresh = new Map<string, Exchange>()
  for (const each of [...news.began, ...news.changed, ...news.ended]) fresh.set(each.id, each)
  const changed = before.map((each) => {
    const now = fresh.get(each.id)
    if (now === undefined) return each
    fresh.delete(each.id)
    return now
  })
  const added = [...fresh.values()].toSorted((a, b) => (a.started_at < b.started_at ? 1 : -1))
  return withoutOldest([...added, ...changed])
}

function withoutOldest(all: readonly Exchange[]): readonly Exchange[] {
  let ended = 0
  return all.filter((each) => each.state !== 'ended' || ++ended <= KEPT)
}
