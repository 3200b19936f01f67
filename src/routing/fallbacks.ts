import type { Route } from '../proxy/route.ts'
import type { FleetRouter } from './router.ts'
import type { ModelNames, ModelTarget } from './models/model-names.ts'
import { type FallbackRequest, firstServable } from './selection/select.ts'
import { has, isWithin, type Reach } from './selection/verdict.ts'

export type ReplaceableRequest = FallbackRequest & Pick<Route, 'kind'>

export interface FallbacksDeps {
  readonly names: Pick<ModelNames, 'fallbacksOf'>
  readonly router: Pick<FleetRouter, 'snapshot'>
}

/** Models that answer in the place of another. All take canonical names. */
export interface Fallbacks {
  /**
   * The first in the model's chain that can be served now; undefined where that is the model itself, or none, and for
   * what does not run the model.
   */
  choose(canonical: string, request: ReplaceableRequest): ModelTarget | undefined
  /** The names of those that an upstream within the request's reach lists, in the order to try them. */
  within(canonical: string, request: Reach): readonly string[]
}

export function createFallbacks({ names, router }: FallbacksDeps): Fallbacks {
  return {
    choose(canonical, request) {
      const targets = names.fallbacksOf(canonical)
      if (targets.length === 0 || request.kind !== 'generate') return undefined
      const chain = [canonical, ...targets.map((target) => target.canonical)]
      const chosen = firstServable(chain, request, router.snapshot())
      return targets.find((target) => target.canonical === chosen && chosen !== canonical)
    },
    within(canonical, request) {
      const reachable = router.snapshot().upstreams.filter((state) => state.enabled && isWithin(state, request))
      const targets = names.fallbacksOf(canonical)
      return targets.flatMap((each) => (reachable.some((state) => has(state, each.canonical)) ? each.name : []))
    },
  }
}
