import { modelPatterns } from '../auth/model-patterns.ts'
import type { UpstreamMember } from '../routing/fleet/upstream-state.ts'
import type { AgentRegistry } from '../tunnel/server/registry.ts'

/** The agents as members of a fleet. One that has left stays one for a while: its models are away, not unknown. */
export function agentMembers(registry: AgentRegistry): UpstreamMember[] {
  return registry.agents().flatMap((session) => {
    const pool = registry.pool(session.facts.pool)
    if (pool === undefined) return []
    const { name, priority, models, memoryBytes, slots } = pool
    const serves = (canonical: string): boolean => modelPatterns(models).allowsLocal(canonical)
    // One that has left is away, however it left: it may come back.
    const enabled = !session.draining || !registry.isConnected(session)
    const agent = { pool: name, serves }
    return [{ upstream: session, priority, enabled, maxResponseTimeMs: null, memoryBytes, slots, agent }]
  })
}
