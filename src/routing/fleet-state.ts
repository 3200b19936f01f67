import {
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
  /** In order of priority, then name. A snapshot: later events do not change it. */
  all(): readonly UpstreamState[]
  get(name: string): UpstreamState | undefined
  /** Whether some list has the model. */
  knows(canonical: string): boolean
  /** Whether some upstream lists the model as a stub that runs on another host, under whatever name. */
  isRemote(canonical: string): boolean
  /** An event of an upstream that left the fleet is ignored. */
  apply(name: string, event: UpstreamEvent): void
  /** Adds, removes and changes members; one that keeps its `Upstream` object keeps what is known of it. */
  setMembers(members: readonly UpstreamMember[]): void
  onHealthChange(listener: (change: HealthChange) => void): void
  /** Members, their health or their models have changed: what nobody could serve, somebody may. */
  onNews(listener: () => void): void
}

export interface HealthChange {
  readonly name: string
  readonly from: Health
  readonly to: Health
  readonly fault: string | null
}

/** `known`: what another fleet knew; of use for members whose `Upstream` object is the same. */
export function createFleet(members: readonly UpstreamMember[], known: readonly UpstreamState[] = []): Fleet {
  // What runs is released where it was claimed.
  let states: readonly UpstreamState[] = known.map((state) => ({ ...state, running: 0 }))
  const listeners: ((change: HealthChange) => void)[] = []
  const newsListeners: (() => void)[] = []
  const news = (): void => {
    for (const listener of newsListeners) listener()
  }

  const setMembers = (next: readonly UpstreamMember[]): void => {
    const known = new Map(states.map((state) => [state.upstream, state]))
    states = next.map((member) => join(member, known.get(member.upstream))).toSorted(byPreference)
  }
  setMembers(members)

  return {
    all: () => states,
    get: (name) => states.find((state) => state.name === name),
    knows: (canonical) => states.some((state) => state.enabled && state.models?.has(canonical)),
    isRemote: (canonical) => states.some((state) => state.enabled && state.models?.get(canonical)?.remote),
    apply(name, event) {
      const index = states.findIndex((state) => state.name === name)
      const before = states[index]
      if (before === undefined) return
      const after = reduceUpstream(before, event)
      if (after === before) return
      states = states.with(index, after)
      if (after.health !== before.health) {
        const change = { name, from: before.health, to: after.health, fault: after.fault }
        for (const listener of listeners) listener(change)
      }
      if (after.health !== before.health || after.models !== before.models) news()
    },
    setMembers(next) {
      setMembers(next)
      news()
    },
    onHealthChange: (listener) => void listeners.push(listener),
    onNews: (listener) => void newsListeners.push(listener),
  }
}

function join(member: UpstreamMember, known: UpstreamState | undefined): UpstreamState {
  return known === undefined ? newUpstreamState(member) : rejoin(known, member)
}

function byPreference(a: UpstreamState, b: UpstreamState): number {
  if (a.priority !== b.priority) return a.priority - b.priority
  return a.name < b.name ? -1 : Number(a.name > b.name)
}
