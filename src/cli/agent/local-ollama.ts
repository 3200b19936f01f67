import { systemClock } from '../../lib/clock.ts'
import { createAskJson } from '../../routing/health/ask-json.ts'
import { createInspector } from '../../routing/health/inspector.ts'
import { startSystemTimer } from '../../routing/timer.ts'
import { newUpstreamState, reduceUpstream, type UpstreamState } from '../../routing/fleet/upstream-state.ts'
import type { Upstream } from '../../proxy/upstream.ts'

/** The Ollama beside an agent, looked at now and then. */
export interface LocalOllama {
  readonly state: UpstreamState
  /** Asks now. */
  look(): Promise<UpstreamState>
  /** Asks every few seconds, and tells when what is known has changed. */
  watch(changed: (state: UpstreamState) => void): () => void
}

const EVERY_MS = 5_000
const TIMEOUT_MS = 3_000

export function createLocalOllama(upstream: Upstream): LocalOllama {
  const deps = { clock: systemClock, startTimer: startSystemTimer }
  const inspector = createInspector({ ...deps, ask: createAskJson(deps) })
  let state = newUpstreamState({ upstream, priority: 1, enabled: true, maxResponseTimeMs: null })

  const look = async (): Promise<UpstreamState> => {
    state = (await inspector.probe(state, TIMEOUT_MS)).reduce(reduceUpstream, state)
    if (state.health !== 'up') return state
    const [models, loaded] = await Promise.all([inspector.readModels(state), inspector.readLoaded(state)])
    const at = systemClock.now()
    if (models !== undefined) state = reduceUpstream(state, { kind: 'models-read', at, models })
    if (loaded !== undefined) state = reduceUpstream(state, { kind: 'loaded-read', at, loaded })
    return state
  }
  return {
    get state() {
      return state
    },
    look,
    watch(changed) {
      let said = summary(state)
      let cancelTimer = (): void => {}
      const again = (): void => {
        cancelTimer = startSystemTimer(EVERY_MS, () => {
          void look().then(() => {
            if (summary(state) !== said) changed(state)
            said = summary(state)
            again()
          })
        })
      }
      again()
      return () => cancelTimer()
    },
  }
}

/** What is worth telling the gateway of. */
function summary({ health, version, models, loaded }: UpstreamState): string {
  const names = [...(models?.keys() ?? [])].toSorted().join()
  return `${health} ${version} ${names} ${loaded.map((entry) => entry.canonical).join()}`
}
