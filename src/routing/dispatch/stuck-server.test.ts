import { describe, expect, it } from 'vitest'
import { PLAIN_SHARE } from '../../auth/principal.ts'
import type { Estimates } from '../learning/estimates.ts'
import { createDispatcher, type Dispatcher } from './dispatcher.ts'
import type { Effect } from './effect.ts'
import type { Work } from './work.ts'

const SECOND = 1_000
const estimates: Estimates = {
  pair: () => ({ prefillMsPerToken: 1, decodeMsPerToken: 10, outputTokens: 100 }),
  loadMs: () => 3_000,
  networkMs: () => 1,
}
function createWork(model: string, arrivedAt: number): Work {
  const prompt = { tokens: 50, blocks: () => [] }
  const candidates = (): readonly string[] => (model === 'asked' ? ['stuck', 'idle'] : ['third'])
  return { model, key: 'key', share: PLAIN_SHARE, prompt, brief: false, arrivedAt, lane: model, candidates }
}

interface Bed {
  readonly dispatcher: Dispatcher
  at: number
}

/** Two servers hold the one model; one of them could hold another one, which is asked for all the time, elsewhere. */
function createBed(): Bed {
  const bed = { at: 0, dispatcher: undefined as unknown as Dispatcher } // set before anybody sees it
  bed.dispatcher = createDispatcher(
    { clock: { now: () => bed.at }, estimates },
    { maxLength: 100, maxWaitMs: 300_000, spillAfterMs: 20_000, affinity: true },
  )
  const server = { priority: 1, slow: false, admits: Infinity, memoryBytes: null, slots: 1 }
  const [asked, other] = [new Map([['asked', 1]]), new Map([['other', 1]])]
  bed.dispatcher.setServers([
    { ...server, name: 'stuck', models: asked },
    { ...server, name: 'idle', models: new Map([...asked, ...other]) },
    { ...server, name: 'third', models: other },
  ])
  for (const name of ['stuck', 'idle']) bed.dispatcher.sawLoaded(name, [{ model: 'asked', bytes: 1 }])
  bed.dispatcher.sawLoaded('third', [{ model: 'other', bytes: 1 }])
  return bed
}

function grantsOf(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === 'grant' ? [effect.server] : []))
}

/** Asks for the other model once in so long, for two minutes. */
function serveOther(bed: Bed, everyMs: number): void {
  for (const endAt = bed.at + 120 * SECOND; bed.at < endAt; bed.at += everyMs) {
    const work = createWork('other', bed.at)
    bed.dispatcher.arrive(work)
    bed.dispatcher.released(work)
  }
}

describe('a server that has stopped in the middle of something', () => {
  it.each([
    { everyMs: 100, where: 'in its answer' },
    { everyMs: 400, where: 'in its answer' },
    { everyMs: 100, where: 'before it' },
    { everyMs: 400, where: 'before it' },
  ])('is not waited for while another is free: $where, price of one in $everyMs ms', ({ everyMs, where }) => {
    const bed = createBed()
    serveOther(bed, everyMs)
    const first = createWork('asked', bed.at)
    expect(grantsOf(bed.dispatcher.arrive(first))).toEqual(['stuck'])
    if (where === 'in its answer') bed.dispatcher.began(first)
    bed.at += 2 * SECOND
    const granted = grantsOf(bed.dispatcher.arrive(createWork('asked', bed.at)))
    for (let tick = 0; tick < 90 && granted.length === 0; tick += 1) {
      bed.at += SECOND
      granted.push(...grantsOf(bed.dispatcher.reconsider()))
    }
    expect(granted).toEqual(['idle'])
  })
})
