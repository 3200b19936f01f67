/** One request as the gateway tells of it while it runs, and once more when it is over. */
export interface Exchange {
  readonly id: string
  readonly user: string | null
  readonly key_name: string | null
  readonly method: string
  readonly path: string
  readonly dialect: string | null
  readonly model_asked: string | null
  readonly model: string | null
  readonly upstream: string | null
  readonly state: 'queued' | 'sent' | 'streaming' | 'ended'
  readonly position: number | null
  readonly started_at: string
  readonly queue_ms: number | null
  readonly first_token_ms: number | null
  readonly total_ms: number | null
  readonly chunks: number | null
  readonly tokens: number | null
  readonly tokens_per_second: number | null
  readonly status: number | null
  readonly ending: string | null
  readonly error: string | null
}

export interface ExchangeNews {
  readonly at: string
  readonly began: readonly Exchange[]
  readonly changed: readonly Exchange[]
  readonly ended: readonly Exchange[]
}

/** As many that are over as the gateway itself remembers. */
const KEPT = 500

export const noExchanges: readonly Exchange[] = []

/** The newest first; all that run, and the last that have ended. */
export function mergeExchanges(before: readonly Exchange[], news: ExchangeNews): readonly Exchange[] {
  const fresh = new Map<string, Exchange>()
  for (const each of [...news.began, ...news.changed, ...news.ended]) fresh.set(each.id, each)
  const known = before.map((each) => {
    const changed = fresh.get(each.id)
    if (changed === undefined) return each
    fresh.delete(each.id)
    return changed
  })
  const added = [...fresh.values()].toSorted((a, b) => (a.started_at < b.started_at ? 1 : -1))
  return withoutOldest([...added, ...known])
}

function withoutOldest(all: readonly Exchange[]): readonly Exchange[] {
  let ended = 0
  return all.filter((each) => each.state !== 'ended' || ++ended <= KEPT)
}
