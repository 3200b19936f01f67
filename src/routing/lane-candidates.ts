import type { Errand } from './errand.ts'
import type { Selection } from './select.ts'
import { has } from './verdict.ts'

/** Which upstreams may take the works of each lane: worked out once, until it is told that something has changed. */
export interface LaneCandidates {
  /** Names; none where it is not for the queue. */
  of(errand: Errand): readonly string[]
  forget(): void
}

const MAX_LANES = 10_000
const NONE: readonly string[] = []

export function createLaneCandidates(select: (errand: Errand) => Selection): LaneCandidates {
  const lanes = new Map<string, readonly string[]>()
  return {
    of(errand) {
      const known = lanes.get(errand.lane)
      if (known !== undefined) return known
      if (errand.lane === '') return NONE
      const names = queueable(select(errand), errand)
      if (lanes.size >= MAX_LANES) lanes.clear()
      // Anybody can ask for models that nobody has.
      if (names.length > 0) lanes.set(errand.lane, names)
      return names
    },
    forget: () => lanes.clear(),
  }
}

/** Those that list its model: an assigned one that does not is asked as it is, and says so itself. */
export function queueable(selection: Selection, errand: Errand): readonly string[] {
  if (errand.lane === '' || selection.kind !== 'eligible' || selection.why === 'model-unknown') return NONE
  const { states } = selection
  return states.every((state) => has(state, errand.model)) ? states.map(({ name }) => name) : NONE
}
