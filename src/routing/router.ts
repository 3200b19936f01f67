import { GatewayError } from '../errors/gateway-error.ts'
import type { RouteRequest, Router } from '../proxy/router.ts'
import type { Upstream } from '../proxy/upstream.ts'
import { NOBODY, PlaceClaim, SeveralClaim } from './claims.ts'
import type { Dispatcher } from './dispatch/dispatcher.ts'
import type { Effect } from './dispatch/effect.ts'
import { Errand, type ErrandDesk } from './errand.ts'
import type { BytesOf } from './fleet/fleet-facts.ts'
import { createLaneCandidates, type LaneCandidates, queueable } from './selection/lane-candidates.ts'
import { namesProblem } from './selection/named-upstreams.ts'
import { createQueueDesk, type QueueDesk, type QueueDeskDeps } from './queue-desk.ts'
import { refusal } from './selection/refusal.ts'
import { createSearch, type SearchDeps } from './search.ts'
import { pick, selectUpstreams, type Selection } from './selection/select.ts'
import type { UpstreamState } from './fleet/upstream-state.ts'
import { createUploads, type Uploads } from './uploads.ts'
import { isWrite, type Snapshot } from './selection/verdict.ts'
import { selectWriteTargets } from './write-targets.ts'

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

/** An errand that the queue cannot keep and that finds somebody all the same is not sent there for ever. */
const MAX_STRANDINGS = 3

/**
 * Sees each request to its place: one that runs a model which somebody has goes through the queue, the others straight
 * to an upstream; after a look at the lists, or a wait for somebody who can serve, where nobody can.
 */
export function createRouter(deps: RouterDeps, initial: RouterOptions): FleetRouter {
  const { fleet, dispatcher, clock } = deps
  let options = initial
  const uploads = createUploads(clock)
  const snapshot = (): Snapshot => ({ upstreams: fleet.all(), assignments: options.assignments, bytesOf: deps.bytesOf })
  const select = (request: RouteRequest): Selection =>
    isWrite(request)
      ? selectWriteTargets(request, snapshot(), uploads.pinOf(request))
      : selectUpstreams(request, snapshot())
  const candidates = createLaneCandidates({ select: ({ request }) => select(request), upstreams: fleet.all })
  // Before anybody else's: who asks for candidates at this news shall get those of now.
  fleet.onNews(candidates.forget)
  const queue = createQueueDesk({ ...deps, stranded: (errand) => strand(errand) })
  const search = createSearch({ ...deps, select }, initial.agentWaitMs)
  const grant = createGrant(deps, uploads)
  const desk = createErrandDesk(candidates, queue, dispatcher)

  const conclude = (errand: Errand, selection: Selection): void => {
    if (selection.kind !== 'eligible') refuse(errand, refusal(selection, errand.request, snapshot()))
    else if (queueable(selection, errand).length > 0) {
      candidates.join(errand)
      queue.enqueue(errand)
    } else grant(errand, selection)
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
    // Of those in one lane some may have to part: that is no fault of theirs.
    if (!candidates.join(errand)) errand.strandings += 1
    if (errand.strandings > MAX_STRANDINGS) refuse(errand, new GatewayError('no_upstream', { retryAfterSeconds: 1 }))
    else settle(errand)
  }

  return {
    request(request, receiver) {
      fleet.passTime(clock.now())
      const errand = new Errand(request, receiver, desk)
      candidates.join(errand)
      const problem = namesProblem(request, fleet.all(), options.pools)
      if (problem !== undefined) refuse(errand, problem)
      else if (candidates.of(errand).length > 0) queue.enqueue(errand)
      else settle(errand)
      return errand
    },
    configure(next) {
      options = next
      search.setAgentWait(next.agentWaitMs)
      candidates.forget()
    },
    carryOut: queue.carryOut,
    renew: candidates.forget,
    snapshot,
    waiting: () => dispatcher.waiting,
    stop: queue.stop,
  }
}

function createErrandDesk(candidates: LaneCandidates, queue: QueueDesk, dispatcher: Dispatcher): ErrandDesk {
  return {
    candidates: candidates.of,
    place: (errand) => dispatcher.place(errand),
    cancelled(errand) {
      const wasQueued = errand.state === 'queued'
      errand.state = 'over'
      if (wasQueued) queue.leave(errand)
      else errand.stopSearch()
    },
  }
}

function refuse(errand: Errand, error: GatewayError): void {
  errand.state = 'over'
  errand.receiver.refused(error)
}

type Eligible = Extract<Selection, { kind: 'eligible' }>

/** Gives a request that waits for no slot its place at once: what writes to several, at all of them. */
function createGrant(deps: RouterDeps, uploads: Uploads): (errand: Errand, selection: Eligible) => void {
  let turn = 0
  const chosen = (request: RouteRequest, selection: Eligible): readonly UpstreamState[] => {
    if (isWrite(request)) return selection.states
    const state = pick(request, selection, turn)
    turn = (turn + 1) % Number.MAX_SAFE_INTEGER
    return state === undefined ? [] : [state]
  }
  return (errand, selection) => {
    const { request, receiver } = errand
    const states = chosen(request, selection)
    const [only, ...others] = states
    if (only === undefined) return refuse(errand, new GatewayError('no_upstream'))
    errand.state = 'over'
    if (others.length === 0) {
      const listener = uploads.watch(request, only.upstream.id)
      const model = request.route.kind === 'generate' ? request.model : null
      return receiver.granted(new PlaceClaim(only.upstream, { model, listener }, deps))
    }
    const upstream = deps.several(states.map((state) => state.upstream))
    const parts = states.map((state) => new PlaceClaim(state.upstream, { model: null, listener: NOBODY }, deps))
    receiver.granted(new SeveralClaim(upstream, parts, uploads.watch(request, upstream.id)))
  }
}
