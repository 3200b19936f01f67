import { describe, expect, it } from 'vitest'
import { createScriptedUpstream } from './__fixtures__/scripted-upstream.ts'
import { firstServable, selectUpstream, type SelectRequest, type Snapshot } from './select.ts'
import { newUpstreamState, type UpstreamState } from './upstream-state.ts'

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
  request: Partial<SelectRequest> = {},
  snapshot: Partial<Snapshot> = {},
): string {
  const selection = selectUpstream(
    {
      model: 'm:latest',
      tried: new Set(),
      route: { kind: 'generate', pattern: '/api/chat' },
      principal: { upstreams: null },
      ...request,
    },
    { upstreams, assignments: new Map(), turn: 0, ...snapshot },
  )
  return selection.kind === 'selected' ? `${selection.state.name} ${selection.why}` : selection.reason
}

const m = ['m:latest']
const write = (pattern: string) => ({ kind: 'write', pattern }) as const

describe('selectUpstream, who can serve', () => {
  it('takes one that has the model over a better one that has not', () => {
    expect(select([state('a'), state('b', { priority: 9, has: m })])).toBe('b has-model')
  })

  it('leaves out what is down, disabled or was tried', () => {
    expect(select([state('a', { has: m, health: 'down' }), state('b', { has: m })])).toBe('b has-model')
    expect(select([state('a', { has: m, enabled: false }), state('b', { has: m })])).toBe('b has-model')
    expect(select([state('a', { has: m }), state('b', { has: m })], { tried: new Set(['a']) })).toBe('b has-model')
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

describe('selectUpstream, assignments', () => {
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

describe('selectUpstream, who serves best', () => {
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

describe('selectUpstream, writes and relays', () => {
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
    const route = { kind: 'relay', pattern: '/api/status' } as const
    const equals = [state('a'), state('b')]
    expect([0, 1].map((turn) => select(equals, { model: null, route }, { turn }))).toEqual(['a any', 'a any'])
  })
})

describe('firstServable', () => {
  const request = { principal: { upstreams: null } }

  it('is the first model that is up somewhere', () => {
    const upstreams = [state('a', { has: ['big:latest'], health: 'down' }), state('b', { has: ['small:latest'] })]
    const snapshot = { upstreams, assignments: new Map<string, string[]>() }
    expect(firstServable(['big:latest', 'small:latest'], request, snapshot)).toBe('small:latest')
    expect(firstServable(['big:latest'], request, snapshot)).toBeUndefined()
  })
})
