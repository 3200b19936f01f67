import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Router } from '../proxy/router.ts'
import type { ModelSettings } from '../proxy/settings.ts'
import { createAskJson } from './ask-json.ts'
import { createFleet, type Fleet } from './fleet-state.ts'
import { createHealthMonitor } from './health.ts'
import { createListService, type ListService } from './list-service.ts'
import { createModelNames, type ModelNames } from './model-names.ts'
import { createModelRefresh } from './model-refresh.ts'
import { createRouter } from './router.ts'
import { createInspector } from './inspector.ts'
import { type FallbackRequest, firstServable } from './select.ts'
import type { RoutingSettings } from './settings.ts'
import type { StartTimer } from './timer.ts'
import type { UpstreamMember, UpstreamState } from './upstream-state.ts'
import { createWaker } from './waker.ts'

export interface RoutingDeps {
  readonly clock: Clock
  readonly startTimer: StartTimer
  /** In [0, 1). */
  readonly random: () => number
  readonly log: Log
}

export interface RoutingOptions {
  readonly members: readonly UpstreamMember[]
  readonly routing: Pick<RoutingSettings, 'healthIntervalMs' | 'modelTtlMs'>
  readonly models: Pick<ModelSettings, 'aliases' | 'assignments' | 'fallbacks'>
  /** How long a request that nobody can serve waits for an agent; default 0. */
  readonly agentWaitMs?: number
  /** What the routing before a reload knew, so that the new one does not begin in the dark. */
  readonly known?: readonly UpstreamState[]
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
  stop(): void
  setMembers(members: readonly UpstreamMember[]): void
  /** Something may have changed at an upstream: it is asked before its time. */
  upstreamChanged(name: string): void
  /** To be called after an upstream's models were written; ends when its new list is known. */
  modelsChanged(upstreamName: string): Promise<void>
  /** Looks for a model that no list has, bounded; for whoever must judge it before it is routed. */
  learnModel(canonical: string): Promise<void>
  /** The name of the configured fallback that shall answer for the model now; undefined: none has to. */
  fallbackFor(canonical: string, request: FallbackRequest): string | undefined
}

export function createRouting(deps: RoutingDeps, options: RoutingOptions): Routing {
  const fleet = createFleet(options.members, options.known)
  const names = createModelNames(options.models)
  const ask = createAskJson(deps)
  const inspector = createInspector({ ...deps, ask })
  const models = createModelRefresh({ ...deps, fleet, inspector })
  const health = createHealthMonitor({ ...deps, fleet, inspector, models }, options.routing)
  const waker = createWaker({ ...deps, fleet, hurry: health.hurry })
  const lists = createListService({ ...deps, fleet, ask }, names)
  const { assignments } = names
  return {
    router: createRouter(
      { ...deps, fleet, learnModel: models.learn, waker },
      { assignments, agentWaitMs: options.agentWaitMs ?? 0 },
    ),
    fleet,
    lists,
    names,
    start: health.start,
    firstRound: health.firstRound,
    stop() {
      health.stop()
      waker.stop()
    },
    setMembers(members) {
      fleet.setMembers(members)
      health.membersChanged()
    },
    upstreamChanged: health.changed,
    modelsChanged(upstreamName) {
      lists.forget(upstreamName)
      return models.refresh(upstreamName)
    },
    learnModel: models.learn,
    fallbackFor(canonical, request) {
      const targets = names.fallbacksOf(canonical)
      if (targets.length === 0) return undefined
      const candidates = [canonical, ...targets.map((target) => target.canonical)]
      const chosen = firstServable(candidates, request, { upstreams: fleet.all(), assignments })
      return targets.find((target) => target.canonical === chosen && chosen !== canonical)?.name
    },
  }
}
