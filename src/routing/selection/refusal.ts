import { GatewayError } from '../../errors/gateway-error.ts'
import type { RouteRequest } from '../../proxy/router.ts'
import type { RefusalReason } from '../dispatch/effect.ts'
import type { Selection } from './select.ts'
import { assignedWords, namedWords, tooBigWords } from './refusal-words.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'
import type { Snapshot } from './verdict.ts'

/** Health is asked for every second while nothing is up. */
const RETRY_AFTER_SECONDS = 3

/** What a request is told that nobody can serve. */
export function refusal(
  selection: Exclude<Selection, { kind: 'eligible' }>,
  request: RouteRequest,
  snapshot: Snapshot,
): GatewayError {
  const { model } = request
  const { upstreams: all } = snapshot
  if (selection.kind === 'asleep') {
    return unavailable(`Upstream "${selection.state.name}" was woken and has not come up yet`)
  }
  switch (selection.reason) {
    case 'no-upstream':
      return unavailable(outWords(request, snapshot) ?? (isAllAgents(all) ? 'No agents available' : undefined))
    case 'model-down': {
      const having = all.filter(({ models }) => models?.has(model ?? ''))
      const usual = isAllAgents(having)
        ? `No agents available that have model "${model}"`
        : `No upstream that has model "${model}" is available`
      return unavailable(outWords(request, snapshot) ?? usual)
    }
    case 'all-tried':
      return unavailable('Every upstream that could answer has failed')
    case 'too-big':
      return new GatewayError('no_upstream', { message: tooBigWords(request, snapshot) })
    case 'not-named':
      return new GatewayError('bad_upstream_choice', {
        message:
          namedWords(request, snapshot) ??
          `None of the upstreams in corral-upstream may serve ${model === null ? 'this' : `model "${model}"`}`,
      })
    case 'name-unable':
      return new GatewayError('bad_upstream_choice', {
        message:
          namedWords({ ...request, named: [selection.name] }, snapshot) ??
          `Upstream "${selection.name}" cannot take this: it is disabled, no Ollama, not there, or closed to the model`,
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

function outWords(request: RouteRequest, snapshot: Snapshot): string | undefined {
  return namedWords(request, snapshot) ?? assignedWords(request, snapshot)
}

function isAllAgents(states: readonly UpstreamState[]): boolean {
  return states.every(({ agent }) => agent !== null)
}

/** What a request is told that the queue does not keep. */
export function queueRefusal(reason: Exclude<RefusalReason, 'stranded'>, retryAfterMs: number): GatewayError {
  const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000))
  return new GatewayError(reason === 'queue-full' ? 'queue_full' : 'queue_timeout', { retryAfterSeconds })
}

function unavailable(message: string | undefined): GatewayError {
  const retryAfterSeconds = RETRY_AFTER_SECONDS
  return new GatewayError('no_upstream', message === undefined ? { retryAfterSeconds } : { retryAfterSeconds, message })
}

function dialectHint({ name, upstream }: UpstreamState, model: string | null): string {
  const path = upstream.speaks(model ?? '').has('anthropic') ? '/v1/messages' : '/v1/chat/completions'
  return `Model "${model}" is served by the provider "${name}": ask ${path}, requests are not translated yet`
}
