import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Upstream } from '../proxy/upstream.ts'
import { NOBODY } from './claims.ts'
import type { DispatchOptions } from './dispatch/dispatch-options.ts'
import { createDispatcher, type Dispatcher } from './dispatch/dispatcher.ts'
import { type BytesOf, createFleetFacts } from './fleet-facts.ts'
import { createFleet, type Fleet } from './fleet-state.ts'
import type { Estimates, PairEstimates } from './learning/estimates.ts'
import { loadedModels } from './loaded-models.ts'
import { createRouter, type FleetRouter, type RouterOptions } from './router.ts'
import type { StartTimer } from './timer.ts'
import type { UpstreamMember, UpstreamState } from './upstream-state.ts'
import { createWaker } from './waker.ts'

export interface RoutingCoreDeps {
  readonly clock: Clock
  readonly startTimer: StartTimer
  readonly log: Log
  /** One upstream that stands for all of them. */
  several(upstreams: readonly Upstream[]): Upstream
}

/**
 * What of routing outlives a reload: what is known of the fleet, the queue with everything that waits and runs, and
 * what was learnt. A generation only configures it.
 */
export interface RoutingCore {
  readonly fleet: Fleet
  readonly router: FleetRouter
  readonly dispatcher: Pick<Dispatcher, 'explain' | 'loads' | 'queues'>
  configure(plan: RoutingPlan): void
  stop(): void
}

/** What one config makes of it. */
export interface RoutingPlan extends RouterOptions {
  readonly members: readonly UpstreamMember[]
  readonly dispatch: DispatchOptions
  /** Reads the lists again, bounded, for a model that none of them has. */
  learnModel(model: string): Promise<void>
  /** Asks an upstream after its health now. */
  hurry(name: string): void
}

const NO_PLAN: RoutingPlan = {
  members: [],
  dispatch: { maxLength: 512, maxWaitMs: 300_000, spillAfterMs: 20_000, affinity: true },
  assignments: new Map(),
  agentWaitMs: 0,
  pools: [],
  learnModel: () => Promise.resolve(),
  hurry() {},
}

export function createRoutingCore(deps: RoutingCoreDeps): RoutingCore {
  let plan = NO_PLAN
  const fleet = createFleet([])
  const dispatcher = createDispatcher({ clock: deps.clock, estimates: GUESSES }, plan.dispatch)
  const waker = createWaker({ ...deps, fleet, hurry: (name) => plan.hurry(name) })
  const facts = createFleetFacts(bytesOnDisk)
  const router = createRouter(
    {
      ...deps,
      fleet,
      dispatcher,
      waker,
      bytesOf: bytesOnDisk,
      learnModel: (model) => plan.learnModel(model),
      watch: () => NOBODY,
      preload() {},
    },
    plan,
  )
  // After the router's own: what it remembered of candidates is forgotten by then.
  fleet.onNews(() => {
    const servers = facts.update(fleet.all())
    router.carryOut(servers === undefined ? dispatcher.reconsider() : dispatcher.setServers(servers))
  })
  fleet.onLoaded((state) => router.carryOut(dispatcher.sawLoaded(state.name, loadedModels(state))))

  return {
    fleet,
    router,
    dispatcher,
    configure(next) {
      plan = next
      router.configure(next)
      facts.forgetBytes()
      router.carryOut(dispatcher.configure(next.dispatch))
      fleet.setMembers(next.members)
    },
    stop() {
      router.stop()
      waker.stop()
    },
  }
}

const bytesOnDisk: BytesOf = ({ models }: UpstreamState, canonical) => {
  const entry = models?.get(canonical)
  const size = entry?.raw['size']
  return entry?.remote === false && typeof size === 'number' ? size : 0
}

const GUESS: PairEstimates = { prefillMsPerToken: 1, decodeMsPerToken: 25, outputTokens: 200 }
const GUESSES: Estimates = { pair: () => GUESS, networkMs: () => 1, loadMs: (_server, bytes) => 1000 + bytes / 1.5e6 }
