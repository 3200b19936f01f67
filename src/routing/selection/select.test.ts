import { describe, expect, it } from 'vitest'
import type { Dialect } from '../../dialects/dialect.ts'
import { createScriptedUpstream } from '../__fixtures__/scripted-upstream.ts'
import type { Breaker } from '../health/breaker.ts'
import { firstServable, pick, selectUpstreams } from './select.ts'
import { newUpstreamState, type UpstreamState } from '../fleet/upstream-state.ts'
import type { SelectRequest, Snapshot } from './verdict.ts'

function state(name: string, more: Partial<UpstreamState> & { has?: string[] } = {}): UpstreamState {
  const upstream = createScriptedUpstream(name)
  const { has, ...rest } = more
  const entries = (has ?? []).map(
    (canonical) => [canonical, { canonical, remote: false, digest: null, raw: {} }] as const,
  )
  const base = newUpstreamState({ upstream, priority: 1, enabled: true, maxResponseTimeMs: null })
  return { ...base, health: 'up', models: new Map(entries), ...rest }
}

function select(
  upstreams: UpstreamState[],
  more: Partial<SelectRequest> = {},
  { turn = 0, ...snapshot }: Partial<Snapshot> & { turn?: number } = {},
): string {
  const request: SelectRequest = {
    model: 'm:latest',
    tried: new Set(),
    route: { kind: 'generate', pattern: '/api/chat', dialect: 'ollama' },
    principal: { upstreams: null },
    ...more,
  }
  const selection = selectUpstreams(request, { upstreams, assignments: new Map(), ...snapshot })
  if (selection.kind === 'eligible') return `${pick(request, selection, turn)?.name} ${selection.why}`
  return selection.kind === 'asleep' ? `${selection.state.name} asleep` : selection.reason
}

const m = ['m:latest']
const write = (pattern: string) => ({ kind: 'write', pattern, dialect: 'ollama' }) as const

describe('selectUpstreams, who can serve', () => {
  it('takes one that has the model over a better one that has not', () => {
    expect(select([state('a'), state('b', { priority: 9, has: m })])).toBe('b has-model')
  })

  it('leaves out what is down, disabled or was tried', () => {
    expect(select([state('a', { has: m, health: 'down' }), state('b', { has: m })])).toBe('b has-model')
    expect(select([state('a', { has: m, enabled: false }), state('b', { has: m })])).toBe('b has-model')
    expect(select([state('a', { has: m }), state('b', { has: m })], { tried: new Set(['a']) })).toBe('b has-model')
  })

  it('sends one that is drained nothing new, and knows that its models come back', () => {
    const drained = state('a', { has: m, draining: true })
    expect(select([drained, state('b', { has: m, priority: 9 })])).toBe('b has-model')
    expect(select([drained, state('b')])).toBe('model-down')
    expect(select([drained])).toBe('no-upstream')
    expect(select([drained], { model: 'other:latest' })).toBe('no-upstream')
    expect(select([drained], { route: { kind: 'relay', pattern: '/api/status', dialect: 'ollama' } })).toBe(
      'no-upstream',
    )
    expect(select([drained], {}, { assignments: new Map([['m:latest', ['a']]]) })).toBe('no-upstream')
    const wake = { waitMs: 1, send() {} }
    expect(select([state('a', { has: m, draining: true, health: 'down', wake })])).toBe('no-upstream')
    expect(select([state('a', { has: m, draining: true, memoryBytes: 1 })], {}, { bytesOf: () => 2 })).toBe('too-big')
  })

  it('never falls back to one without the model', () => {
    expect(select([state('a', { has: m }), state('b')], { tried: new Set(['a']) })).toBe('all-tried')
    expect(select([state('a', { has: m, health: 'down' }), state('b')])).toBe('model-down')
  })

  it('takes one that was never probed only where none is up', () => {
    expect(select([state('a', { health: 'unknown', has: m }), state('b', { has: m })])).toBe('b has-model')
    expect(select([state('a', { health: 'unknown', has: m }), state('b', { health: 'down', has: m })])).toBe(
      'a has-model',
    )
  })

  it('has nothing to offer when all are down, disabled or missing', () => {
    expect(select([])).toBe('no-upstream')
    expect(select([state('a', { enabled: false })])).toBe('no-upstream')
    expect(select([state('a', { health: 'down', has: m })])).toBe('no-upstream')
  })

  it('keeps to the upstreams of the key', () => {
    const both = [state('a', { has: m }), state('b', { has: m })]
    expect(select(both, { principal: { upstreams: ['b'] } })).toBe('b has-model')
    expect(select(both, { principal: { upstreams: ['z'] } })).toBe('upstream-denied')
    expect(select([state('a', { has: m }), state('b')], { principal: { upstreams: ['b'] } })).toBe('b model-unknown')
  })

  it('sends an unknown model to the first, always the same', () => {
    const both = [state('a', { running: 5 }), state('b')]
    expect(select(both, {}, { turn: 0 })).toBe('a model-unknown')
    expect(select(both, {}, { turn: 1 })).toBe('a model-unknown')
    expect(select([state('a', { slow: true }), state('b')])).toBe('b model-unknown')
  })
})

const open: Breaker = { phase: 'open', admits: 0, failures: 3, until: 99, openings: 1 }

describe('selectUpstreams, memory and failures', () => {
  const bytesOf = (): number => 40
  const small = state('a', { has: m, memoryBytes: 39 })

  it('never takes one that is too small, unless it is assigned', () => {
    expect(select([small, state('b', { priority: 9, has: m, memoryBytes: 40 })], {}, { bytesOf })).toBe('b has-model')
    expect(select([small], {}, { bytesOf })).toBe('too-big')
    expect(select([small], {}, { bytesOf, assignments: new Map([['m:latest', ['a']]]) })).toBe('a assigned')
  })

  it('tells too small from out', () => {
    expect(select([small, state('b', { has: m, health: 'down' }), state('c')], {}, { bytesOf })).toBe('model-down')
  })

  it('asks one about a model that it is too small to run', () => {
    const route = { kind: 'model', pattern: '/api/show', dialect: 'ollama' } as const
    expect(select([small], { route }, { bytesOf })).toBe('a has-model')
  })

  it('takes none whose requests failed, but for writes', () => {
    const broken = state('a', { has: m, breaker: open })
    expect(select([broken, state('b', { priority: 9, has: m })])).toBe('b has-model')
    expect(select([broken])).toBe('model-down')
    expect(select([broken], { route: write('/api/delete') })).toBe('a has-model')
  })

  it('takes one on which the model failed only where no other has it', () => {
    const failing = state('a', { has: m, failing: new Map([['m:latest', open]]) })
    expect(select([failing, state('b', { priority: 9, has: m })])).toBe('b has-model')
    expect(select([failing, state('b')])).toBe('a has-model')
    expect(select([state('a', { has: m, failing: new Map([['n:latest', open]]) })])).toBe('a has-model')
  })
})

describe('selectUpstreams, named by the request', () => {
  const agent = { pool: 'home', serves: () => true }
  const fleet = [state('a', { has: m }), state('b', { has: m }), state('c', { has: m, agent })]

  it('keeps to the names, of which a pool is one', () => {
    expect(select(fleet, { named: ['b'] })).toBe('b has-model')
    expect(select(fleet, { named: ['home'] })).toBe('c has-model')
    expect(select(fleet, { named: ['*'] })).toBe('a has-model')
  })

  it('does not overrule an assignment', () => {
    expect(select(fleet, { named: ['b'] }, { assignments: new Map([['m:latest', ['a']]]) })).toBe('not-named')
  })

  it('lets one without the model say so itself', () => {
    expect(select([...fleet, state('d')], { named: ['d'] })).toBe('d model-unknown')
  })
})

describe('selectUpstreams, assignments', () => {
  const assignments = new Map([['m:latest', ['b', 'c']]])

  it('hold against priority, the lists and health', () => {
    expect(select([state('a', { has: m }), state('b', { priority: 9 })], {}, { assignments })).toBe('b assigned')
    expect(select([state('a', { has: m }), state('b', { health: 'down' })], {}, { assignments })).toBe('no-upstream')
    expect(select([state('a', { has: m })], {}, { assignments })).toBe('no-upstream')
  })

  it('prefer the assigned one that has the model', () => {
    expect(select([state('b'), state('c', { priority: 2, has: m })], {}, { assignments })).toBe('c assigned')
  })

  it('do not open an upstream to a key that may not reach it', () => {
    const request = { principal: { upstreams: ['a'] } }
    expect(select([state('a', { has: m }), state('b', { has: m })], request, { assignments })).toBe('upstream-denied')
  })
})

describe('selectUpstreams, who serves best', () => {
  it('prefers not slow, then priority, then fewest running', () => {
    expect(select([state('a', { has: m, slow: true }), state('b', { has: m, priority: 2 })])).toBe('b has-model')
    expect(select([state('a', { has: m, running: 9 }), state('b', { has: m, priority: 2 })])).toBe('a has-model')
    expect(select([state('a', { has: m, running: 2 }), state('b', { has: m, running: 1 })])).toBe('b has-model')
    expect(select([state('a', { has: m, slow: true })])).toBe('a has-model')
  })

  it('lets equals take turns', () => {
    const equals = [state('a', { has: m }), state('b', { has: m }), state('c', { has: m, running: 1 })]
    expect([0, 1, 2].map((turn) => select(equals, {}, { turn }))).toEqual(['a has-model', 'b has-model', 'a has-model'])
  })
})

describe('selectUpstreams, writes and relays', () => {
  const fleet = [state('a', { running: 3, slow: true }), state('b', { priority: 2, has: ['m:latest', 'other:latest'] })]

  it('sends blobs and the creation that needs them to one place, whatever the load', () => {
    const blob = { model: null, route: write('/api/blobs/:digest') }
    const create = { model: 'm:latest', route: write('/api/create') }
    for (const turn of [0, 1]) {
      expect(select(fleet, blob, { turn })).toBe('a any')
      expect(select(fleet, create, { turn })).toBe('a any')
    }
  })

  it('pulls a new model to the first, an old one where it is', () => {
    expect(select(fleet, { model: 'new:latest', route: write('/api/pull') })).toBe('a model-unknown')
    expect(select(fleet, { route: write('/api/pull') })).toBe('b has-model')
    const down = [state('a'), state('b', { has: m, health: 'down' })]
    expect(select(down, { route: write('/api/pull') })).toBe('a model-unknown')
  })

  it('deletes and copies where the model is', () => {
    expect(select(fleet, { route: write('/api/delete') })).toBe('b has-model')
    expect(select(fleet, { route: write('/api/copy') })).toBe('b has-model')
  })

  it('relays to the first, not in turns', () => {
    const route = { kind: 'relay', pattern: '/api/status', dialect: 'ollama' } as const
    const equals = [state('a'), state('b')]
    expect([0, 1].map((turn) => select(equals, { model: null, route }, { turn }))).toEqual(['a any', 'a any'])
  })
})

describe('selectUpstreams, providers', () => {
  const openai = { kind: 'generate', pattern: '/v1/chat/completions', dialect: 'openai' } as const
  const spoken: ReadonlySet<Dialect> = new Set(['openai'])
  const provider = (name: string, more: Partial<UpstreamState> & { has?: string[] } = {}): UpstreamState => {
    const base = state(name, { provider: { models: null }, ...more })
    return { ...base, upstream: { ...base.upstream, speaks: () => spoken } }
  }
  const ollama = (name: string, more: Partial<UpstreamState> & { has?: string[] } = {}): UpstreamState => {
    const base = state(name, more)
    return { ...base, upstream: { ...base.upstream, speaks: () => new Set<Dialect>(['ollama', 'openai']) } }
  }

  it('serves a model of its own in its own dialect only', () => {
    const fleet = [ollama('a'), provider('p', { has: m })]
    expect(select(fleet, { route: openai })).toBe('p has-model')
    expect(select(fleet)).toBe('dialect')
    expect(select([ollama('a', { has: m }), provider('p', { has: m })])).toBe('a has-model')
  })

  it('is taken where it is assigned, listed or not', () => {
    const assignments = new Map([['m:latest', ['p']]])
    expect(select([ollama('a', { has: m }), provider('p')], { route: openai }, { assignments })).toBe('p assigned')
    expect(select([ollama('a', { has: m }), provider('p')], {}, { assignments })).toBe('dialect')
    const both = new Map([['m:latest', ['a', 'p']]])
    expect(select([ollama('a'), provider('p')], {}, { assignments: both })).toBe('a assigned')
  })

  it('never sees a request for a model that nobody is known to have', () => {
    expect(select([provider('p'), ollama('a')], { route: openai })).toBe('a model-unknown')
    expect(select([provider('p')], { route: openai })).toBe('model-missing')
    expect(select([provider('p'), ollama('a', { health: 'down' })], { route: openai })).toBe('no-upstream')
  })

  it('that refuses the key is no other failure', () => {
    const refusing = { health: 'down', refusesKey: true } as const
    expect(select([provider('p', refusing)], { route: openai })).toBe('key-refused')
    expect(select([provider('p', { ...refusing, has: m }), ollama('a')], { route: openai })).toBe('key-refused')
    expect(select([provider('p', refusing), ollama('a')], { route: openai })).toBe('a model-unknown')
    expect(select([provider('p', { ...refusing, has: m }), ollama('a', { has: m })], { route: openai })).toBe(
      'a has-model',
    )
  })

  it("never sees what is Ollama's alone", () => {
    expect(select([provider('p', { has: m })], { route: write('/api/pull') })).toBe('no-upstream')
    expect(select([provider('p', { has: m }), ollama('a')], { route: write('/api/pull') })).toBe('a model-unknown')
    const relay = { kind: 'relay', pattern: '/api/status', dialect: 'ollama' } as const
    expect(select([provider('p'), ollama('a')], { model: null, route: relay })).toBe('a any')
  })
})

describe('selectUpstreams, sleepers', () => {
  const wake = { waitMs: 1000, send: () => {} }
  const asleep = (more: Partial<UpstreamState> & { has?: string[] } = {}) =>
    state('z', { health: 'down', wake, ...more })

  it('wakes one that alone has the model', () => {
    expect(select([state('a'), asleep({ has: m })])).toBe('z asleep')
    expect(select([asleep({ has: m })])).toBe('z asleep')
    expect(select([state('a', { has: m }), asleep({ has: m })])).toBe('a has-model')
  })

  it('wakes one whose models were never seen, and one that is assigned', () => {
    expect(select([state('a'), asleep({ models: null })])).toBe('z asleep')
    expect(select([state('a', { has: m }), asleep()], {}, { assignments: new Map([['m:latest', ['z']]]) })).toBe(
      'z asleep',
    )
  })

  it('wakes nobody for another model, a write, or a second try', () => {
    expect(select([state('a'), asleep()])).toBe('a model-unknown')
    expect(select([state('a'), asleep({ has: m })], { route: write('/api/pull') })).toBe('a model-unknown')
    expect(select([state('a'), asleep({ has: m })], { tried: new Set(['z']) })).toBe('model-down')
    expect(select([state('a'), asleep({ has: m, wake: null })])).toBe('model-down')
  })
})

describe('firstServable', () => {
  const request = { principal: { upstreams: null }, dialect: 'ollama' } as const

  it('is the first model that is up somewhere', () => {
    const upstreams = [state('a', { has: ['big:latest'], health: 'down' }), state('b', { has: ['small:latest'] })]
    const snapshot = { upstreams, assignments: new Map<string, string[]>() }
    expect(firstServable(['big:latest', 'small:latest'], request, snapshot)).toBe('small:latest')
    expect(firstServable(['big:latest'], request, snapshot)).toBeUndefined()
  })

  it('is none that does not fit, or that failed', () => {
    const failing = new Map([['big:latest', open]])
    const upstreams = [state('a', { has: ['huge:latest', 'big:latest', 'small:latest'], failing, memoryBytes: 50 })]
    const bytesOf = (_state: UpstreamState, model: string): number => (model === 'huge:latest' ? 60 : 40)
    const snapshot = { upstreams, assignments: new Map<string, string[]>(), bytesOf }
    expect(firstServable(['huge:latest', 'big:latest', 'small:latest'], request, snapshot)).toBe('small:latest')
    expect(firstServable(['huge:latest', 'big:latest'], request, snapshot)).toBeUndefined()
  })
})
