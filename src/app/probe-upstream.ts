import type { UpstreamProbe } from '../admin/upstream-schemas.ts'
import type { Clock } from '../lib/clock.ts'
import { createAskJson } from '../routing/health/ask-json.ts'
import { createInspector } from '../routing/health/inspector.ts'
import type { RoutingSettings } from '../routing/settings.ts'
import type { StartTimer } from '../routing/timer.ts'
import { newUpstreamState } from '../routing/fleet/upstream-state.ts'
import { createOllamaUpstream } from '../upstreams/ollama-upstream.ts'
import type { UpstreamSettings } from '../upstreams/settings.ts'

export interface ProbeUpstreamDeps {
  readonly instanceId: string
  readonly clock: Clock
  readonly startTimer: StartTimer
}

/** As patient as somebody who looks at a form. */
const PROBE_TIMEOUT_MS = 3000

/** Asks an upstream that is no member of the fleet yet what it is, as health probes do. */
export function createProbeUpstream({ instanceId, clock, startTimer }: ProbeUpstreamDeps) {
  const inspector = createInspector({ ask: createAskJson({ clock, startTimer }), clock })

  return async (
    settings: UpstreamSettings,
    { connectTimeoutMs }: Pick<RoutingSettings, 'connectTimeoutMs'>,
  ): Promise<UpstreamProbe> => {
    const upstream = createOllamaUpstream(settings, { connectTimeoutMs, instanceId })
    const state = newUpstreamState({ upstream, priority: 1, enabled: true, maxResponseTimeMs: null })
    try {
      const [event] = await inspector.probe(state, PROBE_TIMEOUT_MS)
      if (event?.kind !== 'probe-answered') {
        const fault = event?.kind === 'probe-failed' ? event.detail : 'it gave no answer'
        return { reachable: false, version: null, models: null, took_ms: null, fault }
      }
      const models = await inspector.readModels(state)
      return {
        reachable: true,
        version: event.version,
        models: models === undefined ? null : [...models.keys()],
        took_ms: Math.round(event.tookMs * 10) / 10,
        fault: null,
      }
    } finally {
      upstream.close()
    }
  }
}
