import { describe, expect, it } from 'vitest'
import { createScriptedUpstream } from '../__fixtures__/scripted-upstream.ts'
import { createFleet, type HealthChange } from './fleet-state.ts'
import type { AttemptOutcome } from '../../proxy/router.ts'
import type { UpstreamEvent, UpstreamMember } from './upstream-state.ts'

function member(id: string, priority = 1, enabled = true): UpstreamMember {
  return { upstream: createScriptedUpstream(id), priority, enabled, maxResponseTimeMs: null }
}

const entry = (remote: boolean) => ({ canonical: 'm:latest', remote, digest: null, raw: {} })
const up = { kind: 'probe-answered', at: 1, tookMs: 1, version: '1' } as const

describe('createFleet', () => {
  it('lists by priority, then name', () => {
    const fleet = createFleet([member('c'), member('a', 2), member('b')])
    expect(fleet.all().map((state) => state.name)).toEqual(['b', 'c', 'a'])
  })

  it('gives snapshots that later events leave alone', () => {
    const fleet = createFleet([member('a')])
    const before = fleet.all()
    fleet.apply('a', up)
    expect(before[0]?.health).toBe('unknown')
    expect(fleet.get('a')?.health).toBe('up')
  })

  it('tells of changes of health, and only of those', () => {
    const changes: HealthChange[] = []
    const fleet = createFleet([member('a')])
    fleet.onHealthChange((change) => void changes.push(change))
    fleet.apply('a', up)
    fleet.apply('a', up)
    fleet.claimed('a')
    fleet.apply('a', { kind: 'probe-failed', failure: 'unreachable', detail: 'ECONNREFUSED' })
    expect(changes).toEqual([
      { name: 'a', from: 'unknown', to: 'up', fault: null },
      { name: 'a', from: 'up', to: 'down', fault: 'ECONNREFUSED' },
    ])
  })

  it('keeps what it knows of members that stay, and forgets those that left', () => {
    const [a, b] = [member('a'), member('b')]
    const fleet = createFleet([a, b])
    fleet.apply('a', up)
    fleet.setMembers([{ ...a, priority: 7 }, member('c')])
    fleet.apply('b', up)
    expect(fleet.all().map((state) => [state.name, state.health])).toEqual([
      ['c', 'unknown'],
      ['a', 'up'],
    ])
    expect(fleet.get('a')?.priority).toBe(7)
  })

  it('keeps what runs of members that stay', () => {
    const a = member('a')
    const fleet = createFleet([a])
    fleet.claimed('a')
    fleet.setMembers([{ ...a, priority: 3, memoryBytes: 7, slots: 2 }])
    expect(fleet.get('a')).toMatchObject({ running: 1, priority: 3, memoryBytes: 7, slots: 2 })
    fleet.setMembers([member('a')])
    expect(fleet.get('a')).toMatchObject({ running: 0, health: 'unknown' })
  })

  it('counts what runs, whatever else becomes known, and never falls below none', () => {
    const fleet = createFleet([member('a')])
    const running = (): number | undefined => fleet.get('a')?.running
    fleet.claimed('a')
    fleet.apply('a', up)
    fleet.claimed('a')
    expect(running()).toBe(2)
    for (const left of [1, 0, 0]) {
      fleet.released('a')
      expect(running()).toBe(left)
    }
    fleet.claimed('nobody')
    fleet.released('nobody')
  })

  it('calls news what changes who may get what, and nothing else', () => {
    const fleet = createFleet([member('a')])
    let news = 0
    const unlisten = fleet.onNews(() => void news++)
    const list = (digest: string): UpstreamEvent => {
      return { kind: 'models-read', at: 1, models: new Map([['m:latest', { ...entry(false), digest }]]) }
    }
    const count = (event: UpstreamEvent): number => {
      const before = news
      fleet.apply('a', event)
      return news - before
    }
    expect([up, up, list('1'), list('1'), list('2')].map(count)).toEqual([1, 0, 1, 0, 1])
    const outcome = (outcome: AttemptOutcome, at = 1): UpstreamEvent => ({
      kind: 'outcome',
      at,
      outcome,
      model: 'm:latest',
    })
    fleet.claimed('a')
    expect(news).toBe(3)
    expect(
      (['broken', 'broken', 'answered', 'failed-model', 'busy'] as const).map((each) => count(outcome(each))),
    ).toEqual([0, 0, 0, 0, 1])
    fleet.passTime(1000)
    expect(news).toBe(4)
    fleet.passTime(1001)
    expect(news).toBe(5)
    unlisten()
    fleet.setMembers([])
    expect(news).toBe(5)
  })

  it('calls a model remote when any enabled upstream lists it as a stub', () => {
    const fleet = createFleet([member('a'), member('b'), member('off', 1, false)])
    fleet.apply('off', { kind: 'models-read', at: 1, models: new Map([['m:latest', entry(true)]]) })
    expect(fleet.knows('m:latest')).toBe(false)
    fleet.apply('a', { kind: 'models-read', at: 1, models: new Map([['m:latest', entry(false)]]) })
    expect([fleet.knows('m:latest'), fleet.isRemote('m:latest')]).toEqual([true, false])
    fleet.apply('b', { kind: 'models-read', at: 1, models: new Map([['m:latest', entry(true)]]) })
    expect(fleet.isRemote('m:latest')).toBe(true)
  })
})
