import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planWarmth, type WarmServer, type WarmWish } from './warm-plan.ts'

interface Given extends Partial<Omit<WarmServer, 'models' | 'loaded' | 'loading'>> {
  readonly models?: Readonly<Record<string, number>>
  readonly loaded?: readonly string[]
  readonly loading?: readonly string[]
}

const SIZES = { m: 8, n: 8, big: 20 }

function server(name: string, { models = SIZES, loaded = [], loading = [], ...more }: Given = {}): WarmServer {
  const sizes = new Map(Object.entries(models))
  return {
    ...{ name, pool: null, priority: 1, hasQueue: false, holds: { bytes: 24, models: 3 } },
    models: sizes,
    loaded: new Set(loaded),
    held: { bytes: loaded.reduce((sum, model) => sum + (sizes.get(model) ?? 0), 0), models: loaded.length },
    loading: new Set(loading),
    ...more,
  }
}

function plan(wishes: readonly WarmWish[], ...servers: WarmServer[]): string[] {
  return planWarmth(wishes, servers).map(({ server, model, kind }) => `${kind} ${model} on ${server}`)
}

const m: WarmWish = { model: 'm', upstreams: null }

describe('planWarmth', () => {
  it('loads a model once, on the preferred tier, where most room is left', () => {
    expect(plan([m], server('a', { loaded: ['n'] }), server('b'), server('c', { priority: 0 }))).toEqual([
      'load m on c',
    ])
    expect(plan([m], server('a', { loaded: ['n'] }), server('b'), server('c'))).toEqual(['load m on b'])
  })

  it('keeps it where it is, and waits for one that comes', () => {
    expect(plan([m], server('a'), server('b', { priority: 9, loaded: ['m'] }))).toEqual(['keep m on b'])
    expect(plan([m], server('a'), server('b', { loading: ['m'] }))).toEqual([])
  })

  it('loads it on each upstream that is named, and on each agent of a pool', () => {
    const wish = { model: 'm', upstreams: ['a', 'home'] }
    const servers = [
      server('a'),
      server('b'),
      server('x', { pool: 'home' }),
      server('y', { pool: 'home', loaded: ['m'] }),
    ]
    expect(plan([wish], ...servers)).toEqual(['load m on a', 'load m on x', 'keep m on y'])
  })

  it('pushes nothing out: neither of the memory nor of the count', () => {
    expect(plan([{ model: 'big', upstreams: null }], server('a', { loaded: ['m'] }))).toEqual([])
    expect(plan([m], server('a', { holds: { bytes: Infinity, models: 1 }, loaded: ['n'] }))).toEqual([])
  })

  it('begins no load where another is under way, or where requests wait', () => {
    expect(plan([m], server('a', { loading: ['n'] }))).toEqual([])
    expect(plan([m], server('a', { hasQueue: true }))).toEqual([])
    const both = [m, { model: 'n', upstreams: null }]
    expect(plan(both, server('a'))).toEqual(['load m on a'])
    expect(plan(both, server('a'), server('b'))).toEqual(['load m on a', 'load n on b'])
  })

  it('does nothing where nobody has the model', () => {
    expect(plan([m], server('a', { models: { n: 1 } }))).toEqual([])
    expect(plan([m])).toEqual([])
  })

  it('never overfills an upstream, begins one load on each at most, and says nothing twice', () => {
    const model = fc.constantFrom('m', 'n', 'big')
    const models = fc.uniqueArray(model)
    const anyServer = fc
      .record({
        loaded: models,
        loading: models,
        hasQueue: fc.boolean(),
        priority: fc.nat({ max: 1 }),
        bytes: fc.nat({ max: 60 }),
      })
      .map(({ bytes, ...given }) => ({ ...given, holds: { bytes, models: 3 } }))
    const wish = fc.record({ model, upstreams: fc.option(fc.subarray(['s0', 's1', 's2'], { minLength: 1 })) })
    fc.assert(
      fc.property(fc.array(wish), fc.array(anyServer, { maxLength: 3 }), (wishes, given) => {
        const servers = given.map((each, index) => server(`s${index}`, each))
        const steps = planWarmth(wishes, servers)
        expect(new Set(steps.map((step) => `${step.server} ${step.model}`)).size).toBe(steps.length)
        for (const each of servers) {
          const loads = steps.filter((step) => step.server === each.name && step.kind === 'load')
          expect(loads.length).toBeLessThanOrEqual(1)
          const bytes = loads.reduce((sum, step) => sum + (each.models.get(step.model) ?? 0), 0)
          if (loads.length > 0) expect(each.held.bytes + bytes).toBeLessThanOrEqual(each.holds.bytes)
        }
      }),
    )
  })
})
