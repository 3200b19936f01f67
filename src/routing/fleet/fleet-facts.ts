import type { ServerFacts } from '../dispatch/server-facts.ts'
import { admits, type UpstreamState } from './upstream-state.ts'

/** What a model takes once it is loaded there. */
export type BytesOf = (state: UpstreamState, canonical: string) => number

/** What dispatching is told of the fleet, made anew only where something of it has changed. */
export interface FleetFacts {
  /** Undefined where nothing has changed since the last call. */
  update(states: readonly UpstreamState[]): readonly ServerFacts[] | undefined
  /** How much models take has changed, at one upstream or at all. */
  forgetBytes(name?: string): void
}

export function createFleetFacts(bytesOf: BytesOf): FleetFacts {
  let known: readonly ServerFacts[] = []
  const sizes = new Map<string, { readonly of: UpstreamState['models']; readonly bytes: ReadonlyMap<string, number> }>()

  const sizesOf = (state: UpstreamState): ReadonlyMap<string, number> => {
    const before = sizes.get(state.name)
    if (before !== undefined && before.of === state.models) return before.bytes
    const names = [...(state.models?.keys() ?? [])]
    const bytes = new Map(names.map((canonical) => [canonical, bytesOf(state, canonical)]))
    const same = before !== undefined && isSame(before.bytes, bytes) ? before.bytes : bytes
    sizes.set(state.name, { of: state.models, bytes: same })
    return same
  }
  const factsOf = (state: UpstreamState, before: ServerFacts | undefined): ServerFacts => {
    const facts = { ...fixedFacts(state), admits: admits(state), models: sizesOf(state) }
    return before !== undefined && isUnchanged(before, facts) ? before : facts
  }
  return {
    update(states) {
      const before = new Map(known.map((facts) => [facts.name, facts]))
      const next = states.map((state) => factsOf(state, before.get(state.name)))
      if (next.length === known.length && next.every((facts, index) => facts === known[index])) return undefined
      known = next
      // Only then has one left; a thousand agents that arrive one by one must not be compared each with each.
      if (sizes.size > next.length) {
        const names = new Set(next.map(({ name }) => name))
        for (const name of sizes.keys()) if (!names.has(name)) sizes.delete(name)
      }
      return next
    },
    forgetBytes(name) {
      for (const [of, { bytes }] of sizes) {
        if (name === undefined || of === name) sizes.set(of, { of: null, bytes })
      }
    },
  }
}

/** A provider loads nothing and has room for all. */
function fixedFacts(state: UpstreamState): Pick<ServerFacts, 'name' | 'priority' | 'slow' | 'memoryBytes' | 'slots'> {
  const { name, priority, slow, provider, memoryBytes, slots } = state
  return provider === null
    ? { name, priority, slow, memoryBytes, slots }
    : { name, priority, slow, memoryBytes: null, slots: Infinity }
}

function isUnchanged(a: ServerFacts, b: ServerFacts): boolean {
  return (
    a.priority === b.priority &&
    a.slow === b.slow &&
    a.memoryBytes === b.memoryBytes &&
    a.slots === b.slots &&
    a.admits === b.admits &&
    a.models === b.models
  )
}

function isSame(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  if (a.size !== b.size) return false
  for (const [canonical, bytes] of b) if (a.get(canonical) !== bytes) return false
  return true
}
