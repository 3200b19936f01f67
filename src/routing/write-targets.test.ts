import { describe, expect, it } from 'vitest'
import { createScriptedUpstream } from './__fixtures__/scripted-upstream.ts'
import { newUpstreamState, type UpstreamState } from './fleet/upstream-state.ts'
import type { SelectRequest } from './selection/verdict.ts'
import type { WritePin } from './write-pins.ts'
import { selectWriteTargets } from './write-targets.ts'

function state(name: string, more: Partial<UpstreamState> = {}): UpstreamState {
  const upstream = more.upstream ?? createScriptedUpstream(name)
  const base = newUpstreamState({ upstream, priority: 1, enabled: true, maxResponseTimeMs: null })
  return { ...base, health: 'up', models: new Map(), ...more }
}

const provider = (name: string): UpstreamState =>
  state(name, { upstream: { ...createScriptedUpstream(name), speaks: () => new Set(['openai'] as const) } })
const agent = (name: string, pool: string): UpstreamState => state(name, { agent: { pool, serves: () => true } })

interface Asked {
  readonly named?: readonly string[]
  readonly pattern?: string
  readonly pinned?: WritePin
  readonly tried?: string
}

/** The names it goes to, or why it goes nowhere. */
function targets(upstreams: readonly UpstreamState[], { named, pattern, pinned, tried }: Asked): string {
  const request: SelectRequest = {
    model: 'm:latest',
    tried: new Set(tried === undefined ? [] : [tried]),
    named: named ?? null,
    route: { kind: 'write', pattern: pattern ?? '/api/pull', dialect: 'ollama' },
    principal: { upstreams: null },
  }
  const selection = selectWriteTargets(request, { upstreams, assignments: new Map() }, pinned)
  if (selection.kind === 'eligible') return selection.states.map(({ name }) => name).join(',')
  if (selection.kind === 'asleep') return 'asleep'
  return selection.reason === 'name-unable' ? `unable ${selection.name}` : selection.reason
}

describe('what names its upstreams', () => {
  const fleet = [state('a'), state('b', { health: 'down' }), provider('c'), agent('d', 'home'), agent('e', 'home')]

  it('goes to all of them, however they are', () => {
    expect(targets(fleet, { named: ['a', 'b'] })).toBe('a,b')
    expect(targets(fleet, { named: ['home'] })).toBe('d,e')
    expect(targets(fleet, { named: ['*'] })).toBe('a,b,d,e')
  })

  it('goes to one that is drained, which others stay away from', () => {
    const drained = [state('a', { draining: true }), state('b')]
    expect(targets(drained, { named: ['a'] })).toBe('a')
    expect(targets(drained, { named: ['a', 'b'] })).toBe('a,b')
    expect(targets(drained, { named: ['*'] })).toBe('a,b')
    expect(targets(drained, {})).toBe('b')
    expect(targets([state('a', { draining: true })], {})).toBe('no-upstream')
  })

  it('goes nowhere where one of them cannot be asked at all', () => {
    expect(targets(fleet, { named: ['a', 'c'] })).toBe('unable c')
    expect(targets([state('a'), state('b', { enabled: false })], { named: ['a', 'b'] })).toBe('unable b')
    expect(targets([state('a')], { named: ['a', 'lab'] })).toBe('unable lab')
  })

  it('goes to one on which the model has failed, too: it may be what mends it', () => {
    const failing = new Map([['m:latest', { phase: 'open', failures: 3, until: 1 } as never]]) // only its phase is read
    expect(targets([state('a'), state('b', { failing })], { named: ['a', 'b'] })).toBe('a,b')
  })

  it('is not begun again: some of them may have done it', () => {
    expect(targets(fleet, { named: ['a', 'b'], tried: 'a,b' })).toBe('all-tried')
  })
})

describe('what names none', () => {
  const [a, b] = [state('a'), state('b')]
  const create = '/api/create'

  it('goes to the first that is up', () => {
    expect(targets([a, b], {})).toBe('a')
    expect(targets([state('a', { health: 'down' }), b], { pattern: create })).toBe('b')
  })

  it('goes where the uploads of its key went, and to nobody while that is away and something is there', () => {
    const pinned = { upstream: 'b', isBinding: true }
    expect(targets([a, b], { pattern: create, pinned })).toBe('b')
    expect(targets([a, b], { pattern: '/api/pull', pinned })).toBe('a')
    const away = [a, state('b', { health: 'down' })]
    expect(targets(away, { pattern: create, pinned })).toBe('no-upstream')
    expect(targets(away, { pattern: create, pinned: { ...pinned, isBinding: false } })).toBe('a')
    expect(targets([a], { pattern: create, pinned })).toBe('a')
    expect(targets([a, state('b', { enabled: false })], { pattern: create, pinned })).toBe('a')
  })

  it('goes to all that the uploads went to', () => {
    expect(targets([a, b, state('c')], { pattern: create, pinned: { upstream: 'a,c', isBinding: true } })).toBe('a,c')
  })
})
