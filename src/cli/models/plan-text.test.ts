import { describe, expect, it } from 'vitest'
import { modelsOf, type FleetUpstream } from '../../admin/models-by-name.ts'
import { isInStep, isOutOfSpace, planSync } from '../../admin/sync-plan.ts'
import { fleetTable } from './fleet-table.ts'
import { planText } from './plan-text.ts'

const GB = 2 ** 30

type Upstream = FleetUpstream

const model = (name: string, size: number | null = 4 * GB, digest = `sha256:of-${name}`) => ({
  name,
  size,
  digest,
  loaded: false,
  ...{ parameters: null, quantization: null, modified_at: null },
})

function upstream(name: string, models: Upstream['models'], desired: string[] | null = null): Upstream {
  return { name, pool: null, provider: false, state: 'up', fault: null, models, desired, assigned: [] }
}

describe('the plan', () => {
  it('pulls what is wanted and not there, the smallest first and the unknown last', () => {
    const upstreams = [
      upstream('a', [model('large:latest', 9 * GB), model('small:latest', 1 * GB)]),
      upstream('b', [model('extra:latest', 2 * GB)], ['new:latest', 'large:latest', 'small:latest']),
    ]
    const plans = planSync({ upstreams }, { prune: false })
    expect(plans).toEqual([
      {
        upstream: 'b',
        pulls: [
          { model: 'small:latest', bytes: 1 * GB },
          { model: 'large:latest', bytes: 9 * GB },
          { model: 'new:latest', bytes: null },
        ],
        removals: [],
        bytesNow: 2 * GB,
        problem: null,
      },
    ])
    expect(planText(plans)).toEqual([
      'b: models take 2.0 GB now, 12 GB and 1 of unknown size afterwards',
      '  pull small:latest (1.0 GB)',
      '  pull large:latest (9.0 GB)',
      '  pull new:latest (size unknown)',
    ])
  })

  it('removes only where that was asked for, and then all that is not wanted', () => {
    const upstreams = [upstream('a', [model('x:latest'), model('y:latest')], ['y:latest'])]
    expect(isInStep(planSync({ upstreams }, { prune: false }))).toBe(true)
    const plans = planSync({ upstreams }, { prune: true })
    expect(plans[0]?.removals).toEqual([{ model: 'x:latest', bytes: 4 * GB, isLast: true, isAssigned: false }])
    expect(planText(plans)[0]).toBe('a: models take 8.0 GB now, 4.0 GB afterwards')
    const emptied = planSync({ upstreams: [upstream('a', [model('x:latest')], [])] }, { prune: true })
    expect(emptied[0]?.removals).toHaveLength(1)
  })

  it('marks a removal after which no upstream has the model, and one of a model that is assigned there', () => {
    const both = [model('x:latest'), model('y:latest'), model('z:latest')]
    const upstreams = [
      { ...upstream('a', both, ['z:latest']), assigned: ['y:latest', 'z:latest'] },
      upstream('b', [model('x:latest')], []),
      upstream('c', [model('y:latest')]),
      { ...upstream('cloud', [model('x:latest')]), provider: true },
    ]
    expect(planText(planSync({ upstreams }, { prune: true }))).toEqual([
      'a: models take 12 GB now, 4.0 GB afterwards',
      '  remove x:latest (4.0 GB): the last copy',
      '  remove y:latest (4.0 GB): assigned there',
      'b: models take 4.0 GB now, 0.0 MB afterwards',
      '  remove x:latest (4.0 GB): the last copy',
    ])
    const alone = { ...upstream('a', [model('y:latest')], []), assigned: ['y:latest'] }
    expect(planText(planSync({ upstreams: [alone] }, { prune: true }))[1]).toMatch(/: the last copy, assigned there$/)
    const down = { ...upstream('c', [model('y:latest')], []), state: 'down' as const }
    expect(planText(planSync({ upstreams: [alone, down] }, { prune: true }))[1]).toMatch(/\): assigned there$/)
  })

  it.each([
    [{ state: 'down', fault: 'connection refused' }, 'it is down: connection refused'],
    [{ state: 'disabled' }, 'it is disabled'],
    [{ state: 'unknown', models: null }, 'its list of models was not read yet'],
  ] as const)('leaves out one that is %j', (facts, problem) => {
    const upstreams = [{ ...upstream('a', [model('x:latest')], ['y:latest']), ...facts }]
    const plans = planSync({ upstreams }, { prune: true })
    expect(plans[0]).toMatchObject({ pulls: [], removals: [], problem })
    expect(planText(plans)).toEqual([`a: left out, ${problem}`])
  })
})

it.each([
  ['write /root/.ollama/models/blobs/sha256-aa-partial: no space left on device', true],
  ['There is not enough space on the disk.', true],
  ['write: disk quota exceeded', true],
  ['pull model manifest: file does not exist', false],
])('%j: out of space is %s', (error, expected) => {
  expect(isOutOfSpace(error)).toBe(expected)
})

describe('the list', () => {
  const upstreams = [
    upstream('b', [model('x:latest'), { ...model('y:latest', 5 * GB, 'sha256:0123456789abcdef'), loaded: true }]),
    upstream('a', [model('y:latest', 4 * GB, 'sha256:fedcba9876543210')], ['x:latest', 'y:latest']),
    upstream('c', null, ['x:latest']),
  ]

  it('has a column per upstream, and the digests where they differ', () => {
    expect(fleetTable(modelsOf(upstreams), 200)).toEqual([
      ['MODEL', 'SIZE', 'a', 'b'],
      ['x:latest', '4.0 GB', 'missing', 'yes'],
      ['y:latest', '5.0 GB', 'yes fedcba987654', 'loaded 0123456789ab'],
    ])
  })

  it('has one column where the screen is narrow', () => {
    expect(fleetTable(modelsOf(upstreams), 50)).toEqual([
      ['MODEL', 'SIZE', 'ON'],
      ['x:latest', '4.0 GB', 'b, a (missing)'],
      ['y:latest', '5.0 GB', 'b (loaded 0123456789ab), a (yes fedcba987654)'],
    ])
  })
})
