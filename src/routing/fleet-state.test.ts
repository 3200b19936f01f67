import { describe, expect, it } from 'vitest'
import { createScriptedUpstream } from './__fixtures__/scripted-upstream.ts'
import { createFleet, type HealthChange } from './fleet-state.ts'
import type { UpstreamMember } from './upstream-state.ts'

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
    fleet.apply('a', { kind: 'claimed' })
    expect(before[0]?.running).toBe(0)
    expect(fleet.get('a')?.running).toBe(1)
  })

  it('tells of changes of health, and only of those', () => {
    const changes: HealthChange[] = []
    const fleet = createFleet([member('a')])
    fleet.onHealthChange((change) => void changes.push(change))
    fleet.apply('a', up)
    fleet.apply('a', up)
    fleet.apply('a', { kind: 'claimed' })
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

  it('begins with what another fleet knew of the same upstreams, but for what runs', () => {
    const a = member('a')
    const before = createFleet([a, member('b')])
    before.apply('a', up)
    before.apply('a', { kind: 'claimed' })
    before.apply('b', up)
    const after = createFleet([{ ...a, priority: 3 }, member('b')], before.all())
    expect(after.get('a')).toMatchObject({ health: 'up', version: '1', priority: 3, running: 0 })
    expect(after.get('b')?.health).toBe('unknown')
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
