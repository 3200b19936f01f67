import type { Clock } from '../../lib/clock.ts'
import { globMatcher } from '../../lib/glob.ts'
import type { Log } from '../../lib/log.ts'
import type { KeepWarm, ModelPolicy } from '../../proxy/settings.ts'
import { createPostJson } from '../health/ask-json.ts'
import type { ClaimListener } from '../claims.ts'
import type { CapacityOf } from '../dispatch/capacity.ts'
import type { ServerLoad } from '../dispatch/server-load.ts'
import type { Work } from '../dispatch/work.ts'
import type { BytesOf } from '../fleet/fleet-facts.ts'
import type { Fleet } from '../fleet/fleet-state.ts'
import type { Estimates } from '../learning/estimates.ts'
import type { StartTimer } from '../timer.ts'
import { createHealer } from './healer.ts'
import { createKeepWarm } from './keep-warm.ts'
import { createModelLoader } from './model-loader.ts'

/** What the gateway asks of upstreams by itself: models loaded before they are needed, and lost slots freed. */
export interface Warmth {
  configure(plan: WarmthPlan): void
  /** Hears how a request fares at the server that it was sent to. */
  watch(work: Work, server: string, cold: boolean): ClaimListener
  /** Loads a model there, for what waits. */
  preload(model: string, server: string): void
  stop(): void
}

export interface WarmthPlan {
  readonly keepWarm: readonly KeepWarm[]
  readonly policies: readonly ModelPolicy[]
  /** As for requests. */
  readonly firstByteTimeoutMs: number
  /** Of a name as it was written, what an alias leads to. */
  canonicalOf(name: string): string
}

export interface WarmthDeps {
  readonly fleet: Pick<Fleet, 'all' | 'get'>
  readonly estimates: Estimates
  readonly bytesOf: BytesOf
  readonly capacityOf: CapacityOf
  /** What dispatching knows of the upstreams now. */
  loads(): readonly ServerLoad[]
  /** A load took so long. */
  loaded(server: string, bytes: number, tookMs: number): void
  /** What an upstream has loaded has changed: asks it now. */
  hurry(name: string): void
  readonly clock: Clock
  readonly startTimer: StartTimer
  readonly log: Log
}

const NO_PLAN: WarmthPlan = { keepWarm: [], policies: [], firstByteTimeoutMs: 30 * 60_000, canonicalOf: (name) => name }

export function createWarmth(deps: WarmthDeps): Warmth {
  const { fleet } = deps
  let plan = NO_PLAN
  let policies: readonly { readonly numCtx: ModelPolicy['numCtx']; matches(canonical: string): boolean }[] = []
  const bytesAt = (server: string, model: string): number => {
    const state = fleet.get(server)
    return state === undefined ? 0 : deps.bytesOf(state, model)
  }
  const loader = createModelLoader({
    post: createPostJson(deps),
    log: deps.log,
    numCtxOf(model) {
      const numCtx = policies.find(({ matches }) => matches(model))?.numCtx
      return typeof numCtx === 'number' ? numCtx : undefined
    },
    loadTimeoutMs: () => plan.firstByteTimeoutMs,
  })
  const loaded = (server: string, model: string, tookMs: number): void => {
    deps.loaded(server, bytesAt(server, model), tookMs)
    deps.hurry(server)
  }
  const healer = createHealer({ ...deps, loader, bytesOf: bytesAt })
  const warmer = createKeepWarm({ ...deps, loader, loaded })

  return {
    configure(next) {
      plan = next
      policies = next.policies.map(({ match, numCtx }) => ({ numCtx, matches: globMatcher(match) }))
      warmer.configure(next.keepWarm.map(({ model, upstreams }) => ({ model: next.canonicalOf(model), upstreams })))
    },
    watch: healer.watch,
    preload(model, server) {
      const upstream = fleet.get(server)?.upstream
      if (upstream === undefined) return
      void loader.load(upstream, model).then((outcome) => {
        if (outcome.kind === 'done') loaded(server, model, outcome.tookMs)
        // Who waits for it must hear that it did not come.
        else deps.hurry(server)
      })
    },
    stop() {
      healer.stop()
      warmer.stop()
    },
  }
}
