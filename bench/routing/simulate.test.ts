import { describe, expect, it } from 'vitest'
import type { Fleet } from './fleet.ts'
import type { CreatePolicy } from './policy.ts'
import { simulate } from './simulate.ts'
import type { SimulatedRequest } from './workload.ts'

const GB = 1e9

/** 1000 tokens of a prompt take a second, ten of an answer too; a load takes four; one model at a time fits. */
const SMALL: Fleet = {
  name: 'small',
  title: 'One server',
  servers: [{ name: 'S', memoryBytes: 6 * GB, prefillPerSecond: 1000, decodePerSecond: 10 }],
  models: [
    { name: 'x', billions: 8, fileBytes: 4.5 * GB, share: 1 },
    { name: 'y', billions: 8, fileBytes: 4.5 * GB, share: 1 },
  ],
  placement: { S: ['x', 'y'] },
}
const ROOMY: Fleet = { ...SMALL, servers: SMALL.servers.map((server) => ({ ...server, memoryBytes: 24 * GB })) }

const toTheFirst: CreatePolicy = (world) => ({
  arrived(request) {
    const [server] = world.servers
    if (server !== undefined) world.send(request, server)
  },
})

interface Ask {
  readonly at: number
  readonly model?: string
  readonly conversation?: number
  readonly shared?: number
}

function asked(asks: readonly Ask[]): SimulatedRequest[] {
  return asks.map(({ at, model = 'x', conversation, shared = 0 }, id) => ({
    id,
    atMs: at * 1000,
    model,
    user: 0,
    conversation: conversation ?? id,
    promptTokens: 1000,
    answerTokens: 10,
    sharedTokens: shared,
  }))
}

/** Seconds of the first tokens and of the ends. */
function times(asks: readonly Ask[], options: { fleet?: Fleet; parallel?: number; keepAlive?: number } = {}) {
  const { fleet = SMALL, parallel = 1, keepAlive = 300 } = options
  const setUp = { fleet, parallel, keepAliveMs: keepAlive * 1000, seed: 1, createPolicy: toTheFirst }
  const simulation = simulate(asked(asks), setUp)
  const rounded = (ms: number): number => Math.round(ms) / 1000
  return {
    began: simulation.outcomes.map(({ beganMs }) => rounded(beganMs)),
    ended: simulation.outcomes.map(({ endedMs }) => rounded(endedMs)),
    cached: simulation.outcomes.map(({ cachedTokens }) => cachedTokens),
    loads: simulation.loads,
    busy: simulation.servers.map(({ busyMs }) => rounded(busyMs)),
  }
}

describe('a simulated Ollama', () => {
  it('serves what is loaded before a load that came earlier', () => {
    // x: loaded at 4, then one after the other. y wants its place from 2 on, but x is asked for again at 7, before it
    // is idle: so y is loaded from 10 to 14 only.
    const seen = times([{ at: 0 }, { at: 1 }, { at: 2, model: 'y' }, { at: 7 }])
    expect(seen).toEqual({ began: [5, 7, 15, 9], ended: [6, 8, 16, 10], cached: [0, 0, 0, 0], loads: 2, busy: [16] })
  })

  it('shares itself between models at work', () => {
    // Both are loaded, one after the other, at 4 and at 8. At 20 both are asked: each goes at half its pace.
    const seen = times([{ at: 0 }, { at: 0, model: 'y' }, { at: 20 }, { at: 20, model: 'y' }], { fleet: ROOMY })
    expect(seen.began).toEqual([5, 9, 22, 22])
    expect(seen.ended).toEqual([6, 10, 24, 24])
    expect(seen.loads).toBe(2)
  })

  it('answers two at once at 0.6 of the pace each where it has two slots, and reads prompts in turns', () => {
    const seen = times([{ at: 0 }, { at: 20 }, { at: 20 }], { parallel: 2 })
    expect(seen.began).toEqual([5, 22, 22])
    expect(seen.ended).toEqual([6, 23.667, 23.667])
  })

  it('reads only what the slot does not know of a conversation', () => {
    const turns = [{ at: 0, conversation: 7 }, { at: 20, conversation: 7, shared: 500 }, { at: 40 }]
    const seen = times([...turns, { at: 60, conversation: 7, shared: 800 }])
    expect(seen.began).toEqual([5, 20.5, 41, 61])
    // What came between has taken the slot.
    expect(seen.cached).toEqual([0, 500, 0, 0])
  })

  it('unloads what was idle for long', () => {
    const seen = times([{ at: 0 }, { at: 30 }, { at: 45 }], { keepAlive: 20 })
    expect(seen.began).toEqual([5, 35, 46])
    expect(seen.loads).toBe(2)
  })

  it('evicts the model that was not used for longest, and keeps three', () => {
    const names = ['a', 'b', 'c', 'd']
    const models = names.map((name) => ({ name, billions: 8, fileBytes: 1.5 * GB, share: 1 }))
    const fleet = { ...ROOMY, models, placement: { S: names } }
    const asks = ['a', 'b', 'c', 'a', 'd', 'a', 'b'].map((model, index) => ({ at: index * 20, model }))
    // d takes the place of b; a stays.
    expect(times(asks, { fleet }).began).toEqual([3, 23, 43, 61, 83, 101, 123])
  })

  it('says so when somebody would wait forever', () => {
    const forgetful: CreatePolicy = () => ({ arrived() {} })
    const setUp = { fleet: SMALL, parallel: 1, keepAliveMs: 1000, seed: 1, createPolicy: forgetful }
    expect(() => simulate(asked([{ at: 0 }]), setUp)).toThrow('1 requests wait forever')
  })
})
