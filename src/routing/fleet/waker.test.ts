import { describe, expect, it } from 'vitest'
import { createManualTime, settle } from '../__fixtures__/manual-time.ts'
import { createScriptedUpstream } from '../__fixtures__/scripted-upstream.ts'
import { createFleet } from './fleet-state.ts'
import { createWaker } from './waker.ts'

function setUp({ waitMs = 20_000 } = {}) {
  const time = createManualTime()
  const sent: number[] = []
  const hurried: number[] = []
  const lines: string[] = []
  const write = (_fields: object, message: string): void => void lines.push(message)
  const wake = { waitMs, send: () => void sent.push(time.clock.now()) }
  const upstream = createScriptedUpstream('gpu')
  const member = { upstream, priority: 1, enabled: true, maxResponseTimeMs: null, wake }
  const fleet = createFleet([member])
  const log = { debug: write, info: write, warn: write, error: write }
  const waker = createWaker({ ...time, fleet, log, hurry: () => void hurried.push(time.clock.now()) })
  const comesUp = (): void => fleet.apply('gpu', { kind: 'models-read', at: time.clock.now(), models: new Map() })
  return { time, fleet, member, waker, sent, hurried, lines, comesUp }
}

describe('createWaker', () => {
  it('sends a packet, looks every second, and ends when the upstream is up', async () => {
    const { time, waker, sent, hurried, lines, comesUp } = setUp()
    const woken = waker.wake('gpu')
    expect([sent.length, hurried.length]).toEqual([1, 0])
    await time.advance(3000)
    expect(hurried.length).toBe(3)
    comesUp()
    await time.advance(1000)
    expect(await woken).toBe(true)
    expect(lines).toEqual(['waking upstream: a request can be served by no other', 'upstream is awake'])
    expect(time.waiting()).toEqual([])
  })

  it('says who is on the way, and why', async () => {
    const { time, waker, lines, comesUp } = setUp()
    const woken = waker.wake('gpu', 'an admin asks for it')
    expect([waker.isWaking('gpu'), waker.isWaking('other')]).toEqual([true, false])
    expect(lines).toEqual(['waking upstream: an admin asks for it'])
    comesUp()
    await time.advance(1000)
    expect([await woken, waker.isWaking('gpu')]).toEqual([true, false])
  })

  it('is one try for all who ask', async () => {
    const { time, waker, sent, comesUp } = setUp()
    const both = [waker.wake('gpu'), waker.wake('gpu')]
    comesUp()
    await time.advance(1000)
    expect(await Promise.all(both)).toEqual([true, true])
    expect(sent.length).toBe(1)
  })

  it('sends again every five seconds, and gives up in time', async () => {
    const { time, waker, sent, lines } = setUp({ waitMs: 12_000 })
    const woken = waker.wake('gpu')
    await time.advance(12_000)
    expect(await woken).toBe(false)
    expect(sent.length).toBe(3)
    expect(lines.at(-1)).toBe('upstream did not wake')
    expect(time.waiting()).toEqual([])
  })

  it('ends when the upstream leaves the fleet, or the gateway stops', async () => {
    const { time, fleet, waker } = setUp()
    const woken = waker.wake('gpu')
    fleet.setMembers([])
    await time.advance(1000)
    expect(await woken).toBe(false)
    const { waker: other } = setUp()
    const stopped = other.wake('gpu')
    other.stop()
    await settle()
    expect(await stopped).toBe(false)
  })
})
