import type { Principal } from '../auth/principal.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { parseAnyModelName } from '../lib/model-name.ts'
import type { Router } from '../proxy/router.ts'
import type { ModelSettings } from '../proxy/settings.ts'
import { createAskJson } from './health/ask-json.ts'
import type { ModelQueue } from './dispatch/model-queue.ts'
import type { ServerLoad } from './dispatch/server-load.ts'
import { explainAsked } from './selection/explain-asked.ts'
import { createFallbacks, type ReplaceableRequest } from './fallbacks.ts'
import type { RouteExplanation } from './selection/explanation.ts'
import type { Fleet } from './fleet/fleet-state.ts'
import { createHealthMonitor } from './health/health.ts'
import { createInspector } from './health/inspector.ts'
import type { LearntFleet } from './fleet/learnt-fleet.ts'
import { createListService, type ListService } from './models/list-service.ts'
import { createModelNames, type ModelNames } from './models/model-names.ts'
import { createModelRefresh, type ModelRefresh } from './health/model-refresh.ts'
import type { RoutingCore } from './routing-core.ts'
import type { FallbackRequest } from './selection/select.ts'
import type { QueueSettings, RoutingSettings } from './settings.ts'
import type { StartTimer } from './timer.ts'
import type { UpstreamMember } from './fleet/upstream-state.ts'
import type { Reach } from './selection/verdict.ts'

export interface RoutingDeps {
  /** Outlives this routing, which configures it. */
  readonly core: RoutingCore
  readonly clock: Clock
  readonly startTimer: StartTimer
  /** In [0, 1). */
  readonly random: () => number
  readonly log: Log
}

export interface RoutingOptions {
  readonly members: readonly UpstreamMember[]
  readonly routing: Pick<
    RoutingSettings,
    'healthIntervalMs' | 'modelTtlMs' | 'spillAfterMs' | 'affinity' | 'firstByteTimeoutMs'
  >
  readonly queue: QueueSettings
  readonly models: Omit<ModelSettings, 'desired' | 'default' | 'prices'>
  /** How long a request that nobody can serve waits for an agent; default 0. */
  readonly agentWaitMs?: number
  /** Names that stand for agents, whether there are any or not; default none. */
  readonly pools?: readonly string[]
}

/** Where requests can go, and what the fleet as a whole has. */
export interface Routing {
  readonly router: Router
  readonly fleet: Fleet
  readonly lists: ListService
  readonly names: ModelNames
  /** Begins to ask after the upstreams' health. */
  start(): void
  /** Ends once each upstream was asked once: milliseconds, or seconds where one is a black hole. */
  firstRound(): Promise<void>
  /** Asks nobody any more. What waits and runs goes on: that is the core's. */
  stop(): void
  setMembers(members: readonly UpstreamMember[]): void
  /** Something may have changed at an upstream: it is asked before its time. */
  upstreamChanged(name: string): void
  /** To be called after the models of an upstream, or of several with commas between, were written. */
  modelsChanged(upstreamName: string): Promise<void>
  /** Looks for a model that no list has, bounded; for whoever must judge it before it is routed. */
  learnModel(canonical: string): Promise<void>
  /**
   * The name of the configured fallback that shall answer for the model now; undefined: none has to. What does not run
   * the model is told of the very one that it names.
   */
  fallbackFor(canonical: string, request: ReplaceableRequest): string | undefined
  /** The names of its fallbacks that an upstream within the request's reach lists, in the order to try them. */
  fallbacksOf(canonical: string, request: Reach): readonly string[]
  /** Where a request for the model would go now, and why not elsewhere. */
  explain(question: RouteQuestion): Promise<RouteExplanation>
  readonly learnt: LearntFleet
  /** What runs and waits, upstream by upstream. */
  loads(): readonly ServerLoad[]
  /** What waits, model by model. */
  queues(): readonly ModelQueue[]
}

export interface RouteQuestion {
  /** As a client may write it. */
  readonly model: string
  readonly promptTokens: number
  readonly principal: Pick<Principal, 'upstreams' | 'keyId' | 'queue'>
  readonly dialect: FallbackRequest['dialect']
}

export function createRouting(deps: RoutingDeps, options: RoutingOptions): Routing {
  const { core, clock } = deps
  const { fleet, router } = core
  const names = createModelNames(options.models)
  const ask = createAskJson(deps)
  const inspector = createInspector({ ...deps, ask })
  const models = createModelRefresh({ ...deps, fleet, inspector })
  const health = createHealthMonitor(
    { ...deps, fleet, inspector, models, probed: core.learning.probed },
    options.routing,
  )
  const lists = createListService({ ...deps, fleet, ask }, names)
  const fallbacks = createFallbacks({ names, router })
  const modelsChanged = modelsChangedAt(fleet, { models, lists })
  core.configure({
    members: options.members,
    dispatch: { ...options.queue, spillAfterMs: options.routing.spillAfterMs, affinity: options.routing.affinity },
    memory: options.models,
    warmth: {
      ...options.models,
      firstByteTimeoutMs: options.routing.firstByteTimeoutMs,
      canonicalOf: (name) => targetOf(names, name),
    },
    assignments: names.assignments,
    agentWaitMs: options.agentWaitMs ?? 0,
    pools: options.pools ?? [],
    learnModel: models.learn,
    hurry: health.hurry,
    modelsChanged,
  })
  return {
    router,
    fleet,
    lists,
    names,
    start: health.start,
    firstRound: health.firstRound,
    stop: health.stop,
    setMembers(members) {
      fleet.setMembers(members)
      health.membersChanged()
    },
    upstreamChanged: health.changed,
    modelsChanged,
    learnModel: models.learn,
    fallbackFor: (canonical, request) => fallbacks.choose(canonical, request)?.name,
    fallbacksOf: fallbacks.within,
    async explain(question) {
      const model = targetOf(names, question.model)
      // As for a request: it may have arrived past the gateway.
      if (!fleet.knows(model)) await models.learn(model)
      const deps = { snapshot: router.snapshot(), dispatcher: core.dispatcher, now: clock.now(), fallbacks }
      return explainAsked(canonicalOf(question.model), { ...question, model }, deps)
    },
    learnt: core.learning.learnt,
    loads: () => core.dispatcher.loads(),
    queues: () => core.dispatcher.queues(),
  }
}

interface ReadModels {
  readonly models: Pick<ModelRefresh, 'refresh'>
  readonly lists: Pick<ListService, 'forget'>
}

function modelsChangedAt(fleet: Pick<Fleet, 'get'>, { models, lists }: ReadModels): Routing['modelsChanged'] {
  return async (upstreamName) => {
    const changed = fleet.get(upstreamName) === undefined ? upstreamName.split(',') : [upstreamName]
    changed.forEach(lists.forget)
    await Promise.all(changed.map(models.refresh))
  }
}

/** The canonical name of what a client means that asks for the name. What no name can be, nobody has. */
function targetOf(names: ModelNames, name: string): string {
  const canonical = canonicalOf(name)
  return names.resolveAlias(canonical)?.canonical ?? canonical
}

function canonicalOf(name: string): string {
  const parsed = parseAnyModelName(name)
  return parsed.kind === 'invalid' ? name : parsed.canonical
}
