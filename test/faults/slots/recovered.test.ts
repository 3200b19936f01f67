import { describe, expect, it } from 'vitest'
import { untilStatus } from './gateway-view.ts'
import { startHandFed, startHeldFleet, WHOLE } from './held-fleet.ts'

describe('an upstream that was out', () => {
  it('is given what waits as soon as it is back', async () => {
    const [first, second] = [await startHandFed(), await startHandFed()]
    const fleet = await startHeldFleet([
      { name: 'one', url: first.url, slots: 1 },
      { name: 'two', url: second.url, slots: 1 },
    ])
    first.manner = 'gone'
    await untilStatus(fleet.gateway, ({ upstreams }) => upstreams.some(({ state }) => state === 'down'))
    const chats = [fleet.chat(), fleet.chat(), fleet.chat()]
    await fleet.untilCounts({ running: 1, waiting: 2 })
    expect([first.begun, second.begun]).toEqual([0, 1])
    first.manner = 'held'
    await first.untilRunning(1)
    expect(second.begun).toBe(1)
    first.finish(1)
    // Once the one has a slot it is given the last of them, too: the other is as busy as before.
    await expect.poll(() => first.begun, { timeout: 15_000, interval: 5 }).toBe(2)
    await first.untilRunning(1)
    first.finish(1)
    second.finish(1)
    expect(await Promise.all(chats)).toEqual([WHOLE, WHOLE, WHOLE])
    await fleet.untilCounts({ running: 0, waiting: 0 })
  })

  it('gets one request that finds out, then two at once, four, eight, and then all', async () => {
    const [first, second] = [await startHandFed(), await startHandFed()]
    second.manner = 'quick'
    const fleet = await startHeldFleet([
      { name: 'one', url: first.url, slots: 32, priority: 1 },
      { name: 'two', url: second.url, slots: 32, priority: 2 },
    ])
    first.manner = 'failing'
    const failed = await Promise.all([fleet.chat(), fleet.chat(), fleet.chat()])
    expect([failed, second.begun]).toEqual([[WHOLE, WHOLE, WHOLE], 3])
    first.manner = 'held'
    const toFirst = { 'corral-upstream': 'one' }
    // Kept away from it until it has cooled off.
    let trial = fleet.chat(toFirst)
    const deadline = performance.now() + 15_000
    while (first.begun === 0) {
      const ending = await Promise.race([trial, first.untilRunning(1)])
      if (ending === undefined) break
      expect([ending.status, performance.now() < deadline]).toEqual([503, true])
      trial = fleet.chat(toFirst)
    }
    const others = Array.from({ length: 24 }, () => fleet.chat(toFirst))
    await fleet.untilCounts({ running: 1, waiting: 24 })
    let ended = 0
    for (const admitted of [2, 4, 8]) {
      first.finish(1)
      ended += 1
      await first.untilRunning(admitted)
      await fleet.untilCounts({ running: admitted, waiting: 25 - ended - admitted })
    }
    first.finish(1)
    await fleet.untilCounts({ running: 21, waiting: 0 })
    await first.untilRunning(21)
    first.finish(21)
    expect(await Promise.all([trial, ...others])).toEqual(Array.from({ length: 25 }, () => WHOLE))
    await fleet.untilCounts({ running: 0, waiting: 0 })
  })
})
