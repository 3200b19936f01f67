import type { Dialect } from '../../dialects/dialect.ts'
import { type Errand, laneOf, openLane } from '../errand.ts'
import type { Selection } from './select.ts'
import { spokenAlike } from './spoken-alike.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'
import { has } from './verdict.ts'

/** Which upstreams may take the works of each lane: worked out once, until it is told that something has changed. */
export interface LaneCandidates {
  /** Gives it the lane that is its own as things stand; says whether it had another. Not while it is in the queue. */
  join(errand: Errand): boolean
  /** Names; none where it is not for the queue, or where its lane is not its own any more. */
  of(errand: Errand): readonly string[]
  forget(): void
}

export interface LaneCandidatesDeps {
  select(errand: Errand): Selection
  upstreams(): readonly UpstreamState[]
}

const MAX_LANES = 10_000
const NONE: readonly string[] = []

export function createLaneCandidates({ select, upstreams }: LaneCandidatesDeps): LaneCandidates {
  const lanes = new Map<string, readonly string[]>()
  const open = new Map<Dialect, Map<string, string>>()

  const openLaneOf = ({ model, request: { route } }: Errand): string => {
    let known = open.get(route.dialect)
    if (known === undefined) {
      known = new Map()
      open.set(route.dialect, known)
    }
    let lane = known.get(model)
    if (lane === undefined) {
      lane = openLane(model, spokenAlike(model, route.dialect, upstreams()).join(','))
      if (known.size >= MAX_LANES) known.clear()
      known.set(model, lane)
    }
    return lane
  }
  const laneNow = (errand: Errand): string => (errand.isForQueue ? laneOf(errand.request, openLaneOf(errand)) : '')

  return {
    join(errand) {
      const lane = laneNow(errand)
      if (errand.lane === lane) return false
      errand.lane = lane
      return true
    },
    of(errand) {
      const known = lanes.get(errand.lane)
      if (known !== undefined) return known
      if (errand.lane === '' || errand.lane !== laneNow(errand)) return NONE
      const names = queueable(select(errand), errand)
      if (lanes.size >= MAX_LANES) lanes.clear()
      // Anybody can ask for models that nobody has.
      if (names.length > 0) lanes.set(errand.lane, names)
      return names
    },
    forget() {
      lanes.clear()
      open.clear()
    },
  }
}

/** Those that list its model: an assigned one that does not is asked as it is, and says so itself. */
export function queueable(selection: Selection, errand: Errand): readonly string[] {
  if (!errand.isForQueue || selection.kind !== 'eligible' || selection.why === 'model-unknown') return NONE
  const { states } = selection
  return states.every((state) => has(state, errand.model)) ? states.map(({ name }) => name) : NONE
}
