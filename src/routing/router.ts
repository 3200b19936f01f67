import type { Clock } from '../lib/clock.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Claim, RouteRequest, RouteReceiver, Router } from '../proxy/router.ts'
import type { Fleet } from './fleet-state.ts'
import { selectUpstream, type Selection } from './select.ts'
import type { UpstreamState } from './upstream-state.ts'

export interface RouterDeps {
  readonly fleet: Fleet
  readonly clock: Clock
  /** Reads the lists again, bounded, because a model may have arrived past the gateway. */
  readonly learnModel: (model: string) => Promise<void>
}

export interface RouterOptions {
  /** Canonical model to upstream names. */
  readonly assignments: ReadonlyMap<string, readonly string[]>
}

/** Health is asked for every second while nothing is up. */
const RETRY_AFTER_SECONDS = 3

/** Grants at once or refuses: this router has no queue. */
export function createRouter(deps: RouterDeps, options: RouterOptions): Router {
  let turn = 0
  const select = (request: RouteRequest): Selection =>
    selectUpstream(request, { upstreams: deps.fleet.all(), assignments: options.assignments, turn })
  const answer = (request: RouteRequest, selection: Selection, to: RouteReceiver): void => {
    if (selection.kind === 'none') return to.refused(refusal(selection.reason, request.model))
    turn = (turn + 1) % Number.MAX_SAFE_INTEGER
    to.granted(createClaim(deps, selection.state))
  }

  return {
    request(request, to) {
      const selection = select(request)
      if (request.model === null || !isDoubtful(request, selection)) {
        answer(request, selection, to)
        return () => {}
      }
      let cancelled = false
      void deps.learnModel(request.model).then(() => {
        if (!cancelled) answer(request, select(request), to)
      })
      return () => void (cancelled = true)
    },
  }
}

/** Worth a second look at the lists. A second attempt has had its look, and a pull brings the model itself. */
function isDoubtful(request: RouteRequest, selection: Selection): boolean {
  if (request.tried.size > 0 || request.route.pattern === '/api/pull') return false
  return selection.kind === 'selected' ? selection.why === 'model-unknown' : selection.reason === 'model-down'
}

function createClaim(deps: RouterDeps, state: UpstreamState): Claim {
  const { fleet, clock } = deps
  let held = true
  fleet.apply(state.name, { kind: 'claimed' })
  return {
    upstream: state.upstream,
    report: (outcome) => fleet.apply(state.name, { kind: 'outcome', at: clock.now(), outcome }),
    release() {
      if (held) fleet.apply(state.name, { kind: 'released' })
      held = false
    },
  }
}

function refusal(reason: Extract<Selection, { kind: 'none' }>['reason'], model: string | null): GatewayError {
  const retryAfterSeconds = RETRY_AFTER_SECONDS
  switch (reason) {
    case 'no-upstream':
      return new GatewayError('no_upstream', { retryAfterSeconds })
    case 'model-down':
      return new GatewayError('no_upstream', {
        retryAfterSeconds,
        message: `No upstream that has model "${model}" is available`,
      })
    case 'all-tried':
      return new GatewayError('no_upstream', {
        retryAfterSeconds,
        message: 'Every upstream that could answer has failed',
      })
    case 'upstream-denied':
      return new GatewayError('model_denied', { message: 'This key may not reach an upstream that serves this' })
  }
}
