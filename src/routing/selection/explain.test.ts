import { describe, expect, it } from 'vitest'
import type { Dialect } from '../../dialects/dialect.ts'
import { createFleetBed, type FleetBed, PRINCIPAL, testMember } from '../__fixtures__/fleet-bed.ts'
import { CHAT } from '../../proxy/__fixtures__/routes.ts'
import { createScriptedUpstream } from '../__fixtures__/scripted-upstream.ts'
import { explainRoute } from './explain.ts'
import type { ModelExplanation } from './explanation.ts'

const m = ['m:latest']

function explain({ core, time }: FleetBed, upstreams: readonly string[] | null = null): ModelExplanation {
  const principal = { ...PRINCIPAL, upstreams }
  const { router, dispatcher } = core
  const asked = { model: 'm:latest', promptTokens: 500, principal, dialect: 'ollama' } as const
  return explainRoute(asked, { snapshot: router.snapshot(), dispatcher, now: time.clock.now() })
}

const reasons = ({ upstreams }: ModelExplanation): Record<string, string> =>
  Object.fromEntries(upstreams.map(({ name, reason }) => [name, reason]))

describe('explainRoute', () => {
  it('names the one that a request would get, and what speaks against each of the others', () => {
    const bed = createFleetBed(
      { good: m, empty: [], small: m, off: m, out: m, lower: m },
      {
        members: [
          testMember('good'),
          testMember('empty'),
          testMember('small', { memoryBytes: 4 * 2 ** 30 }),
          testMember('off', { enabled: false }),
          testMember('out'),
          testMember('lower', { priority: 9 }),
          testMember('sleeper', { wake: { waitMs: 1, send: () => {} } }),
        ],
        memory: { memory: { m: 8 * 2 ** 30 }, memoryPatterns: [] },
      },
    )
    const fault = 'connect ECONNREFUSED'
    for (const name of ['out', 'sleeper']) {
      bed.core.fleet.apply(name, { kind: 'probe-failed', failure: 'unreachable', detail: fault })
    }
    const explained = explain(bed)
    expect([explained.model, explained.selected]).toEqual(['m:latest', 'good'])
    expect(explained.upstreams.map(({ name }) => name).slice(0, 2)).toEqual(['good', 'lower'])
    expect(reasons(explained)).toEqual({
      good: 'selected',
      lower: 'priority 9 comes after priority 1',
      empty: 'its disk does not have the model',
      small: 'the model takes 8.0 GB of its 4.0 GB',
      off: 'it is disabled',
      out: 'it is down: connect ECONNREFUSED',
      sleeper: 'it is asleep and is woken where no other can answer',
    })
    const [selected, ...others] = explained.upstreams
    const { queue = -1, load = -1, prefill = -1, network = -1, total = -1 } = selected?.expected ?? {}
    expect(queue).toBe(0)
    expect([load > 0, prefill > 0, network >= 0]).toEqual([true, true, true])
    expect(total).toBeCloseTo(queue + load + prefill + network)
    expect(others.filter(({ eligible }) => eligible).map(({ name }) => name)).toEqual(['lower'])
    expect(others.filter(({ expected }) => expected !== null).map(({ name }) => name)).toEqual(['lower'])
  })

  it('says how much later the others would answer', () => {
    const memory = { memory: { m: 8e9 }, memoryPatterns: [] }
    const bed = createFleetBed({ a: m, b: m }, { member: { slots: 2 }, memory })
    const { claim } = bed.ask()
    claim?.began()
    const loaded = claim?.upstream.id
    const explained = explain(bed)
    expect(explained.selected).toBe(loaded)
    expect(explained.upstreams[1]?.reason).toMatch(/^would answer \d+\.\d s later$/)
  })

  it('tells nobody of upstreams that the key may not reach', () => {
    const bed = createFleetBed({ a: m, b: m })
    expect(explain(bed, ['b'])).toMatchObject({ selected: 'b', upstreams: [{ name: 'b' }] })
  })

  it('selects none where none can take it', () => {
    const bed = createFleetBed({ a: [] }, { assignments: new Map([['m:latest', ['z']]]) })
    expect(explain(bed)).toMatchObject({
      selected: null,
      upstreams: [{ name: 'a', eligible: false, reason: 'the model is assigned to others', expected: null }],
    })
  })

  it('selects an assigned one that does not list the model', () => {
    const bed = createFleetBed({ a: m, b: [] }, { assignments: new Map([['m:latest', ['b']]]) })
    const [b] = explain(bed).upstreams
    expect(b).toEqual({
      name: 'b',
      eligible: true,
      reason: 'selected, although it does not list the model',
      expected: null,
    })
  })

  it('selects none for a model that nobody has: the first Ollama would only say so', async () => {
    const bed = createFleetBed({ a: [], b: ['n:latest'] })
    const without = { eligible: false, reason: 'its disk does not have the model', expected: null }
    expect(explain(bed)).toEqual({
      model: 'm:latest',
      selected: null,
      missing: true,
      upstreams: [
        { name: 'a', ...without },
        { name: 'b', ...without },
      ],
    })
    bed.core.fleet.apply('a', { kind: 'probe-failed', failure: 'unreachable', detail: 'x' })
    bed.core.fleet.apply('b', { kind: 'probe-failed', failure: 'unreachable', detail: 'x' })
    expect(explain(bed)).toMatchObject({ selected: null, missing: false })
  })

  it('selects one whose models are not known yet, for it may have the model', () => {
    const bed = createFleetBed({}, { members: [testMember('a')] })
    const reason = 'selected, although its models are not known yet'
    expect(explain(bed)).toMatchObject({ selected: 'a', missing: false, upstreams: [{ eligible: true, reason }] })
  })

  it('changes nothing', () => {
    const bed = createFleetBed({ a: m, b: m }, { member: { slots: 1 } })
    const before = JSON.stringify(bed.core.dispatcher.loads())
    explain(bed)
    explain(bed)
    expect([JSON.stringify(bed.core.dispatcher.loads()), bed.core.router.waiting()]).toEqual([before, 0])
  })

  it('counts what waits there, whoever asked and in whatever API', () => {
    const speaks = (): ReadonlySet<Dialect> => new Set(['ollama', 'openai'])
    const upstream = { ...createScriptedUpstream('a'), speaks }
    const bed = createFleetBed({ a: m }, { members: [testMember('a', { slots: 1, upstream })] })
    const queueMs = (): number => explain(bed).upstreams[0]?.expected?.queue ?? 0
    for (let n = 0; n < 2; n++) bed.ask()
    const behindOne = queueMs()
    for (let n = 0; n < 9; n++) bed.ask({ route: { ...CHAT, dialect: 'openai' } })
    for (let n = 0; n < 9; n++) bed.ask({ principal: { ...PRINCIPAL, upstreams: ['a'] } })
    expect(queueMs()).toBeGreaterThan(5 * behindOne)
  })

  it('agrees with what a request then gets', () => {
    const bed = createFleetBed({ a: m, b: m, c: m }, { member: { slots: 1 } })
    for (let n = 0; n < 3; n++) {
      const { selected } = explain(bed)
      expect(bed.ask().claim?.upstream.id).toBe(selected)
    }
    expect(explain(bed).upstreams[0]?.expected?.queue).toBeGreaterThan(0)
  })
})
