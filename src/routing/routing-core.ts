import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ModelSettings } from '../proxy/settings.ts'
import type { Upstream } from '../proxy/upstream.ts'
import { BothListeners } from './claims.ts'
import type { DispatchOptions } from './dispatch/dispatch-options.ts'
import { createDispatcher, type Dispatcher } from './dispatch/dispatcher.ts'
import { createFleetFacts } from './fleet/fleet-facts.ts'
import { createFleetLearning, type FleetLearning } from './fleet/fleet-learning.ts'
import { createFleet, type Fleet } from './fleet/fleet-state.ts'
import { loadedModels } from './fleet/loaded-models.ts'
import { createRouter, type FleetRouter, type RouterOptions } from './router.ts'
import type { StartTimer } from './timer.ts'
import type { UpstreamMember } from './fleet/upstream-state.ts'
import { createWaker, type Waker } from './fleet/waker.ts'
import { createWarmth, type WarmthPlan } from './warmth/warmth.ts'

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
  readonly learning: Pick<FleetLearning, 'learnt' | 'probed'>
  readonly waker: Pick<Waker, 'wake' | 'isWaking'>
  /** Reads the list of an upstream's models again. */
  modelsChanged(name: string): void
  configure(plan: RoutingPlan): void
  stop(): void
}

/** What one config makes of it. */
export interface RoutingPlan extends RouterOptions {
  readonly members: readonly UpstreamMember[]
  readonly dispatch: DispatchOptions
  readonly memory: Pick<ModelSettings, 'memory' | 'memoryPatterns'>
  readonly warmth: WarmthPlan
  /** Reads the lists again, bounded, for a model that none of them has. */
  learnModel(model: string): Promise<void>
  /** Asks an upstream after its health now. */
  hurry(name: string): void
  /** To be called after the models of an upstream were written. */
  modelsChanged(name: string): Promise<void>
}

const NO_PLAN: RoutingPlan = {
  members: [],
  dispatch: { maxLength: 512, maxWaitMs: 300_000, spillAfterMs: 20_000, affinity: true },
  memory: { memory: {}, memoryPatterns: [] },
  warmth: { keepWarm: [], policies: [], firstByteTimeoutMs: 30 * 60_000, canonicalOf: (name) => name },
  assignments: new Map(),
  agentWaitMs: 0,
  pools: [],
  learnModel: () => Promise.resolve(),
  hurry() {},
  modelsChanged: () => Promise.resolve(),
}

export function createRoutingCore(deps: RoutingCoreDeps): RoutingCore {
  let plan = NO_PLAN
  const fleet = createFleet([])
  const learning = createFleetLearning({ fleet, clock: deps.clock })
  const dispatcher = createDispatcher({ clock: deps.clock, ...learning }, plan.dispatch)
  const hurry = (name: string): void => plan.hurry(name)
  const waker = createWaker({ ...deps, fleet, hurry })
  const warmth = createWarmth({ ...deps, ...learning, fleet, loads: () => dispatcher.loads(), hurry })
  const facts = createFleetFacts(learning.bytesOf)
  const router = createRouter(
    {
      ...deps,
      fleet,
      dispatcher,
      waker,
      bytesOf: learning.bytesOf,
      learnModel: (model) => plan.learnModel(model),
      watch: (...sent) => new BothListeners(learning.watch(...sent), warmth.watch(...sent)),
      preload: warmth.preload,
    },
    plan,
  )
  const tellServers = (): void => {
    const servers = facts.update(fleet.all())
    if (servers === undefined) return router.carryOut(dispatcher.reconsider())
    learning.keep(new Set(servers.map(({ name }) => name)))
    router.carryOut(dispatcher.setServers(servers))
  }
  // After the router's own: what it remembered of candidates is forgotten by then.
  fleet.onNews(tellServers)
  fleet.onLoaded((state) => {
    if (learning.sawLoaded(state)) {
      facts.forgetBytes(state.name)
      router.renew()
      tellServers()
    }
    router.carryOut(dispatcher.sawLoaded(state.name, loadedModels(state)))
  })

  return {
    fleet,
    router,
    dispatcher,
    learning,
    waker,
    modelsChanged: (name) => void plan.modelsChanged(name),
    configure(next) {
      plan = next
      learning.configure(next.memory)
      warmth.configure(next.warmth)
      router.configure(next)
      facts.forgetBytes()
      router.carryOut(dispatcher.configure(next.dispatch))
      fleet.setMembers(next.members)
    },
    stop() {
      router.stop()
      waker.stop()
      warmth.stop()
    },
  }
}
