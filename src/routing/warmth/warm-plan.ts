/** A model that shall stay loaded. */
export interface WarmWish {
  /** Canonical. */
  readonly model: string
  /** On each of these upstreams, and on each agent of these pools. Null: on at least one, wherever it is. */
  readonly upstreams: readonly string[] | null
}

/** What keeping models warm must know of an upstream. */
export interface WarmServer {
  readonly name: string
  /** Stands for it, and for its like, where upstreams are named. */
  readonly pool: string | null
  /** Lower is preferred. */
  readonly priority: number
  /** Canonical names of the models on its disk, with what each takes. */
  readonly models: ReadonlyMap<string, number>
  /** Canonical names of what it has in its memory; several may stand for the same weights. */
  readonly loaded: ReadonlySet<string>
  readonly held: Amount
  /** What it can hold at once. */
  readonly holds: Amount
  /** What it is loading now, by its own choice or ours. */
  readonly loading: ReadonlySet<string>
  /** Requests wait that it could take: they shall not wait for a load that nobody asked for, too. */
  readonly hasQueue: boolean
}

export interface Amount {
  readonly bytes: number
  readonly models: number
}

export interface WarmStep {
  readonly server: string
  readonly model: string
  /** `load` brings it into memory; `keep` has what is there stay. */
  readonly kind: 'load' | 'keep'
}

/**
 * Which upstream gets or keeps which model, of those that are up. Nothing is loaded where something else would have to
 * go for it: what was asked for by requests leaves by its own time, and what is to be warm comes then.
 */
export function planWarmth(wishes: readonly WarmWish[], servers: readonly WarmServer[]): WarmStep[] {
  const steps = new Map<string, WarmStep>()
  /** An Ollama loads one after the other. */
  const begun = new Set<WarmServer>()
  for (const { model, upstreams } of wishes) {
    const able = servers.filter((server) => server.models.has(model) && isNamed(server, upstreams))
    const canLoad = (server: WarmServer): boolean => !begun.has(server) && hasRoom(server, model)
    for (const server of upstreams === null ? one(able, model, canLoad) : able) {
      const isThere = server.loaded.has(model)
      if (!isThere && !canLoad(server)) continue
      if (!isThere) begun.add(server)
      steps.set(`${server.name}\n${model}`, { server: server.name, model, kind: isThere ? 'keep' : 'load' })
    }
  }
  return [...steps.values()]
}

/** Where it is already, else where it costs least: the preferred tier, and there where most room is left. */
function one(
  able: readonly WarmServer[],
  model: string,
  canLoad: (server: WarmServer) => boolean,
): readonly WarmServer[] {
  const [present] = able.filter(({ loaded, loading }) => loaded.has(model) || loading.has(model)).toSorted(byPreference)
  if (present !== undefined) return [present]
  return able.filter(canLoad).toSorted(byPreference).slice(0, 1)
}

function hasRoom({ hasQueue, loading, held, holds, models }: WarmServer, model: string): boolean {
  if (hasQueue || loading.size > 0 || held.models >= holds.models) return false
  return held.bytes + (models.get(model) ?? 0) <= holds.bytes
}

function isNamed({ name, pool }: WarmServer, names: readonly string[] | null): boolean {
  return names === null || names.includes(name) || (pool !== null && names.includes(pool))
}

function byPreference(a: WarmServer, b: WarmServer): number {
  if (a.priority !== b.priority) return a.priority - b.priority
  const fuller = a.held.bytes / a.holds.bytes - b.held.bytes / b.holds.bytes || a.held.models - b.held.models
  return fuller || (a.name < b.name ? -1 : Number(a.name > b.name))
}
