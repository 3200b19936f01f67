import { describe, expect, it } from 'vitest'
import { routePicture, type Explanation, type Verdict } from './route-picture.ts'

const warm: Verdict = {
  name: 'gpu-1',
  eligible: true,
  reason: 'selected',
  expected_ms: { queue: 0, load: 0, prefill: 180, network: 20, total: 200 },
}
const cold: Verdict = {
  name: 'gpu-2',
  eligible: true,
  reason: 'would answer 3.2 s later',
  expected_ms: { queue: 100, load: 3000, prefill: 280, network: 20, total: 3400 },
}
const out: Verdict = { name: 'cpu', eligible: false, reason: 'its disk does not have the model', expected_ms: null }

const plain: Explanation = {
  asked: 'qwen3:8b',
  model: 'qwen3:8b',
  selected: 'gpu-1',
  missing: false,
  because: null,
  upstreams: [warm, cold, out],
  instead_of: null,
}

describe('routePicture', () => {
  it('draws each upstream as the time until its first token', () => {
    const { steps, outcome } = routePicture(plain)
    expect(outcome).toBe('goes')
    expect(steps).toHaveLength(1)
    expect(steps[0]?.lanes.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['gpu-1', 'chosen'],
      ['gpu-2', 'possible'],
      ['cpu', 'out'],
    ])
    expect(steps[0]?.lanes[1]?.spans).toEqual([
      { phase: 'queue', fromMs: 0, toMs: 100 },
      { phase: 'load', fromMs: 100, toMs: 3100 },
      { phase: 'prefill', fromMs: 3100, toMs: 3380 },
      { phase: 'network', fromMs: 3380, toMs: 3400 },
    ])
    expect(steps[0]?.lanes[2]).toMatchObject({ spans: [], totalMs: null })
  })

  it('has a scale that ends where everything has room', () => {
    const { ticksMs, scaleMs } = routePicture(plain)
    expect(ticksMs).toEqual([0, 1000, 2000, 3000, 4000])
    expect(scaleMs).toBe(4000)
    const nothing = routePicture({ ...plain, upstreams: [out], selected: null })
    expect(nothing.scaleMs).toBeGreaterThan(0)
  })

  it('shows an alias and what a fallback stands in for', () => {
    const instead = { model: 'qwen3:32b', upstreams: [out] }
    const { steps } = routePicture({ ...plain, asked: 'gpt-4o', because: 'fallback', instead_of: instead })
    expect(steps.map(({ model, because }) => [model, because])).toEqual([
      ['gpt-4o', null],
      ['qwen3:32b', 'alias'],
      ['qwen3:8b', 'fallback'],
    ])
    expect(steps[1]?.lanes[0]?.reason).toBe('its disk does not have the model')
    const aliased = routePicture({ ...plain, asked: 'gpt-4o', because: 'alias' })
    expect(aliased.steps.map(({ model }) => model)).toEqual(['gpt-4o', 'qwen3:8b'])
  })

  it('says the same in a sentence', () => {
    expect(routePicture(plain).sentence).toBe('A request for qwen3:8b goes to gpu-1 now.')
    const missing = routePicture({ ...plain, selected: null, missing: true, upstreams: [out] })
    expect(missing).toMatchObject({ outcome: 'missing' })
    expect(missing.sentence).toContain('404')
    expect(routePicture({ ...plain, selected: null, upstreams: [cold] }).sentence).toContain('waits in the queue')
    expect(routePicture({ ...plain, selected: null, upstreams: [out] }).sentence).toContain('nowhere')
    expect(routePicture({ ...plain, asked: 'gpt-4o', because: 'alias' }).sentence).toBe(
      'A request for gpt-4o runs as qwen3:8b (alias) and goes to gpu-1 now.',
    )
  })
})
