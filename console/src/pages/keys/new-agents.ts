import type { Upstream } from '../../admin-types.ts'

export type AgentUpstream = Upstream & { readonly agent: NonNullable<Upstream['agent']> }

/** Agents that have connected since a key was made, in one of the pools that it may join. */
export function newAgents(
  upstreams: readonly Upstream[],
  { since, pools }: { readonly since: string; readonly pools: readonly string[] },
): AgentUpstream[] {
  return upstreams.filter(isAgent).filter(({ agent }) => {
    const isNew = Date.parse(agent.connected_at) >= Date.parse(since)
    return agent.connected && isNew && (pools.length === 0 || pools.includes(agent.pool))
  })
}

function isAgent(upstream: Upstream): upstream is AgentUpstream {
  return upstream.agent !== null
}
