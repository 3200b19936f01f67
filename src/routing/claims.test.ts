import { describe, expect, it } from 'vitest'
import { testMember } from './__fixtures__/fleet-bed.ts'
import { createManualTime } from './__fixtures__/manual-time.ts'
import { NOBODY, PlaceClaim, SeveralClaim } from './claims.ts'
import { createFleet } from './fleet/fleet-state.ts'
import type { UpstreamEvent } from './fleet/upstream-state.ts'

const up: UpstreamEvent = { kind: 'probe-answered', at: 1, tookMs: 1, version: '1' }
const gone: UpstreamEvent = { kind: 'probe-failed', failure: 'unreachable', detail: 'EHOSTUNREACH' }

function setUp() {
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const members = [testMember('a'), testMember('b')]
  const fleet = createFleet(members)
  const clock = createManualTime().clock
  for (const { upstream } of members) fleet.apply(upstream.id, up)
  const claim = (index: 0 | 1): PlaceClaim => {
    const upstream = members[index]?.upstream
    if (upstream === undefined) throw new Error('there are two')
    return new PlaceClaim(upstream, { model: 'm:latest', listener: NOBODY }, { fleet, clock, log })
  }
  return { fleet, claim, members }
}

describe('a place at an upstream', () => {
  it('is lost with its upstream, and only with that', () => {
    const { fleet, claim } = setUp()
    const [atA, atB] = [claim(0), claim(1)]
    fleet.apply('a', gone)
    expect([atA.isLost(), atB.isLost()]).toEqual([true, false])
  })

  it('is not lost where requests alone took it down', () => {
    const { fleet, claim } = setUp()
    const held = claim(0)
    fleet.apply('a', { kind: 'outcome', at: 2, outcome: 'unreachable' })
    expect([fleet.get('a')?.health, held.isLost()]).toEqual(['down', false])
  })

  it('is not lost where it was taken after the upstream went down, or once that is back', () => {
    const { fleet, claim } = setUp()
    const before = claim(0)
    fleet.apply('a', gone)
    expect(claim(0).isLost()).toBe(false)
    fleet.apply('a', up)
    expect(before.isLost()).toBe(false)
  })

  it('says nothing of another upstream that has its name now', () => {
    const { fleet, claim } = setUp()
    const held = claim(0)
    fleet.setMembers([testMember('a')])
    fleet.apply('a', up)
    fleet.apply('a', gone)
    expect(held.isLost()).toBe(false)
  })

  it('at several is lost with the last of them', () => {
    const { fleet, claim, members } = setUp()
    const [whole] = members
    if (whole === undefined) throw new Error('there are two')
    const several = new SeveralClaim(whole.upstream, [claim(0), claim(1)], NOBODY)
    fleet.apply('a', gone)
    expect(several.isLost()).toBe(false)
    fleet.apply('b', gone)
    expect(several.isLost()).toBe(true)
  })
})
