import type { GatewayStatus } from '../admin/schemas.ts'
import type { Settings } from '../config/settings.ts'
import { version } from '../lib/version.ts'
import type { Fleet } from '../routing/fleet-state.ts'
import type { AgentRegistry } from '../tunnel/server/registry.ts'
import type { AgentSession } from '../tunnel/server/session.ts'

export interface StatusDeps {
  readonly startedAt: number
  readonly agents: Pick<AgentRegistry, 'agents' | 'isConnected'>
}

/** How the gateway and its upstreams are, for an admin. */
export function gatewayStatus(fleet: Fleet, settings: Settings, { startedAt, agents }: StatusDeps): GatewayStatus {
  const sessions = new Map(agents.agents().map((session) => [session.id, session]))
  const urls = new Map(settings.upstreams.map((upstream) => [upstream.name, upstream.url]))
  return {
    version,
    started_at: new Date(startedAt).toISOString(),
    uptime_seconds: Math.round((Date.now() - startedAt) / 1000),
    upstreams: fleet.all().map((state) => ({
      name: state.name,
      url: urls.get(state.name) ?? '',
      fault: state.fault,
      agent: state.agent === null ? null : agentView(sessions.get(state.name), agents),
      state: state.enabled ? state.health : 'disabled',
      version: state.version,
      priority: state.priority,
      running: state.running,
      models: [...(state.models?.values() ?? [])].map((entry) => entry.canonical),
    })),
  }
}

function agentView(
  session: AgentSession | undefined,
  agents: StatusDeps['agents'],
): GatewayStatus['upstreams'][number]['agent'] {
  if (session === undefined) return null
  const { pool, host, address, transport, software, connectedAt } = session.facts
  const [connected, connected_at] = [agents.isConnected(session), new Date(connectedAt).toISOString()]
  return { pool, host, address, transport, software, connected, connected_at, round_trip_ms: session.roundTripMs }
}
