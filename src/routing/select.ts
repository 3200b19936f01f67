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
  readonly route: Pick<RouteRequest['route'], 'kind' | 'pattern'>
  readonly principal: Pick<RouteRequest['principal'], 'upstreams'>
}

export type Selection =
  | { readonly kind: 'selected'; readonly state: UpstreamState; readonly why: SelectionReason }
  | { readonly kind: 'none'; readonly reason: 'no-upstream' | 'all-tried' | 'upstream-denied' | 'model-down' }

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
  const mine = granted === null ? enabled : enabled.filter(({ name }) => granted.includes(name))
  const reachable = assigned === undefined ? mine : mine.filter(({ name }) => assigned.includes(name))
  if (reachable.length === 0) {
    return {
      kind: 'none',
      reason: enabled.length === 0 || isAway(assigned, enabled) ? 'no-upstream' : 'upstream-denied',
    }
  }
  const healthy = onlyHealthy(reachable)
  if (healthy.length === 0) return { kind: 'none', reason: 'no-upstream' }
  const candidates = candidatesOf(request, healthy, assigned !== undefined)
  if (candidates.why === 'model-unknown' && !isWrite(request) && reachable.some((state) => has(state, request.model))) {
    return { kind: 'none', reason: 'model-down' }
  }
  const untried = keep(candidates.states, (state) => !request.tried.has(state.name))
  const state = pick(request, { ...candidates, states: untried }, snapshot.turn)
  return state === undefined ? { kind: 'none', reason: 'all-tried' } : { kind: 'selected', state, why: candidates.why }
}

/** The first of `models` that an upstream within reach can serve now. For fallbacks, which replace a missing model. */
export function firstServable(
  models: readonly string[],
  request: Pick<SelectRequest, 'principal'>,
  snapshot: Omit<Snapshot, 'turn'>,
): string | undefined {
  const route = { kind: 'generate', pattern: '' } as const
  return models.find((model) => {
    const selection = selectUpstream({ ...request, route, model, tried: new Set() }, { ...snapshot, turn: 0 })
    return selection.kind === 'selected' && (selection.why === 'assigned' || selection.why === 'has-model')
  })
}

function isAway(assigned: readonly string[] | undefined, enabled: readonly UpstreamState[]): boolean {
  return assigned !== undefined && !enabled.some((state) => assigned.includes(state.name))
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
  return having.length > 0 ? { states: having, why: 'has-model' } : { states: healthy, why: 'model-unknown' }
}

/** Filters without a copy where nothing falls out, which is how it usually is. */
function keep(states: readonly UpstreamState[], isWanted: (state: UpstreamState) => boolean): readonly UpstreamState[] {
  return states.every(isWanted) ? states : states.filter(isWanted)
}

function has(state: UpstreamState, model: string | null): boolean {
  return model !== null && (state.models?.has(model) ?? false)
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
