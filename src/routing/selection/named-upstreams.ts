import { GatewayError } from '../../errors/gateway-error.ts'
import type { RouteRequest } from '../../proxy/router.ts'
import { isAmong } from './verdict.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'

/** More names than these help nobody who mistyped one. */
const MAX_NAMES = 20

/**
 * What is wrong with the upstreams that a request names: one that is not there, or that its key may not reach, which
 * is told in the same words. `pools` are known although no agent of theirs may be there.
 */
export function namesProblem(
  { named, principal }: Pick<RouteRequest, 'named' | 'principal'>,
  states: readonly UpstreamState[],
  pools: readonly string[],
): GatewayError | undefined {
  if (named === null) return undefined
  const { upstreams } = principal
  const reachable = states.filter((state) => upstreams === null || isAmong(state, upstreams))
  const known = new Set([
    ...reachable.map(({ name }) => name),
    ...reachable.flatMap(({ agent }) => (agent === null ? [] : [agent.pool])),
    ...pools.filter((pool) => upstreams === null || upstreams.includes(pool)),
  ])
  const unknown = named.find((name) => name !== '*' && !known.has(name))
  if (unknown === undefined) return undefined
  return new GatewayError('bad_upstream_choice', {
    message: `corral-upstream names ${JSON.stringify(unknown)}, ${listing([...known])}`,
  })
}

function listing(known: readonly string[]): string {
  if (known.length === 0) return 'and there is no upstream that this key may reach'
  const more = known.length > MAX_NAMES ? ` and ${known.length - MAX_NAMES} more` : ''
  return `which is none of ${known.slice(0, MAX_NAMES).join(', ')}${more}`
}
