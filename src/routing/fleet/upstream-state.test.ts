import { describe, expect, it } from 'vitest'
import { createScriptedUpstream } from '../__fixtures__/scripted-upstream.ts'
import { admits, newUpstreamState, reduceUpstream, type UpstreamEvent, type UpstreamState } from './upstream-state.ts'

const fresh = newUpstreamState({
  upstream: createScriptedUpstream('a'),
  priority: 1,
  enabled: true,
  maxResponseTimeMs: 100,
})
const answered: UpstreamEvent = { kind: 'probe-answered', at: 5, tookMs: 10, version: '0.24.0' }
const late: UpstreamEvent = { kind: 'probe-failed', failure: 'timed-out', detail: 'late' }
const broken: UpstreamEvent = { kind: 'outcome', at: 6, outcome: 'broken', model: 'm:latest' }

function after(...events: UpstreamEvent[]): UpstreamState {
  return events.reduce(reduceUpstream, fresh)
}

describe('reduceUpstream', () => {
  it('knows nothing of a new one, and an answered probe brings it up', () => {
    expect(fresh.health).toBe('unknown')
    expect(after(answered)).toMatchObject({ health: 'up', version: '0.24.0', lastSeenAt: 5, slow: false })
  })

  it.each(['unreachable', 'loop'] as const)('takes it down at the first %s probe', (failure) => {
    const state = after(answered, { kind: 'probe-failed', failure, detail: 'why' })
    expect(state).toMatchObject({ health: 'down', fault: 'why' })
  })

  it.each(['timed-out', 'bad-answer'] as const)('takes it down only at the third %s probe in a row', (failure) => {
    const event: UpstreamEvent = { kind: 'probe-failed', failure, detail: 'why' }
    expect(after(answered, event, event).health).toBe('up')
    expect(after(answered, event, event, answered, event, event).health).toBe('up')
    expect(after(answered, event, event, event).health).toBe('down')
  })

  it('believes the first bad probe of one that never answered', () => {
    expect(after(late).health).toBe('down')
  })

  it('counts it as lost once its probes alone have said so, and once for each time', () => {
    const gone: UpstreamEvent = { kind: 'probe-failed', failure: 'unreachable', detail: 'why' }
    const wrong: UpstreamEvent = { kind: 'probe-failed', failure: 'bad-answer', detail: 'why' }
    expect(after(answered, late, late).losses).toBe(0)
    expect(after(answered, late, late, late, late, gone).losses).toBe(1)
    expect(after(answered, gone, gone, late).losses).toBe(1)
    expect(after(answered, gone, answered, late, late, late).losses).toBe(2)
    expect(after(answered, wrong, wrong, wrong, late, late).losses).toBe(0)
    expect(after(answered, late, late, wrong, late, late).losses).toBe(0)
    expect(after(answered, broken, broken, broken, late, late)).toMatchObject({ health: 'down', losses: 0 })
    expect(after(answered, broken, broken, broken, late, late, late).losses).toBe(1)
  })

  it('takes it down when a request could not reach it, or after three that broke off', () => {
    expect(after(answered, { kind: 'outcome', at: 6, outcome: 'unreachable' }).health).toBe('down')
    expect(after(answered, broken, broken).health).toBe('up')
    expect(after(answered, broken, broken, broken).health).toBe('down')
  })

  it('never counts a cancelled request', () => {
    const state = after(answered, broken, broken)
    expect(reduceUpstream(state, { kind: 'outcome', at: 7, outcome: 'cancelled' })).toBe(state)
  })

  it('counts nothing against a busy one, and sends it no more than it runs for a moment', () => {
    const running = { ...after(answered, broken, broken), running: 3 }
    const state = reduceUpstream(running, { kind: 'outcome', at: 7, outcome: 'busy' })
    expect(state).toMatchObject({ health: 'up', consecutiveFailures: 2, failing: new Map() })
    expect(admits(state)).toBe(2)
    expect(admits(reduceUpstream(state, { kind: 'time-passed', at: 1006 }))).toBe(2)
    expect(admits(reduceUpstream(state, { kind: 'time-passed', at: 1007 }))).toBe(Infinity)
  })

  it('is not sent requests after three that failed, whatever its probes say', () => {
    const open = after(answered, broken, answered, broken, answered, broken, answered)
    expect([open.health, open.breaker.phase, admits(open)]).toEqual(['up', 'open', 0])
    const trial = reduceUpstream(open, { kind: 'time-passed', at: 1006 })
    expect([trial.breaker.phase, admits(trial)]).toEqual(['trial', 1])
    const success: UpstreamEvent = { kind: 'outcome', at: 1010, outcome: 'answered', model: 'm:latest' }
    let recovering = trial
    const admitted = Array.from({ length: 4 }, () => {
      recovering = reduceUpstream(recovering, success)
      return admits(recovering)
    })
    expect(admitted).toEqual([2, 4, 8, Infinity])
    expect(reduceUpstream(trial, { ...broken, at: 1010 }).breaker).toMatchObject({ phase: 'open', until: 3010 })
  })

  it('learns nothing of requests that run a model from those that run none', () => {
    const list: UpstreamEvent = { kind: 'outcome', at: 6, outcome: 'broken', model: null }
    expect(after(answered, list, answered, list, answered, list, answered).breaker.phase).toBe('closed')
    const shown: UpstreamEvent = { kind: 'outcome', at: 6, outcome: 'answered' }
    expect(after(answered, broken, shown, broken, shown, broken, shown).breaker.phase).toBe('open')
  })

  it('keeps failures of a model apart from its own, and from other models', () => {
    const fails: UpstreamEvent = { kind: 'outcome', at: 6, outcome: 'failed-model', model: 'm:latest' }
    const answers: UpstreamEvent = { kind: 'outcome', at: 7, outcome: 'answered', model: 'other:latest' }
    const state = after(answered, fails, answers, fails, answers, fails)
    expect([state.health, state.breaker.phase, state.failing.get('m:latest')?.phase]).toEqual(['up', 'closed', 'open'])
    const later = reduceUpstream(state, { kind: 'time-passed', at: 10_006 })
    expect(later.failing.get('m:latest')?.phase).toBe('trial')
    expect(reduceUpstream(later, { ...answers, model: 'm:latest' }).failing.size).toBe(0)
  })

  it.each<UpstreamEvent>([
    answered,
    { kind: 'outcome', at: 9, outcome: 'answered' },
    { kind: 'models-read', at: 9, models: new Map() },
    { kind: 'loaded-read', at: 9, loaded: [] },
  ])('is healed by $kind', (event) => {
    expect(after(answered, late, late, late, event)).toMatchObject({
      health: 'up',
      fault: null,
      consecutiveFailures: 0,
    })
  })

  it('is slow by its last probe, a timed-out one included', () => {
    const slow: UpstreamEvent = { kind: 'probe-answered', at: 5, tookMs: 101, version: '1' }
    expect(after(slow).slow).toBe(true)
    expect(after(slow, answered).slow).toBe(false)
    expect(after(answered, late).slow).toBe(true)
  })

  it('keeps its models over an outage, but not what was loaded', () => {
    const entry = { canonical: 'm:latest', remote: false, digest: null, raw: {} }
    const state = after(
      { kind: 'models-read', at: 1, models: new Map([['m:latest', entry]]) },
      { kind: 'loaded-read', at: 1, loaded: [entry] },
      { kind: 'outcome', at: 2, outcome: 'unreachable' },
    )
    expect(state.models?.has('m:latest')).toBe(true)
    expect(state.loaded).toEqual([])
  })
})
