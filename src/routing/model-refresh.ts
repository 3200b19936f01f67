import type { Clock } from '../lib/clock.ts'
import type { AskJson } from './ask-json.ts'
import type { Fleet } from './fleet-state.ts'
import { indexEntries, parseModelEntries } from './model-entry.ts'

export interface ModelRefreshDeps {
  readonly fleet: Fleet
  readonly ask: AskJson
  readonly clock: Clock
}

export interface ModelRefresh {
  /** Reads the list of one upstream again. Of calls that meet a running one, all share the one after it. */
  refresh(name: string): Promise<void>
  /** Ends as soon as one upstream has the model, or all were read; at most one round a second for all callers. */
  learn(model: string): Promise<void>
}

const TIMEOUT_MS = 2000
const LEARN_PAUSE_MS = 1000

export function createModelRefresh(deps: ModelRefreshDeps): ModelRefresh {
  const running = new Map<string, Promise<void>>()
  const waiting = new Map<string, Promise<void>>()
  let round: { readonly startedAt: number; readonly reads: readonly Promise<void>[] } | undefined

  const start = (name: string): Promise<void> => {
    const read = readModels(deps, name).finally(() => running.delete(name))
    running.set(name, read)
    return read
  }
  const refresh = (name: string): Promise<void> => {
    const before = running.get(name)
    if (before === undefined) return start(name)
    // The running one may have been answered before the change that this call is about.
    const next = waiting.get(name) ?? before.then(() => start(name)).finally(() => waiting.delete(name))
    waiting.set(name, next)
    return next
  }
  const learn = (model: string): Promise<void> => {
    const { now } = deps.clock
    if (round === undefined || now() - round.startedAt >= LEARN_PAUSE_MS) {
      const askable = deps.fleet.all().filter((state) => state.enabled && state.health !== 'down')
      round = { startedAt: now(), reads: askable.map(({ name }) => running.get(name) ?? start(name)) }
    }
    return untilKnown(deps.fleet, model, round.reads)
  }
  return { refresh, learn }
}

async function readModels({ fleet, ask, clock }: ModelRefreshDeps, name: string): Promise<void> {
  const state = fleet.get(name)
  if (state === undefined) return
  const answer = await ask(state.upstream, '/api/tags', TIMEOUT_MS)
  if (answer.kind !== 'answered' || answer.status !== 200) return
  const entries = parseModelEntries('tags', answer.value)
  if (entries !== undefined) fleet.apply(name, { kind: 'models-read', at: clock.now(), models: indexEntries(entries) })
}

function untilKnown(fleet: Fleet, model: string, reads: readonly Promise<void>[]): Promise<void> {
  return new Promise((resolve) => {
    const lookAgain = (): void => {
      if (fleet.all().some((state) => state.enabled && state.health !== 'down' && state.models?.has(model))) resolve()
    }
    for (const read of reads) void read.then(lookAgain)
    void Promise.all(reads).then(() => resolve())
  })
}
