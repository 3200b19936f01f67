import type { Breaker } from '../health/breaker.ts'
import { createListeners } from './listeners.ts'
import {
  changesAt,
  newUpstreamState,
  reduceUpstream,
  rejoin,
  type Health,
  type UpstreamEvent,
  type UpstreamMember,
  type UpstreamState,
} from './upstream-state.ts'

/** What is known of all upstreams. It hears events and starts nothing itself. */
export interface Fleet {
  /** In order of priority, then name. A snapshot: later events change no more of it than what runs. */
  all(): readonly UpstreamState[]
  get(name: string): UpstreamState | undefined
  /** Whether some list has the model. */
  knows(canonical: string): boolean
  /** Whether some upstream lists the model as a stub that runs on another host, under whatever name. */
  isRemote(canonical: string): boolean
  /** An event of an upstream that left the fleet is ignored. */
  apply(name: string, event: UpstreamEvent): void
  /** A request was given a place there; its `released` tells that it is free. */
  claimed(name: string): void
  released(name: string): void
  /** Adds, removes and changes members; one that keeps its `Upstream` object keeps what is known of it. */
  setMembers(members: readonly UpstreamMember[]): void
  /** Cheap where nothing is due: what has cooled off is news then. */
  passTime(now: number): void
  /** Each of these is told until it calls what it got. */
  onHealthChange(listener: (change: HealthChange) => void): () => void
  /** Who may get which requests has changed: members, health, models, what failed, what is slow or busy. */
  onNews(listener: () => void): () => void
  /** An upstream has said which models it has in its memory. */
  onLoaded(listener: (state: UpstreamState) => void): () => void
}

export interface HealthChange {
  readonly name: string
  readonly from: Health
  readonly to: Health
  readonly fault: string | null
}

export function createFleet(members: readonly UpstreamMember[]): Fleet {
  let states: readonly UpstreamState[] = []
  let places: ReadonlyMap<string, number> = new Map()
  let dueAt = Infinity
  const healthChanged = createListeners<HealthChange>()
  const news = createListeners<void>()
  const loaded = createListeners<UpstreamState>()

  const look = (): void => {
    dueAt = Math.min(...states.map(changesAt))
  }
  const setMembers = (next: readonly UpstreamMember[]): void => {
    const known = new Map(states.map((state) => [state.upstream, state]))
    states = next.map((member) => join(member, known.get(member.upstream))).toSorted(byPreference)
    places = new Map(states.map(({ name }, place) => [name, place]))
    look()
  }
  const apply = (name: string, event: UpstreamEvent): void => {
    const index = places.get(name) ?? -1
    const before = states[index]
    if (before === undefined) return
    const after = reduceUpstream(before, event)
    if (after === before) return
    states = states.with(index, after)
    if (after.health !== before.health) {
      healthChanged.tell({ name, from: before.health, to: after.health, fault: after.fault })
    }
    if (isNews(before, after)) {
      look()
      news.tell()
    }
    if (event.kind === 'loaded-read') loaded.tell(after)
  }
  const get = (name: string): UpstreamState | undefined => states[places.get(name) ?? -1]
  const count = (name: string, more: number): void => {
    const state = get(name)
    if (state !== undefined) state.running = Math.max(0, state.running + more)
  }
  setMembers(members)

  return {
    all: () => states,
    get,
    knows: (canonical) => states.some((state) => state.enabled && state.models?.has(canonical)),
    isRemote: (canonical) => states.some((state) => state.enabled && state.models?.get(canonical)?.remote),
    apply,
    claimed: (name) => count(name, 1),
    released: (name) => count(name, -1),
    setMembers(next) {
      setMembers(next)
      news.tell()
    },
    passTime(now) {
      if (now < dueAt) return
      for (const { name } of states) apply(name, { kind: 'time-passed', at: now })
    },
    onHealthChange: healthChanged.add,
    onNews: news.add,
    onLoaded: loaded.add,
  }
}

function join(member: UpstreamMember, known: UpstreamState | undefined): UpstreamState {
  return known === undefined ? newUpstreamState(member) : rejoin(known, member)
}

function byPreference(a: UpstreamState, b: UpstreamState): number {
  if (a.priority !== b.priority) return a.priority - b.priority
  return a.name < b.name ? -1 : Number(a.name > b.name)
}

function isNews(before: UpstreamState, after: UpstreamState): boolean {
  return (
    before.health !== after.health ||
    before.slow !== after.slow ||
    before.refusesKey !== after.refusesKey ||
    before.busyUntil !== after.busyUntil ||
    before.breaker.admits !== after.breaker.admits ||
    before.breaker.until !== after.breaker.until ||
    before.version !== after.version ||
    (before.failing !== after.failing && isOneOpen(before.failing, after.failing)) ||
    (before.models !== after.models && !isSameList(before.models, after.models))
  )
}

/** Failures that only count so far are no news. */
function isOneOpen(...models: readonly ReadonlyMap<string, Breaker>[]): boolean {
  return models.some((failing) => [...failing.values()].some((breaker) => breaker.phase !== 'closed'))
}

/** Lists are read again and again, and mostly say the same. */
function isSameList(before: UpstreamState['models'], after: UpstreamState['models']): boolean {
  if (before === null || after === null || before.size !== after.size) return false
  for (const [canonical, { digest, remote }] of after) {
    const known = before.get(canonical)
    if (known?.digest !== digest || known.remote !== remote) return false
  }
  return true
}
