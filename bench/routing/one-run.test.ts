import { describe, expect, it } from 'vitest'
import { nominalCapacity } from './capacity.ts'
import { findFleet } from './fleet.ts'
import { FITTED } from './fitted-trace.ts'
import { type RunOrder, runOnce, workloadOf } from './one-run.ts'
import { POLICIES, type PolicyName } from './policies.ts'
import { synthesise } from './synthetic-trace.ts'

const TRACE = synthesise(FITTED, 1)
const COMMON = { fleet: 'mixed', parallel: 1, utilisation: 0.6, heavyUser: false, seed: 1, atMost: 400 } as const

function order(policy: PolicyName, changed: Partial<RunOrder> = {}): RunOrder {
  return { ...COMMON, policy, ...changed }
}

describe('a simulated run', () => {
  it.for(Object.keys(POLICIES) as PolicyName[])(
    'of "%s" answers every request once, the same way each time',
    (policy) => {
      const report = runOnce(TRACE, order(policy))
      expect(report.requests).toBe(400)
      expect(report.refused).toBe(0)
      expect(report.firstToken.p50).toBeGreaterThan(0)
      expect(report.firstToken.max).toBeLessThan(Number.POSITIVE_INFINITY)
      expect(runOnce(TRACE, order(policy))).toEqual(report)
      expect(runOnce(TRACE, order(policy, { seed: 2 }))).not.toEqual(report)
    },
  )

  it('sheds with Corral what cannot be served, and loses none', () => {
    const report = runOnce(TRACE, order('corral', { utilisation: 3, atMost: 2000 }))
    expect(report.refused).toBeGreaterThan(100)
    expect(report.requests).toBe(2000)
    // Nobody waits for much longer than the queue lets him, beside the load and the prompt.
    expect(report.firstToken.max).toBeLessThan(400)
  })

  it('says when more and more wait', () => {
    expect(runOnce(TRACE, order('random', { utilisation: 1.5, atMost: 3000 })).isUnstable).toBe(true)
    expect(runOnce(TRACE, order('corral', { utilisation: 0.3, atMost: 3000 })).isUnstable).toBe(false)
  })
})

describe('a workload', () => {
  const requests = workloadOf(TRACE, order('corral', { utilisation: 0.5, atMost: 6000 }))

  it('has the mix, the rate and the conversations that it should', () => {
    const share = (of: (request: (typeof requests)[number]) => boolean): number =>
      requests.filter(of).length / requests.length
    const tokens = requests.reduce((sum, request) => sum + request.promptTokens, 0)
    expect(share(({ model }) => model === '8Ba')).toBeCloseTo(0.41, 1)
    expect(share(({ model }) => model === '70B')).toBeCloseTo(0.07, 1)
    expect(share(({ sharedTokens }) => sharedTokens > 0)).toBeCloseTo(0.4, 1)
    const shared = requests.reduce((sum, request) => sum + request.sharedTokens, 0) / tokens
    expect(shared).toBeGreaterThan(0.18)
    expect(shared).toBeLessThan(0.32)
    expect((requests.length / (requests.at(-1)?.atMs ?? 1)) * 1000).toBeCloseTo(0.5 * 0.628, 2)
  })

  it('has one user ask as often as ten others where it should', () => {
    const heavy = workloadOf(TRACE, order('corral', { heavyUser: true, atMost: 6000 }))
    expect(heavy.filter(({ user }) => user === 0).length / heavy.length).toBeCloseTo(10 / 19, 1)
  })

  it('has a conversation keep its model and its user', () => {
    for (const turns of Map.groupBy(requests, ({ conversation }) => conversation).values())
      expect(new Set(turns.map(({ model, user }) => `${model} ${user}`)).size).toBe(1)
  })
})

describe('the nominal capacity', () => {
  it('is that of a linear programme over all servers', () => {
    const mean = { promptTokens: 1154.7 * 0.77, answerTokens: 211.13 }
    expect(nominalCapacity(findFleet('mixed'), mean)).toBeCloseTo(0.628, 3)
  })

  it('of one server and one model is what it does in a second', () => {
    const server = { name: 'S', memoryBytes: 1e10, prefillPerSecond: 1000, decodePerSecond: 10 }
    const model = { name: 'x', billions: 8, fileBytes: 4e9, share: 3 }
    const fleet = { name: 'one', title: '', servers: [server, server], models: [model], placement: {} }
    expect(nominalCapacity(fleet, { promptTokens: 1000, answerTokens: 10 })).toBeCloseTo(1, 9)
  })
})
