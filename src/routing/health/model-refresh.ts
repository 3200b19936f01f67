import type { Clock } from '../../lib/clock.ts'
import type { Fleet } from '../fleet/fleet-state.ts'
import type { Inspector } from './inspector.ts'

export interface ModelRefreshDeps {
  readonly fleet: Fleet
  readonly inspector: Pick<Inspector, 'readModels'>
  readonly clock: Clock
}

export interface ModelRefresh {
  /** Reads the list of one upstream again. Of calls that meet a running one, all share the one after it. */
  refresh(name: string): Promise<void>
  /** Ends as soon as one upstream has the model, or all were read; at most one round a second for all callers. */
  learn(model: string): Promise<void>
}

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
      const askable = deps.fleet.all().filter((state) => state.enabled && state.health !== 'down' && !state.provider)
      round = { startedAt: now(), reads: askable.map(({ name }) => running.get(name) ?? start(name)) }
    }
    return untilKnown(deps.fleet, model, round.reads)
  }
  return { refresh, learn }
}

async function readModels({ fleet, inspector, clock }: ModelRefreshDeps, name: string): Promise<void> {
  const state = fleet.get(name)
  if (state === undefined) return
  const models = await inspector.readModels(state)
  if (models !== undefined) fleet.apply(name, { kind: 'models-read', at: clock.now(), models })
}

function untilKnown(fleet: Fleet, model: string, reads: readonly Promise<void>[]): Promise<void> {
  return new Promise((resolve) => {
    const lookAgain = (): void => {
      if (
        fleet
          .all()
          .some((state) => state.enabled && !state.draining && state.health !== 'down' && state.models?.has(model))
      )
        resolve()
    }
    for (const read of reads) void read.then(lookAgain)
    void Promise.all(reads).then(() => resolve())
  })
}
