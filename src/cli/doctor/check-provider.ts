import { startSystemTimer } from '../../routing/timer.ts'
import { createAskJson } from '../../routing/health/ask-json.ts'
import { createInspector } from '../../routing/health/inspector.ts'
import { newUpstreamState, reduceUpstream } from '../../routing/fleet/upstream-state.ts'
import { systemClock } from '../../lib/clock.ts'
import { createProviderUpstream } from '../../upstreams/provider-upstream.ts'
import type { ProviderSettings } from '../../upstreams/provider-settings.ts'
import type { UpstreamSettings } from '../../upstreams/settings.ts'
import type { Check } from './check.ts'

const TIMEOUT_MS = 3000

/** Asks a provider as the gateway would, key and all. */
export async function checkProvider(settings: UpstreamSettings, provider: ProviderSettings): Promise<Check> {
  const name = `upstream ${settings.name}`
  const { url } = settings
  if (!settings.enabled) return { name, state: 'ok', message: `${url} is not enabled` }
  const upstream = createProviderUpstream(settings, provider, { connectTimeoutMs: TIMEOUT_MS, instanceId: 'doctor' })
  const deps = { clock: systemClock, startTimer: startSystemTimer }
  const inspector = createInspector({ ...deps, ask: createAskJson(deps) })
  const before = newUpstreamState({ ...settings, upstream, provider: { models: provider.models }, wake: undefined })
  const events = await inspector.probe(before, TIMEOUT_MS)
  upstream.close()
  const state = events.reduce(reduceUpstream, before)
  if (state.health !== 'up') {
    const advice = state.refusesKey
      ? 'Correct its api_key'
      : 'Check its url; requests go to the other upstreams meanwhile'
    return { name, state: 'fail', message: `${url} cannot be used: ${state.fault ?? 'no answer'}`, advice }
  }
  const count = state.models?.size ?? 0
  const message = `${url} answers, with ${count} ${count === 1 ? 'model' : 'models'}`
  if (count > 0) return { name, state: 'ok', message }
  return { name, state: 'warn', message, advice: 'Name its models in full under models: it lists none that match' }
}
