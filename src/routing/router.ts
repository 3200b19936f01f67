import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Claim, RouteRequest, RouteReceiver, Router, RouteTicket } from '../proxy/router.ts'
import type { Fleet } from './fleet-state.ts'
import { pick, selectUpstreams, type Selection } from './select.ts'
import type { StartTimer } from './timer.ts'
import { REFUSED_KEY, type UpstreamState } from './upstream-state.ts'
import type { Waker } from './waker.ts'

export interface RouterDeps {
  readonly fleet: Fleet
  readonly clock: Clock
  /** Reads the lists again, bounded, because a model may have arrived past the gateway. */
  readonly learnModel: (model: string) => Promise<void>
  readonly waker: Pick<Waker, 'wake'>
  readonly startTimer: StartTimer
  readonly log: Log
}

export interface RouterOptions {
  /** Canonical model to upstream names. */
  readonly assignments: ReadonlyMap<string, readonly string[]>
  /** How long a request that nobody can serve waits for an agent. */
  readonly agentWaitMs: number
}

const ANSWERED: RouteTicket = { cancel: () => {}, place: () => undefined }

/** Health is asked for every second while nothing is up. */
const RETRY_AFTER_SECONDS = 3

/** Grants at once, or refuses, after a look at the lists or a wait for somebody who can serve. This router has no queue. */
export function createRouter(deps: RouterDeps, options: RouterOptions): Router {
  const { fleet } = deps
  let turn = 0
  /** Requests that wait for an agent; each looks again at any news. */
  const waiting = new Set<() => void>()
  fleet.onNews(() => {
    for (const lookAgain of [...waiting]) lookAgain()
  })
  const select = (request: RouteRequest): Selection =>
    selectUpstreams(request, { upstreams: fleet.all(), assignments: options.assignments })
  const answer = (request: RouteRequest, selection: Selection, to: RouteReceiver): void => {
    if (selection.kind !== 'eligible') return to.refused(refusal(selection, request, fleet.all()))
    const state = pick(request, selection, turn)
    turn = (turn + 1) % Number.MAX_SAFE_INTEGER
    if (state !== undefined) to.granted(createClaim(deps, state))
  }
  const awaitAgent = (request: RouteRequest, isCancelled: () => boolean): Promise<Selection> =>
    new Promise((resolve) => {
      const lookAgain = (): void => {
        const selection = select(request)
        if (!isCancelled() && isAway(selection)) return
        waiting.delete(lookAgain)
        cancelTimer()
        resolve(selection)
      }
      const cancelTimer = deps.startTimer(options.agentWaitMs, () => {
        waiting.delete(lookAgain)
        resolve(select(request))
      })
      waiting.add(lookAgain)
    })
  const settle = async (request: RouteRequest, first: Selection, isCancelled: () => boolean): Promise<Selection> => {
    if (request.model !== null && isDoubtful(request, first)) await deps.learnModel(request.model)
    const selection = select(request)
    if (selection.kind === 'asleep') return (await deps.waker.wake(selection.state.name)) ? select(request) : selection
    return isAway(selection) && options.agentWaitMs > 0 ? awaitAgent(request, isCancelled) : selection
  }

  return {
    request(request, to) {
      const selection = select(request)
      const waits = selection.kind === 'asleep' || (isAway(selection) && options.agentWaitMs > 0)
      if (!waits && !isDoubtful(request, selection)) {
        answer(request, selection, to)
        return ANSWERED
      }
      let cancelled = false
      void settle(request, selection, () => cancelled).then((settled) => {
        if (!cancelled) answer(request, settled, to)
      })
      return { cancel: () => void (cancelled = true), place: () => undefined }
    },
  }
}

/** Nobody who could serve it is there now; an agent may come. */
function isAway(selection: Selection): boolean {
  return selection.kind === 'none' && (selection.reason === 'no-upstream' || selection.reason === 'model-down')
}

/** Worth a second look at the lists. A second attempt has had its look, and a pull brings the model itself. */
function isDoubtful(request: RouteRequest, selection: Selection): boolean {
  if (request.model === null || request.tried.size > 0 || request.route.pattern === '/api/pull') return false
  if (selection.kind === 'eligible') return selection.why === 'model-unknown'
  return selection.kind === 'none' && selection.reason === 'model-down'
}

function createClaim(deps: RouterDeps, state: UpstreamState): Claim {
  const { fleet, clock, log } = deps
  let held = true
  fleet.apply(state.name, { kind: 'claimed' })
  return {
    upstream: state.upstream,
    began() {},
    answered() {},
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

function refusal(
  selection: Exclude<Selection, { kind: 'eligible' }>,
  { model }: RouteRequest,
  all: readonly UpstreamState[],
): GatewayError {
  const retryAfterSeconds = RETRY_AFTER_SECONDS
  if (selection.kind === 'asleep') {
    return new GatewayError('no_upstream', {
      retryAfterSeconds,
      message: `Upstream "${selection.state.name}" was woken and has not come up yet`,
    })
  }
  switch (selection.reason) {
    case 'no-upstream':
      if (all.every(({ agent }) => agent !== null)) {
        return new GatewayError('no_upstream', { retryAfterSeconds, message: 'No agents available' })
      }
      return new GatewayError('no_upstream', { retryAfterSeconds })
    case 'model-down': {
      const having = all.filter(({ models }) => models?.has(model ?? ''))
      const message = having.every(({ agent }) => agent !== null)
        ? `No agents available that have model "${model}"`
        : `No upstream that has model "${model}" is available`
      return new GatewayError('no_upstream', { retryAfterSeconds, message })
    }
    case 'not-named':
      return new GatewayError('no_upstream', { message: 'None of the upstreams that the request names may serve it' })
    case 'too-big':
      return new GatewayError('no_upstream', {
        message: `Model "${model}" needs more memory than any upstream that has it may use`,
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
