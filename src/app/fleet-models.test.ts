import { describe, expect, it } from 'vitest'
import { newUpstreamState, type UpstreamState } from '../routing/fleet/upstream-state.ts'
import { createScriptedUpstream } from '../routing/__fixtures__/scripted-upstream.ts'
import { indexEntries, parseModelEntries } from '../routing/models/model-entry.ts'
import { fleetModels } from './fleet-models.ts'

function stateOf(name: string, models: readonly object[] | null, pool?: string): UpstreamState {
  const member = { upstream: createScriptedUpstream(name), priority: 1, enabled: true, maxResponseTimeMs: null }
  const agent = pool === undefined ? undefined : { pool, serves: () => true }
  const entries = models === null ? [] : (parseModelEntries('tags', { models }) ?? [])
  return {
    ...newUpstreamState({ ...member, agent }),
    models: models === null ? null : indexEntries(entries),
    loaded: entries.slice(0, 1),
  }
}

function listed(
  states: readonly UpstreamState[],
  desired: Record<string, string[]>,
  assignments: Record<string, string[]> = {},
) {
  const settings = { models: { desired, assignments } } as unknown as Parameters<typeof fleetModels>[1] // only what is read here
  return fleetModels({ all: () => states }, settings).upstreams
}

describe('the models of a fleet', () => {
  it('are those of each upstream, as far as its list was read', () => {
    const details = { parameters: '8.2B', quantization: 'Q4_K_M', modified_at: '2026-11-21T12:00:00+01:00' }
    const said = { parameter_size: '8.2B', quantization_level: 'Q4_K_M' }
    const unsaid = { parameters: null, quantization: null, modified_at: null }
    const models = [
      { name: 'tiny', size: 7, digest: 'aa', modified_at: details.modified_at, details: said },
      { name: 'qwen3:8b', details: null },
    ]
    const [a, b] = listed([stateOf('a', models), stateOf('b', null)], {})
    expect(a?.models).toEqual([
      { name: 'tiny:latest', size: 7, digest: 'aa', loaded: true, ...details },
      { name: 'qwen3:8b', size: null, digest: null, loaded: false, ...unsaid },
    ])
    expect(b?.models).toBeNull()
  })

  it('should be those of its own line and of its pool, under their whole names', () => {
    const upstreams = listed([stateOf('a', []), stateOf('b', [], 'home'), stateOf('c', [])], {
      a: [],
      b: ['tiny', 'qwen3:8b'],
      home: ['tiny:latest', 'llama3'],
    })
    expect(upstreams.map(({ desired }) => desired)).toEqual([[], ['tiny:latest', 'qwen3:8b', 'llama3:latest'], null])
  })

  it('are assigned to an upstream by its own name or by that of its pool', () => {
    const upstreams = listed(
      [stateOf('a', []), stateOf('b', [], 'home'), stateOf('c', [])],
      {},
      {
        tiny: ['a', 'home'],
        'qwen3:8b': ['b'],
      },
    )
    expect(upstreams.map(({ assigned }) => assigned)).toEqual([['tiny:latest'], ['tiny:latest', 'qwen3:8b'], []])
  })
})
