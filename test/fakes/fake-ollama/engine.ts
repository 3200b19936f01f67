import type { Compute } from './compute.ts'
import type { Exchange } from './exchange.ts'
import { startGeneration, type Generation, type Job } from './generation.ts'
import { parseKeepAlive } from './keep-alive.ts'
import type { InstalledModel, ModelStore } from './model-store.ts'
import { OllamaError } from './ollama-error.ts'
import type { ReadyOptions } from './options.ts'
import type { Runners } from './runners.ts'

/** What all handlers share: the models on disk, the models in memory, the options. */
export interface Engine {
  readonly options: ReadyOptions
  readonly models: ModelStore
  readonly runners: Runners
  readonly compute: Compute
}

export const DEFAULT_CONTEXT = 2048

const OPTION_TYPES: Readonly<Record<string, 'integer' | 'float32' | 'boolean' | 'array'>> = {
  num_ctx: 'integer',
  num_batch: 'integer',
  num_gpu: 'integer',
  main_gpu: 'integer',
  num_thread: 'integer',
  num_keep: 'integer',
  seed: 'integer',
  num_predict: 'integer',
  top_k: 'integer',
  repeat_last_n: 'integer',
  top_p: 'float32',
  min_p: 'float32',
  typical_p: 'float32',
  temperature: 'float32',
  repeat_penalty: 'float32',
  presence_penalty: 'float32',
  frequency_penalty: 'float32',
  use_mmap: 'boolean',
  stop: 'array',
}

export function findModel(engine: Engine, name: string): InstalledModel {
  const model = engine.models.find(name)
  if (model === undefined) throw new OllamaError(404, `model '${name}' not found`)
  if (model.spec.remoteHost !== undefined) {
    throw new OllamaError(401, 'unauthorized', { signin_url: 'https://ollama.com/connect' })
  }
  return model
}

export function capabilitiesOf(model: InstalledModel): readonly string[] {
  return model.spec.capabilities ?? ['completion', 'tools']
}

/** A thinking model thinks unless told otherwise; another one refuses to. */
export function decideThinking(model: InstalledModel, spelled: string, think: unknown): boolean {
  const able = capabilitiesOf(model).includes('thinking')
  if (think === undefined) return able
  if (think !== false && !able) throw new OllamaError(400, `"${spelled}" does not support thinking`)
  return think !== false
}

export interface RunSettings {
  readonly limit: number | undefined
  readonly contextLength: number
  readonly keepAliveMs: number | undefined
}

export function runSettings(
  model: InstalledModel,
  options: Readonly<Record<string, unknown>>,
  keepAlive: unknown,
): RunSettings {
  for (const [name, value] of Object.entries(options)) checkOption(name, value)
  const limit = options['num_predict']
  const context = options['num_ctx']
  return {
    limit: typeof limit === 'number' && limit > 0 ? limit : undefined,
    contextLength: typeof context === 'number' ? context : (model.spec.contextLength ?? DEFAULT_CONTEXT),
    keepAliveMs: parseKeepAlive(keepAlive),
  }
}

/** Loads or, with a `keep_alive` of zero, unloads: what an empty prompt means. */
export async function loadOnly(
  engine: Engine,
  model: InstalledModel,
  run: { readonly settings: RunSettings; readonly signal: AbortSignal },
): Promise<'load' | 'unload'> {
  if (run.settings.keepAliveMs === 0) {
    engine.runners.expire(model)
    return 'unload'
  }
  const use = await engine.runners.acquire({ model, ...run.settings, signal: run.signal })
  use.release()
  return 'load'
}

export function generate(engine: Engine, job: Job, exchange: Exchange): Promise<Generation> {
  return startGeneration(engine, job, exchange)
}

function checkOption(name: string, value: unknown): void {
  const type = OPTION_TYPES[name]
  if (type === undefined || value === null) return
  const good = {
    integer: typeof value === 'number',
    float32: typeof value === 'number',
    boolean: typeof value === 'boolean',
    array: Array.isArray(value),
  }[type]
  if (!good) throw new OllamaError(500, `option "${name}" must be of type ${type}`)
}
