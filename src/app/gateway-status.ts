import type { GatewayStatus } from '../admin/schemas.ts'
import type { Settings } from '../config/settings.ts'
import { version } from '../lib/version.ts'
import type { Fleet } from '../routing/fleet-state.ts'

/** How the gateway and its upstreams are, for an admin. */
export function gatewayStatus(fleet: Fleet, settings: Settings, { startedAt }: { startedAt: number }): GatewayStatus {
  const urls = new Map(settings.upstreams.map((upstream) => [upstream.name, upstream.url]))
  return {
    version,
    started_at: new Date(startedAt).toISOString(),
    uptime_seconds: Math.round((Date.now() - startedAt) / 1000),
    upstreams: fleet.all().map((state) => ({
      name: state.name,
      url: urls.get(state.name) ?? '',
      state: state.enabled ? state.health : 'disabled',
      version: state.version,
      priority: state.priority,
      running: state.running,
      models: [...(state.models?.values() ?? [])].map((entry) => entry.canonical),
    })),
  }
}
