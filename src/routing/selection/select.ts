import type { UpstreamState } from '../fleet/upstream-state.ts'
import {
  has,
  isAssigned,
  isClosedTo,
  isWrite,
  judgeFleet,
  type SelectRequest,
  type Snapshot,
  type Verdict,
  wantsModel,
} from './verdict.ts'

export { isAmong } from './verdict.ts'

export type Selection =
  | { readonly kind: 'eligible'; readonly states: readonly UpstreamState[]; readonly why: SelectionReason }
  /** Only this one can serve it, and it can be woken. */
  | { readonly kind: 'asleep'; readonly state: UpstreamState }
  /** Only this one has the model, and it speaks another API. */
  | { readonly kind: 'none'; readonly reason: 'dialect'; readonly state: UpstreamState }
  /** What changes models names several, and this one of them, or this pool, cannot be asked at all. */
  | { readonly kind: 'none'; readonly reason: 'name-unable'; readonly name: string }
  | {
      readonly kind: 'none'
      readonly reason:
        | 'key-refused'
        | 'no-upstream'
        | 'all-tried'
        | 'upstream-denied'
        | 'not-named'
        | 'model-down'
        | 'model-missing'
        | 'too-big'
    }

/**
 * `has-model`: all that are eligible list it. `assigned`: it may be that none of them does. `model-unknown`: no list
 * names the model; the first upstream shall say so in its own words.
 */
export type SelectionReason = 'assigned' | 'has-model' | 'model-unknown' | 'any'

/** Pure: the upstreams that may get an attempt, or why there are none. */
export function selectUpstreams(request: SelectRequest, snapshot: Snapshot): Selection {
  const verdicts = judgeFleet(request, snapshot)
  const states = having(snapshot, verdicts, 'eligible')
  if (states.length > 0) return { kind: 'eligible', states, why: reasonOf(request, snapshot) }
  return selectElse(request, snapshot, verdicts)
}

/** Of those that may get it, the one that does where nothing waits: for requests that no queue holds. */
export function pick(
  request: SelectRequest,
  { states, why }: Extract<Selection, { kind: 'eligible' }>,
  turn: number,
): UpstreamState | undefined {
  // Writes build on one another and relayed answers differ by server: those must not take turns.
  if (isWrite(request)) return states[0]
  if (request.route.kind === 'relay' || why === 'model-unknown') return states.find((state) => !state.slow) ?? states[0]
  return leastBusyOf(states, turn)
}

function reasonOf(request: SelectRequest, snapshot: Snapshot): SelectionReason {
  if (!wantsModel(request)) return 'any'
  return isAssigned(request, snapshot) ? 'assigned' : 'has-model'
}

const OUT_OF_REACH: ReadonlySet<Verdict> = new Set([
  'disabled',
  'closed-to-pool',
  'not-assigned',
  'not-granted',
  'not-named',
])

/** Nobody may take it as it is: who could be woken, who may say in its own words that it knows no such model, or why not. */
function selectElse(request: SelectRequest, snapshot: Snapshot, verdicts: readonly Verdict[]): Selection {
  const reachable = snapshot.upstreams.filter((_state, index) => !OUT_OF_REACH.has(verdicts[index] ?? 'disabled'))
  if (reachable.length === 0) return { kind: 'none', reason: reasonOfReach(verdicts) }
  const speaking = reachable.filter((state) => state.upstream.speaks(request.model ?? '').has(request.route.dialect))
  const assigned = isAssigned(request, snapshot)
  const other = onlyElsewhere(request, { reachable, speaking, assigned })
  if (other !== undefined) return { kind: 'none', reason: 'dialect', state: other }
  // Providers alone, of other APIs: there is nobody whose own word on the model could be passed on.
  if (speaking.length === 0 && request.model !== null && !isWrite(request)) {
    return { kind: 'none', reason: 'model-missing' }
  }
  if (verdicts.includes('tried')) return { kind: 'none', reason: 'all-tried' }
  return selectUnserved(request, { speaking, assigned, verdicts })
}

function reasonOfReach(verdicts: readonly Verdict[]): 'upstream-denied' | 'not-named' | 'no-upstream' {
  if (verdicts.includes('not-named')) return 'not-named'
  return verdicts.includes('not-granted') ? 'upstream-denied' : 'no-upstream'
}

interface Spoken {
  readonly reachable: readonly UpstreamState[]
  readonly speaking: readonly UpstreamState[]
  readonly assigned: boolean
}

/** One that has the model and speaks another API, where none that speaks this one has it. A pull may bring it. */
function onlyElsewhere(request: SelectRequest, { reachable, speaking, assigned }: Spoken): UpstreamState | undefined {
  if (speaking.length === reachable.length || isWrite(request)) return undefined
  if (assigned) return speaking.length === 0 ? reachable[0] : undefined
  if (speaking.some((state) => has(state, request.model))) return undefined
  return reachable.find((state) => has(state, request.model))
}

interface Unserved {
  readonly speaking: readonly UpstreamState[]
  readonly assigned: boolean
  readonly verdicts: readonly Verdict[]
}

/** Among those within reach that speak the request's dialect. */
function selectUnserved(request: SelectRequest, { speaking, assigned, verdicts }: Unserved): Selection {
  const sleeper = speaking.find((state) => mayWakeFor(state, request, assigned))
  if (sleeper !== undefined) return { kind: 'asleep', state: sleeper }
  const healthy = onlyHealthy(speaking.filter((state) => !isClosedTo(state, request)))
  if (refusesAll(request, { speaking, assigned, isAnyHealthy: healthy.length > 0 })) {
    return { kind: 'none', reason: 'key-refused' }
  }
  if (isTooBig(verdicts)) return { kind: 'none', reason: 'too-big' }
  if (healthy.length === 0) return { kind: 'none', reason: 'no-upstream' }
  if (!isWrite(request) && speaking.some((state) => has(state, request.model))) {
    return { kind: 'none', reason: 'model-down' }
  }
  return assigned || !wantsModel(request)
    ? { kind: 'none', reason: 'no-upstream' }
    : selectUnknown(request, { speaking, healthy })
}

/** A prompt for a model that nobody knows stays in the house. */
function selectUnknown(
  request: SelectRequest,
  { speaking, healthy }: { readonly speaking: readonly UpstreamState[]; readonly healthy: readonly UpstreamState[] },
): Selection {
  const inHouse = healthy.filter((state) => state.provider === null)
  if (inHouse.length === 0) {
    const isAllProviders = speaking.every((state) => state.provider !== null)
    return { kind: 'none', reason: isAllProviders ? 'model-missing' : 'no-upstream' }
  }
  const untried = inHouse.filter((state) => !request.tried.has(state.name))
  if (untried.length === 0) return { kind: 'none', reason: 'all-tried' }
  return { kind: 'eligible', states: untried, why: 'model-unknown' }
}

/** Whether those that could serve it are providers that refuse the gateway's key. */
function refusesAll(
  request: SelectRequest,
  { speaking, assigned, isAnyHealthy }: Omit<Unserved, 'verdicts'> & { readonly isAnyHealthy: boolean },
): boolean {
  const fit = assigned || !isAnyHealthy ? speaking : speaking.filter((state) => has(state, request.model))
  return fit.length > 0 && fit.every((state) => state.refusesKey)
}

const OUT_FOR_A_WHILE: ReadonlySet<Verdict> = new Set(['down', 'draining', 'broken'])

/** Whether all that have it are too small, rather than out for a while. */
function isTooBig(verdicts: readonly Verdict[]): boolean {
  return verdicts.includes('too-big') && !verdicts.some((verdict) => OUT_FOR_A_WHILE.has(verdict))
}

export interface FallbackRequest {
  readonly principal: SelectRequest['principal']
  readonly dialect: SelectRequest['route']['dialect']
  readonly named?: SelectRequest['named']
}

/** The first of `models` that an upstream within reach can serve now. For fallbacks, which replace a missing model. */
export function firstServable(
  models: readonly string[],
  { principal, dialect, named = null }: FallbackRequest,
  snapshot: Snapshot,
): string | undefined {
  const route = { kind: 'generate', pattern: '', dialect } as const
  return models.find((model) => {
    const selection = selectUpstreams({ principal, route, model, named, tried: new Set() }, snapshot)
    if (selection.kind === 'asleep') return true
    if (selection.kind === 'none' || selection.why === 'model-unknown') return false
    // Where it is all there is, a model that fails is tried all the same; where another can answer, it is not.
    return !selection.states.every((state) => state.failing.get(model)?.phase === 'open')
  })
}

/** One that was never probed is taken only where none is known to be up. */
function onlyHealthy(states: readonly UpstreamState[]): readonly UpstreamState[] {
  const up = states.filter((state) => state.health === 'up')
  return up.length > 0 ? up : states.filter((state) => state.health === 'unknown')
}

/** One that was never seen awake may have any model. */
function mayWakeFor(state: UpstreamState, request: SelectRequest, assigned: boolean): boolean {
  const runsModel = request.route.kind === 'generate' || request.route.kind === 'model'
  if (!runsModel || request.model === null || state.wake === null) return false
  if (state.health !== 'down' || state.draining || request.tried.has(state.name)) return false
  return assigned || state.models === null || has(state, request.model)
}

function having({ upstreams }: Snapshot, verdicts: readonly Verdict[], wanted: Verdict): readonly UpstreamState[] {
  return upstreams.filter((_state, index) => verdicts[index] === wanted)
}

function leastBusyOf(states: readonly UpstreamState[], turn: number): UpstreamState | undefined {
  if (states.length < 2) return states[0]
  let best: UpstreamState[] = []
  for (const state of states) {
    const order = best[0] === undefined ? -1 : compareLoad(state, best[0])
    if (order < 0) best = [state]
    else if (order === 0) best.push(state)
  }
  return best[turn % best.length]
}

function compareLoad(a: UpstreamState, b: UpstreamState): number {
  return Number(a.slow) - Number(b.slow) || a.priority - b.priority || a.running - b.running
}
