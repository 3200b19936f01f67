import { byName, type FleetUpstream } from './models-by-name.ts'

export interface PlannedModel {
  readonly model: string
  /** As far as some upstream of the fleet has it. */
  readonly bytes: number | null
}

export interface PlannedRemoval extends PlannedModel {
  /** No upstream would have it afterwards but by a pull. */
  readonly isLast: boolean
  /** The config sends requests for it there. */
  readonly isAssigned: boolean
}

/** What one upstream needs, so that it has what `models.desired` says. */
export interface UpstreamPlan {
  readonly upstream: string
  readonly pulls: readonly PlannedModel[]
  readonly removals: readonly PlannedRemoval[]
  /** What its models take now. */
  readonly bytesNow: number
  /** Why nothing can be done there. */
  readonly problem: string | null
}

/** Pure. Upstreams of which `models.desired` says nothing are left alone. */
export function planSync(
  { upstreams }: { readonly upstreams: readonly FleetUpstream[] },
  { prune }: { readonly prune: boolean },
): UpstreamPlan[] {
  const sizes = new Map<string, number>()
  for (const { name, size } of upstreams.flatMap(({ models }) => models ?? [])) {
    if (size !== null) sizes.set(name, Math.max(size, sizes.get(name) ?? 0))
  }
  const kept = new Set(upstreams.filter(hasDisk).flatMap(keptOf))
  return upstreams.flatMap(({ name, state, fault, models, desired, assigned }) => {
    if (desired === null) return []
    const problem = problemOf(state, fault, models === null)
    const there = models ?? []
    const has = (model: string): boolean => there.some((each) => each.name === model)
    const pulls = desired
      .filter((model) => !has(model))
      .map((model) => ({ model, bytes: sizes.get(model) ?? null }))
      .toSorted(smallestFirst)
    const removals = there
      .filter((each) => prune && !desired.includes(each.name))
      .map((each) => ({
        model: each.name,
        bytes: each.size,
        isLast: !kept.has(each.name),
        isAssigned: assigned.includes(each.name),
      }))
    const bytesNow = there.reduce((sum, { size }) => sum + (size ?? 0), 0)
    const isOut = problem !== null
    return [{ upstream: name, pulls: isOut ? [] : pulls, removals: isOut ? [] : removals, bytesNow, problem }]
  })
}

export function isInStep(plans: readonly UpstreamPlan[]): boolean {
  return plans.every(({ pulls, removals }) => pulls.length === 0 && removals.length === 0)
}

/** A failure that the next pull there would meet too: Ollama says what its system said. */
export function isOutOfSpace(error: string): boolean {
  return /no space left|not enough space|disk quota exceeded|disk is full/i.test(error)
}

function hasDisk({ provider }: FleetUpstream): boolean {
  return !provider
}

/** What is on its disk after a prune, as far as is known. */
function keptOf({ state, fault, models, desired }: FleetUpstream): string[] {
  const names = (models ?? []).map(({ name }) => name)
  const isTouched = desired !== null && problemOf(state, fault, models === null) === null
  return isTouched ? names.filter((name) => desired.includes(name)) : names
}

function problemOf(state: string, fault: string | null, unread: boolean): string | null {
  if (state === 'disabled') return 'it is disabled'
  if (state === 'down') return fault === null ? 'it is down' : `it is down: ${fault}`
  return unread ? 'its list of models was not read yet' : null
}

/** What fits is pulled before what may not. */
function smallestFirst(one: PlannedModel, other: PlannedModel): number {
  return (one.bytes ?? Infinity) === (other.bytes ?? Infinity)
    ? byName(one.model, other.model)
    : (one.bytes ?? Infinity) - (other.bytes ?? Infinity)
}
