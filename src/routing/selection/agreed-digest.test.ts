import { expect, it } from 'vitest'
import { createScriptedUpstream } from '../__fixtures__/scripted-upstream.ts'
import { agreedDigest, digestsOf } from './agreed-digest.ts'
import { newUpstreamState, type UpstreamState } from '../fleet/upstream-state.ts'
import type { SelectRequest, Snapshot } from './verdict.ts'

function state(name: string, digest: string | null | undefined, more: Partial<UpstreamState> = {}): UpstreamState {
  const base = newUpstreamState({
    upstream: createScriptedUpstream(name),
    priority: 1,
    enabled: true,
    maxResponseTimeMs: null,
  })
  const entry = { canonical: 'm:latest', remote: false, digest: digest ?? null, raw: {} }
  const models = new Map(digest === undefined ? [] : [['m:latest', entry]])
  return { ...base, health: 'up', models, ...more }
}

function agreed(upstreams: UpstreamState[], more: Partial<SelectRequest> = {}, rest: Partial<Snapshot> = {}) {
  const request: SelectRequest = {
    model: 'm:latest',
    tried: new Set(),
    route: { kind: 'generate', pattern: '/api/chat', dialect: 'ollama' },
    principal: { upstreams: null },
    ...more,
  }
  return agreedDigest(request, { upstreams, assignments: new Map(), ...rest })
}

it('is what all say who have the model, whoever has not', () => {
  expect(agreed([state('a', 'd1'), state('b', 'd1'), state('c', undefined)])).toBe('d1')
  expect(agreed([state('a', undefined)])).toBeNull()
  expect(agreed([state('a', undefined, { models: null })])).toBeNull()
  expect(agreed([state('a', 'd1')], { model: null })).toBeNull()
})

it('is none where they differ, also from one that is down, was tried, or does not say', () => {
  expect(agreed([state('a', 'd1'), state('b', 'd2')])).toBeNull()
  expect(agreed([state('a', 'd1'), state('b', 'd2', { health: 'down' })])).toBeNull()
  expect(agreed([state('a', 'd1'), state('b', 'd2')], { tried: new Set(['b']) })).toBeNull()
  expect(agreed([state('a', 'd1'), state('b', null)])).toBeNull()
})

it('does not ask those that the request cannot reach', () => {
  expect(agreed([state('a', 'd1'), state('b', 'd2', { enabled: false })])).toBe('d1')
  expect(agreed([state('a', 'd1'), state('b', 'd2')], { principal: { upstreams: ['a'] } })).toBe('d1')
  expect(agreed([state('a', 'd1'), state('b', 'd2')], { named: ['b'] })).toBe('d2')
  expect(agreed([state('a', 'd1'), state('b', 'd2')], {}, { assignments: new Map([['m:latest', ['a']]]) })).toBe('d1')
})

it('is none where a name says nothing of what runs: stubs of the cloud, providers, and who is only assigned', () => {
  const stub = { canonical: 'm:latest', remote: true, digest: 'd1', raw: {} }
  expect(agreed([state('a', 'd1', { models: new Map([['m:latest', stub]]) })])).toBeNull()
  const provider = { stated: null } as unknown as UpstreamState['provider'] // no more of it is looked at
  expect(agreed([state('a', 'd1'), state('b', 'd1', { provider })])).toBeNull()
  const assignments = new Map([['m:latest', ['a', 'b']]])
  expect(agreed([state('a', 'd1'), state('b', undefined)], {}, { assignments })).toBeNull()
})

it('knows all digests that somebody has', () => {
  const upstreams = [state('a', 'd1'), state('b', 'd2', { health: 'down' }), state('c', null), state('d', undefined)]
  expect([...digestsOf({ upstreams, assignments: new Map() })]).toEqual(['d1', 'd2'])
})
