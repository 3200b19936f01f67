import { createFleetLearning } from '../../src/routing/fleet/fleet-learning.ts'
import type { DispatcherDeps } from '../../src/routing/dispatch/dispatcher.ts'
import type { Work } from '../../src/routing/dispatch/work.ts'
import type { ModelEntry } from '../../src/routing/models/model-entry.ts'
import type { UpstreamState } from '../../src/routing/fleet/upstream-state.ts'
import { exactEstimates } from './exact-estimates.ts'
import { holds, loadedBytes, type ServerSpec } from './fleet.ts'
import type { World } from './policy.ts'
import type { Answer } from './simulated-runner.ts'

type SeenModel = { readonly model: string; readonly bytes: number }

/** What the dispatcher goes by. */
export interface Knowledge extends Omit<DispatcherDeps, 'clock'> {
  /** Null: learnt. */
  readonly slots: number | null
  bytesOf(server: string, model: string): number
  granted(work: Work, server: string, cold: boolean): void
  began(work: Work): void
  answered(work: Work, answer: Answer): void
  /** True where a size is news. */
  sawLoaded(server: string, loaded: readonly SeenModel[]): boolean
}

/** Rates as they are, each times a factor; slots and sizes as they are. */
export function toldKnowledge(world: World, meanAnswerTokens: number, factor: () => number): Knowledge {
  const bytes = new Map(world.fleet.models.map((model) => [model.name, loadedBytes(model)]))
  return {
    estimates: exactEstimates(world.fleet, meanAnswerTokens, factor),
    slots: world.parallel,
    bytesOf: (_, model) => bytes.get(model) ?? 0,
    granted() {},
    began() {},
    answered() {},
    sawLoaded: () => false,
  }
}

/** The product's own learning, told what the gateway would tell it. Else it knows sizes of files, and slots where stated. */
export function learntKnowledge(world: World, slots: number | null): Knowledge {
  const states = new Map(world.fleet.servers.map((spec) => [spec.name, stateOf(world, spec)]))
  const learning = createFleetLearning({ fleet: { get: (name) => states.get(name) }, clock: { now: world.now } })
  const watching = new Map<Work, ReturnType<typeof learning.watch>>()
  return {
    estimates: learning.estimates,
    createSlotLimit: learning.createSlotLimit,
    capacityOf: learning.capacityOf,
    slots,
    bytesOf(server, model) {
      const state = states.get(server)
      return state === undefined ? 0 : learning.bytesOf(state, model)
    },
    granted: (work, server, cold) => void watching.set(work, learning.watch(work, server, cold)),
    began: (work) => watching.get(work)?.began(),
    answered(work, answer) {
      watching.get(work)?.answered(factsOf(answer))
      watching.delete(work)
    },
    sawLoaded(server, loaded) {
      const state = states.get(server)
      const entries = loaded.map(({ model, bytes }) => entryOf(model, bytes))
      return state !== undefined && learning.sawLoaded({ ...state, loaded: entries })
    },
  }
}

/** As Ollama's own dialect tells it at the end of a stream. */
function factsOf({ request, loadMs, promptMs, answerMs }: Answer): Parameters<ReturnType<WatchOf>['answered']>[0] {
  return {
    status: 200,
    streamed: true,
    usage: { promptTokens: request.promptTokens, completionTokens: request.answerTokens, cachedTokens: null },
    timings: { loadMs, promptMs, evalMs: answerMs, totalMs: loadMs + promptMs + answerMs },
  }
}

type WatchOf = ReturnType<typeof createFleetLearning>['watch']

function stateOf({ fleet }: World, spec: ServerSpec): UpstreamState {
  const models = fleet.models.filter((model) => holds(spec, model))
  const entries = models.map(({ name, fileBytes }) => [name, entryOf(name, fileBytes)] as const)
  // Learning reads its name, its lists, and that it is no provider.
  return {
    name: spec.name,
    provider: null,
    models: new Map(entries),
    loaded: [] as ModelEntry[],
  } as unknown as UpstreamState
}

function entryOf(canonical: string, bytes: number): ModelEntry {
  return { canonical, remote: false, digest: null, raw: { name: canonical, size: bytes } }
}
