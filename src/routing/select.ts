import type { RouteRequest } from '../proxy/router.ts'
import type { UpstreamState } from './upstream-state.ts'

/** What a choice is made from. */
export interface Snapshot {
  /** In order of priority, then name. */
  readonly upstreams: readonly UpstreamState[]
  /** Canonical model to the only upstreams that may serve it. */
  readonly assignments: ReadonlyMap<string, readonly string[]>
  /** Counts choices, so that equals take turns. */
  readonly turn: number
}

export type SelectRequest = Pick<RouteRequest, 'model' | 'tried'> & {
  readonly route: Pick<RouteRequest['route'], 'kind' | 'pattern' | 'dialect'>
  readonly principal: Pick<RouteRequest['principal'], 'upstreams'>
}

export type Selection =
  | { readonly kind: 'selected'; readonly state: UpstreamState; readonly why: SelectionReason }
  /** Only this one can serve it, and it can be woken. */
  | { readonly kind: 'asleep'; readonly state: UpstreamState }
  /** Only this one has the model, and it speaks another API. */
  | { readonly kind: 'none'; readonly reason: 'dialect'; readonly state: UpstreamState }
  | {
      readonly kind: 'none'
      readonly reason: 'key-refused' | 'no-upstream' | 'all-tried' | 'upstream-denied' | 'model-down' | 'model-missing'
    }

/** `model-unknown`: no list names the model; the first upstream shall say so in its own words. */
export type SelectionReason = 'assigned' | 'has-model' | 'model-unknown' | 'any'

interface Candidates {
  readonly states: readonly UpstreamState[]
  readonly why: SelectionReason
}

/** Pure: which upstream gets an attempt. */
export function selectUpstream(request: SelectRequest, snapshot: Snapshot): Selection {
  const enabled = keep(snapshot.upstreams, (state) => state.enabled)
  const assigned = request.model === null ? undefined : snapshot.assignments.get(request.model)
  const { upstreams: granted } = request.principal
  const serving = keep(enabled, (state) => maySend(state, request))
  const mine = granted === null ? serving : serving.filter((state) => isAmong(state, granted))
  const reachable = assigned === undefined ? mine : mine.filter((state) => isAmong(state, assigned))
  if (reachable.length === 0) {
    return {
      kind: 'none',
      reason: serving.length === 0 || isAway(assigned, serving) ? 'no-upstream' : 'upstream-denied',
    }
  }
  const speaking = keep(reachable, (state) => speaks(state, request))
  const other = onlyElsewhere(request, { reachable, speaking, assigned: assigned !== undefined })
  if (other !== undefined) return { kind: 'none', reason: 'dialect', state: other }
  // Providers alone, of other APIs: there is nobody whose own word on the model could be passed on.
  if (speaking.length === 0 && request.model !== null && !isWrite(request)) {
    return { kind: 'none', reason: 'model-missing' }
  }
  return selectSpeaking(request, { states: speaking, assigned: assigned !== undefined, turn: snapshot.turn })
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

interface SpeakingFleet {
  readonly states: readonly UpstreamState[]
  readonly assigned: boolean
  readonly turn: number
}

/** Among those within reach that speak the request's dialect. */
function selectSpeaking(request: SelectRequest, { states, assigned, turn }: SpeakingFleet): Selection {
  const healthy = onlyHealthy(states)
  const candidates = candidatesOf(request, healthy, assigned)
  const isKnown = candidates.why !== 'model-unknown' && candidates.states.length > 0
  const sleeper = isKnown ? undefined : states.find((state) => mayWakeFor(state, request, assigned))
  if (sleeper !== undefined) return { kind: 'asleep', state: sleeper }
  if (!isKnown && refusesAll(request, { states, healthy, assigned })) return { kind: 'none', reason: 'key-refused' }
  if (healthy.length === 0) return { kind: 'none', reason: 'no-upstream' }
  if (candidates.why === 'model-unknown' && !isWrite(request) && states.some((state) => has(state, request.model))) {
    return { kind: 'none', reason: 'model-down' }
  }
  if (candidates.states.length === 0) {
    return { kind: 'none', reason: states.every((state) => state.provider !== null) ? 'model-missing' : 'no-upstream' }
  }
  const untried = keep(candidates.states, (state) => !request.tried.has(state.name))
  const state = pick(request, { ...candidates, states: untried }, turn)
  return state === undefined ? { kind: 'none', reason: 'all-tried' } : { kind: 'selected', state, why: candidates.why }
}

/** Whether those that could serve it are providers that refuse the gateway's key. */
function refusesAll(
  request: SelectRequest,
  { states, healthy, assigned }: Omit<SpeakingFleet, 'turn'> & { readonly healthy: readonly UpstreamState[] },
): boolean {
  const isAll = assigned || healthy.length === 0
  const fit = isAll ? states : states.filter((state) => has(state, request.model))
  return fit.length > 0 && fit.every((state) => state.refusesKey)
}

export interface FallbackRequest {
  readonly principal: SelectRequest['principal']
  readonly dialect: SelectRequest['route']['dialect']
}

/** The first of `models` that an upstream within reach can serve now. For fallbacks, which replace a missing model. */
export function firstServable(
  models: readonly string[],
  request: FallbackRequest,
  snapshot: Omit<Snapshot, 'turn'>,
): string | undefined {
  const { principal, dialect } = request
  const route = { kind: 'generate', pattern: '', dialect } as const
  return models.find((model) => {
    const selection = selectUpstream({ principal, route, model, tried: new Set() }, { ...snapshot, turn: 0 })
    if (selection.kind === 'asleep') return true
    return selection.kind === 'selected' && (selection.why === 'assigned' || selection.why === 'has-model')
  })
}

function isAway(assigned: readonly string[] | undefined, enabled: readonly UpstreamState[]): boolean {
  return assigned !== undefined && !enabled.some((state) => isAmong(state, assigned))
}

/** Lists of upstreams may name a pool for all its agents. */
export function isAmong({ name, agent }: UpstreamState, names: readonly string[]): boolean {
  return names.includes(name) || (agent !== null && names.includes(agent.pool))
}

function maySend({ agent }: UpstreamState, { model }: SelectRequest): boolean {
  return agent === null || model === null || agent.serves(model)
}

/** One that was never probed is taken only where none is known to be up. */
function onlyHealthy(states: readonly UpstreamState[]): readonly UpstreamState[] {
  const up = keep(states, (state) => state.health === 'up')
  return up.length > 0 ? up : states.filter((state) => state.health === 'unknown')
}

function candidatesOf(request: SelectRequest, healthy: readonly UpstreamState[], assigned: boolean): Candidates {
  if (request.model === null || isCreation(request)) return { states: healthy, why: 'any' }
  const having = keep(healthy, (state) => has(state, request.model))
  // An assigned upstream need not list its models.
  if (assigned) return { states: having.length > 0 ? having : healthy, why: 'assigned' }
  if (having.length > 0) return { states: having, why: 'has-model' }
  // A prompt for a model that nobody knows stays in the house.
  return { states: keep(healthy, (state) => state.provider === null), why: 'model-unknown' }
}

/** Filters without a copy where nothing falls out, which is how it usually is. */
function keep(states: readonly UpstreamState[], isWanted: (state: UpstreamState) => boolean): readonly UpstreamState[] {
  return states.every(isWanted) ? states : states.filter(isWanted)
}

function has(state: UpstreamState, model: string | null): boolean {
  return model !== null && (state.models?.has(model) ?? false)
}

function speaks(state: UpstreamState, { model, route }: SelectRequest): boolean {
  return state.upstream.speaks(model ?? '').has(route.dialect)
}

/** One that was never seen awake may have any model. */
function mayWakeFor(state: UpstreamState, request: SelectRequest, assigned: boolean): boolean {
  const runsModel = request.route.kind === 'generate' || request.route.kind === 'model'
  if (!runsModel || request.model === null || state.wake === null) return false
  if (state.health !== 'down' || request.tried.has(state.name)) return false
  return assigned || state.models === null || has(state, request.model)
}

function isWrite(request: SelectRequest): boolean {
  return request.route.kind === 'write'
}

/** Goes where the blobs went, which were uploaded before anybody named a model. */
function isCreation(request: SelectRequest): boolean {
  return isWrite(request) && request.route.pattern === '/api/create'
}

/** Writes build on one another and relayed answers differ by server: those must not take turns. */
function pick(request: SelectRequest, { states, why }: Candidates, turn: number): UpstreamState | undefined {
  if (isWrite(request)) return states[0]
  if (request.route.kind === 'relay' || why === 'model-unknown') return states.find((state) => !state.slow) ?? states[0]
  return leastBusyOf(states, turn)
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
