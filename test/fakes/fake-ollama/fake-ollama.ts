import { createBlobStore } from './blobs.ts'
import { createCompute } from './compute.ts'
import { openControl } from './control.ts'
import { createCounters, type Counters } from './counters.ts'
import { dispatch } from './dispatch.ts'
import { createFaultPanel, type FaultPanel } from './faults.ts'
import { openListener, type Door } from './listener.ts'
import { createModelStore, type ModelStore } from './model-store.ts'
import { readyOptions, type FakeOllamaOptions } from './options.ts'
import { createRoutes } from './route-list.ts'
import { createRunners, type Runner } from './runners.ts'

export interface FakeOllama extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** `http://.../__fake/...`, for other processes. */
  readonly controlUrl: string
  readonly counters: Counters
  readonly faults: FaultPanel
  readonly models: ModelStore
  /** What happens to new connections; `refuse` and leaving `hang` drop the present ones too. */
  setDoor(door: Door): Promise<void>
  dropConnections(): void
  loaded(): readonly Runner[]
  /** How many loads were begun. */
  loads(): number
  /** OLLAMA_NUM_PARALLEL from now on, of the loaded models too. */
  setParallel(count: number): void
  stop(): Promise<void>
}

/** An Ollama 0.24 that answers what it is asked without a model, on 127.0.0.1. */
export async function startFakeOllama(given: FakeOllamaOptions = {}): Promise<FakeOllama> {
  const options = readyOptions(given)
  const counters = createCounters()
  const faults = createFaultPanel()
  const models = createModelStore(options.models, () => new Date())
  const runners = createRunners(options)
  const routes = createRoutes({ options, models, runners, compute: createCompute() }, createBlobStore())
  const listener = await openListener({
    port: options.port,
    echoUpgrades: options.upgrades === 'echo',
    counters,
    onRequest: (request, response) => {
      const { hostCheck } = options
      const connectionOf = listener.connectionOf
      void dispatch({ routes, counters, faults, hostCheck, connectionOf }, request, response)
    },
  })
  const control = await openControl({ counters, faults, listener }, options.controlPort)

  async function stop(): Promise<void> {
    runners.stop()
    await Promise.all([listener.stop(), control.stop()])
  }

  return {
    url: `http://127.0.0.1:${listener.port}`,
    port: listener.port,
    controlUrl: `http://127.0.0.1:${control.port}`,
    counters,
    faults,
    models,
    setDoor: (door) => listener.setDoor(door),
    dropConnections: () => listener.dropConnections(),
    loaded: () => runners.loaded(),
    loads: () => runners.loads,
    setParallel: (count) => runners.setParallel(count),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
