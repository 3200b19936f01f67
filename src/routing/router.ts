import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Claim, RouteRequest, RouteReceiver, Router } from '../proxy/router.ts'
import type { Fleet } from './fleet-state.ts'
import { selectUpstream, type Selection } from './select.ts'
import { REFUSED_KEY, type UpstreamState } from './upstream-state.ts'
import type { Waker } from './waker.ts'

export interface RouterDeps {
  readonly fleet: Fleet
  readonly clock: Clock
  /** Reads the lists again, bounded, because a model may have arrived past the gateway. */
  readonly learnModel: (model: string) => Promise<void>
  readonly waker: Pick<Waker, 'wake'>
  readonly log: Log
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
    if (selection.kind !== 'selected') return to.refused(refusal(selection, request))
    turn = (turn + 1) % Number.MAX_SAFE_INTEGER
    to.granted(createClaim(deps, selection.state))
  }
  const settle = async (request: RouteRequest, first: Selection): Promise<Selection> => {
    if (request.model !== null && isDoubtful(request, first)) await deps.learnModel(request.model)
    const selection = select(request)
    if (selection.kind !== 'asleep') return selection
    const isUp = await deps.waker.wake(selection.state.name)
    return isUp ? select(request) : selection
  }

  return {
    request(request, to) {
      const selection = select(request)
      if (!isDoubtful(request, selection) && selection.kind !== 'asleep') {
        answer(request, selection, to)
        return () => {}
      }
      let cancelled = false
      void settle(request, selection).then((settled) => {
        if (!cancelled) answer(request, settled, to)
      })
      return () => void (cancelled = true)
    },
  }
}

/** Worth a second look at the lists. A second attempt has had its look, and a pull brings the model itself. */
function isDoubtful(request: RouteRequest, selection: Selection): boolean {
  if (request.model === null || request.tried.size > 0 || request.route.pattern === '/api/pull') return false
  if (selection.kind === 'selected') return selection.why === 'model-unknown'
  return selection.kind === 'none' && selection.reason === 'model-down'
}

function createClaim(deps: RouterDeps, state: UpstreamState): Claim {
  const { fleet, clock, log } = deps
  let held = true
  fleet.apply(state.name, { kind: 'claimed' })
  return {
    upstream: state.upstream,
    report(outcome) {
      if (outcome === 'refused-key')
        log.warn({ upstream: state.name, fault: REFUSED_KEY }, 'a provider refused a request')
      fleet.apply(state.name, { kind: 'outcome', at: clock.now(), outcome })
    },
    release() {
      if (held) fleet.apply(state.name, { kind: 'released' })
      held = false
    },
  }
}

function refusal(selection: Exclude<Selection, { kind: 'selected' }>, { model }: RouteRequest): GatewayError {
  const retryAfterSeconds = RETRY_AFTER_SECONDS
  if (selection.kind === 'asleep') {
    return new GatewayError('no_upstream', {
      retryAfterSeconds,
      message: `Upstream "${selection.state.name}" was woken and has not come up yet`,
    })
  }
  switch (selection.reason) {
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
    case 'key-refused':
      return new GatewayError('provider_refused')
    case 'model-missing':
      return new GatewayError('model_not_found', { message: `model "${model}" not found` })
    case 'dialect':
      return new GatewayError('dialect_not_spoken', { message: dialectHint(selection.state, model) })
  }
}

function dialectHint({ name, upstream }: UpstreamState, model: string | null): string {
  const path = upstream.speaks(model ?? '').has('anthropic') ? '/v1/messages' : '/v1/chat/completions'
  return `Model "${model}" is served by the provider "${name}": ask ${path}, requests are not translated yet`
}
