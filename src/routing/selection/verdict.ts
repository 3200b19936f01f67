import type { RouteRequest } from '../../proxy/router.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'

/** What a choice is made from. */
export interface Snapshot {
  /** In order of priority, then name. */
  readonly upstreams: readonly UpstreamState[]
  /** Canonical model to the only upstreams that may serve it. */
  readonly assignments: ReadonlyMap<string, readonly string[]>
  /** What a model takes once it is loaded there; absent: nothing that counts. */
  bytesOf?(state: UpstreamState, canonical: string): number
}

export type SelectRequest = Pick<RouteRequest, 'model' | 'tried'> & {
  readonly named?: RouteRequest['named']
  readonly route: Pick<RouteRequest['route'], 'kind' | 'pattern' | 'dialect'>
  readonly principal: Pick<RouteRequest['principal'], 'upstreams'>
}

export type Reach = Pick<SelectRequest, 'principal' | 'named'>

/** Why an upstream is not among those that may get a request; the first that holds, in this order. */
export type Verdict = 'eligible' | DropReason

export type DropReason =
  | 'disabled'
  | 'closed-to-pool'
  | 'not-assigned'
  | 'not-granted'
  | 'not-named'
  | 'other-dialect'
  | 'lacks-model'
  | 'too-big'
  | 'draining'
  | 'refuses-key'
  | 'down'
  /** Requests that ran a model failed there, whatever its health probes say. */
  | 'broken'
  | 'tried'
  /** Never probed, where another is known to be up. */
  | 'unproven'
  /** The model failed on it, where another may do better. */
  | 'fails-model'

/** Pure: a verdict for each of the snapshot's upstreams, in their order. */
export function judgeFleet(request: SelectRequest, snapshot: Snapshot): Verdict[] {
  const { upstreams } = snapshot
  const verdicts = upstreams.map((state) => judgeUpstream(state, request, snapshot))
  const narrow = (isBetter: (state: UpstreamState) => boolean, reason: DropReason): void => {
    const isLeft = (state: UpstreamState, index: number): boolean => verdicts[index] === 'eligible' && isBetter(state)
    if (!upstreams.some(isLeft)) return
    for (const [index, state] of upstreams.entries()) {
      if (verdicts[index] === 'eligible' && !isBetter(state)) verdicts[index] = reason
    }
  }
  narrow((state) => state.health === 'up', 'unproven')
  // An assigned upstream need not list its models, but one that does is the surer one.
  if (isAssigned(request, snapshot)) narrow((state) => has(state, request.model), 'lacks-model')
  narrow((state) => !fails(state, request.model), 'fails-model')
  return verdicts
}

/** By itself, without a look at the others. */
function judgeUpstream(state: UpstreamState, request: SelectRequest, snapshot: Snapshot): Verdict {
  const refusal = judgeReach(state, request, snapshot)
  if (refusal !== undefined) return refusal
  const assigned = isAssigned(request, snapshot)
  if (!assigned && wantsModel(request) && !has(state, request.model)) return 'lacks-model'
  if (!assigned && !fits(state, request, snapshot)) return 'too-big'
  if (isClosedTo(state, request)) return 'draining'
  if (state.health === 'down') return state.refusesKey ? 'refuses-key' : 'down'
  if (state.breaker.phase === 'open' && request.route.kind === 'generate') return 'broken'
  return request.tried.has(state.name) ? 'tried' : 'eligible'
}

/** Whether it may be asked at all, and understands what it is asked. */
export function judgeReach(
  state: UpstreamState,
  request: SelectRequest,
  { assignments }: Snapshot,
): DropReason | undefined {
  const { model, principal, named = null } = request
  if (!state.enabled) return 'disabled'
  if (state.agent !== null && model !== null && !state.agent.serves(model)) return 'closed-to-pool'
  const assigned = model === null ? undefined : assignments.get(model)
  if (assigned !== undefined && !isAmong(state, assigned)) return 'not-assigned'
  if (principal.upstreams !== null && !isAmong(state, principal.upstreams)) return 'not-granted'
  if (named !== null && !isNamed(state, named)) return 'not-named'
  return state.upstream.speaks(model ?? '').has(request.route.dialect) ? undefined : 'other-dialect'
}

/** Lists of upstreams may name a pool for all its agents. */
export function isAmong({ name, agent }: UpstreamState, names: readonly string[]): boolean {
  return names.includes(name) || (agent !== null && names.includes(agent.pool))
}

/** Whether a request may be sent there, as far as its key and what it names go. */
export function isWithin(state: UpstreamState, { principal, named = null }: Reach): boolean {
  const isGranted = principal.upstreams === null || isAmong(state, principal.upstreams)
  return isGranted && (named === null || isNamed(state, named))
}

/** What a request names may be all of them. */
export function isNamed(state: UpstreamState, names: readonly string[]): boolean {
  return names.includes('*') || isAmong(state, names)
}

export function has(state: UpstreamState, model: string | null): boolean {
  return model !== null && (state.models?.has(model) ?? false)
}

export function isAssigned({ model }: SelectRequest, { assignments }: Snapshot): boolean {
  return model !== null && assignments.has(model)
}

export function isWrite(request: SelectRequest): boolean {
  return request.route.kind === 'write'
}

/** One that is drained gets nothing new, but is brought into shape by whoever names it. */
export function isClosedTo({ draining }: UpstreamState, request: SelectRequest): boolean {
  return draining && !(isWrite(request) && (request.named ?? null) !== null)
}

/** A creation goes where the blobs went, which were uploaded before anybody named a model. */
export function wantsModel(request: SelectRequest): boolean {
  return request.model !== null && !(isWrite(request) && request.route.pattern === '/api/create')
}

function fits(state: UpstreamState, { model, route }: SelectRequest, snapshot: Snapshot): boolean {
  if (state.memoryBytes === null || model === null || route.kind !== 'generate') return true
  return (snapshot.bytesOf?.(state, model) ?? 0) <= state.memoryBytes
}

function fails(state: UpstreamState, model: string | null): boolean {
  return model !== null && state.failing.get(model)?.phase === 'open'
}
