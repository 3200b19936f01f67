import { GatewayError } from '../errors/gateway-error.ts'
import type { AttemptOutcome, RouteRequest, Router } from '../proxy/router.ts'
import type { Upstream } from '../proxy/upstream.ts'
import { type ClaimListener, NOBODY, PlaceClaim, SeveralClaim } from './claims.ts'
import type { Effect } from './dispatch/effect.ts'
import { Errand, type ErrandDesk } from './errand.ts'
import type { BytesOf } from './fleet-facts.ts'
import { namesProblem } from './named-upstreams.ts'
import { createQueueDesk, type QueueDeskDeps } from './queue-desk.ts'
import { refusal } from './refusal.ts'
import { createSearch, type SearchDeps } from './search.ts'
import { pick, selectUpstreams, type Selection } from './select.ts'
import type { UpstreamState } from './upstream-state.ts'
import { has, isWrite, type Snapshot } from './verdict.ts'
import { createWritePins } from './write-pins.ts'
import { isUpload, selectWriteTargets } from './write-targets.ts'

export interface RouterDeps extends Omit<QueueDeskDeps, 'stranded'>, Omit<SearchDeps, 'select' | 'fleet'> {
  readonly bytesOf: BytesOf
  /** One upstream that stands for all of them. */
  several(upstreams: readonly Upstream[]): Upstream
}

export interface RouterOptions {
  /** Canonical model to upstream names. */
  readonly assignments: ReadonlyMap<string, readonly string[]>
  /** How long a request that nobody can serve waits for an agent. */
  readonly agentWaitMs: number
  /** Names that stand for agents, whether there are any or not. */
  readonly pools: readonly string[]
}

export interface FleetRouter extends Router {
  configure(options: RouterOptions): void
  /** To be called with what the dispatcher makes of an event that the router does not tell it. */
  carryOut(effects: readonly Effect[]): void
  /** Who may take what has changed, although the fleet has no news: what models take, for instance. */
  renew(): void
  /** What choices are made from now. */
  snapshot(): Snapshot
  /** How many wait in the queue. */
  waiting(): number
  stop(): void
}

/** Names of upstreams are remembered for so many lanes at once. */
const MAX_LANES = 10_000
/** An errand that the queue cannot keep and that finds somebody all the same is not sent there for ever. */
const MAX_STRANDINGS = 3

/**
 * Sees each request to its place: one that runs a model which somebody has goes through the queue, the others straight
 * to an upstream; after a look at the lists, or a wait for somebody who can serve, where nobody can.
 */
export function createRouter(deps: RouterDeps, initial: RouterOptions): FleetRouter {
  const { fleet, dispatcher, clock } = deps
  let options = initial
  let turn = 0
  /** Names of those that may take a lane's works, until there is news. */
  const lanes = new Map<string, readonly string[]>()
  const pins = createWritePins()
  fleet.onNews(() => lanes.clear())

  const snapshot = (): Snapshot => ({ upstreams: fleet.all(), assignments: options.assignments, bytesOf: deps.bytesOf })
  const select = (request: RouteRequest): Selection => {
    if (!isWrite(request)) return selectUpstreams(request, snapshot())
    const pinned = isUpload(request) ? pins.of(request.principal.keyId, clock.now()) : undefined
    return selectWriteTargets(request, snapshot(), pinned)
  }
  const candidates = (errand: Errand): readonly string[] => {
    const known = lanes.get(errand.lane)
    if (known !== undefined) return known
    const names = namesOfHaving(select(errand.request), errand.model)
    if (lanes.size >= MAX_LANES) lanes.clear()
    if (names.length > 0) lanes.set(errand.lane, names)
    return names
  }
  const queue = createQueueDesk({ ...deps, stranded: (errand) => strand(errand) })
  const search = createSearch({ ...deps, select }, initial.agentWaitMs)
  const desk: ErrandDesk = {
    candidates,
    cancelled(errand) {
      const wasQueued = errand.state === 'queued'
      errand.state = 'over'
      if (wasQueued) queue.leave(errand)
      else errand.stopSearch()
    },
    place: (errand) => dispatcher.place(errand),
  }

  const refuse = (errand: Errand, error: GatewayError): void => {
    errand.state = 'over'
    errand.receiver.refused(error)
  }
  const grant = (errand: Errand, states: readonly UpstreamState[]): void => {
    const [only, ...others] = states
    if (only === undefined) return refuse(errand, new GatewayError('no_upstream'))
    errand.state = 'over'
    const { request } = errand
    if (others.length === 0) {
      const listener = pin(request, only.upstream.id)
      return errand.receiver.granted(new PlaceClaim(only.upstream, ranModel(request), listener, deps))
    }
    const several = deps.several(states.map(({ upstream }) => upstream))
    const listener = pin(request, several.id)
    errand.receiver.granted(new SeveralClaim(several, states, { ...deps, listener }))
  }
  const pin = (request: RouteRequest, upstream: string): ClaimListener => {
    if (!isUpload(request)) return NOBODY
    const { principal, route } = request
    const isCreate = route.pattern === '/api/create'
    // A create keeps what the uploads before it pinned, and pins nothing by itself.
    if (isCreate && pins.of(principal.keyId, clock.now())?.upstream !== upstream) return NOBODY
    const hold = pins.hold(principal.keyId, upstream, clock.now())
    const howOf = (outcome: AttemptOutcome): 'unreached' | 'uploaded' | 'created' => {
      if (outcome === 'unreachable') return 'unreached'
      return isCreate && outcome === 'answered' ? 'created' : 'uploaded'
    }
    return { ...NOBODY, released: (outcome) => hold.ended(howOf(outcome), clock.now()) }
  }
  const conclude = (errand: Errand, selection: Selection): void => {
    if (selection.kind !== 'eligible') return refuse(errand, refusal(selection, errand.request, fleet.all()))
    if (errand.lane !== '' && namesOfHaving(selection, errand.model).length > 0) return queue.enqueue(errand)
    if (isWrite(errand.request)) return grant(errand, selection.states)
    const state = pick(errand.request, selection, turn)
    turn = (turn + 1) % Number.MAX_SAFE_INTEGER
    grant(errand, state === undefined ? [] : [state])
  }
  const settle = (errand: Errand): void => {
    const selection = select(errand.request)
    if (!search.mayHelp(errand.request, selection)) return conclude(errand, selection)
    errand.state = 'searching'
    void search.forSomebody(errand, selection).then((found) => {
      if (errand.state === 'searching') conclude(errand, found)
    })
  }
  const strand = (errand: Errand): void => {
    errand.strandings += 1
    if (errand.strandings > MAX_STRANDINGS) refuse(errand, new GatewayError('no_upstream', { retryAfterSeconds: 1 }))
    else settle(errand)
  }

  return {
    request(request, receiver) {
      fleet.passTime(clock.now())
      const errand = new Errand(request, receiver, desk)
      const problem = namesProblem(request, fleet.all(), options.pools)
      if (problem !== undefined) refuse(errand, problem)
      else if (errand.lane !== '' && candidates(errand).length > 0) queue.enqueue(errand)
      else settle(errand)
      return errand
    },
    configure(next) {
      options = next
      search.setAgentWait(next.agentWaitMs)
      lanes.clear()
    },
    carryOut: queue.carryOut,
    renew: () => lanes.clear(),
    snapshot,
    waiting: () => dispatcher.waiting,
    stop: queue.stop,
  }
}

/** Only what runs a model tells whether an upstream can. */
function ranModel({ model, route }: RouteRequest): string | null {
  return route.kind === 'generate' ? model : null
}

/** Those that list it: an assigned one that does not is asked as it is, and says so itself. */
function namesOfHaving(selection: Selection, model: string): readonly string[] {
  if (selection.kind !== 'eligible' || selection.why === 'model-unknown') return []
  const { states } = selection
  return states.every((state) => has(state, model)) ? states.map(({ name }) => name) : []
}
