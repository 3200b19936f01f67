import { describe, expect, it } from 'vitest'
import { type ChatEnding, startHandFed, startHeldFleet, WHOLE } from './held-fleet.ts'

describe('a reload while answers run and requests wait', () => {
  it('gives what waits to an upstream that is new, and lets go on what runs', async () => {
    const [first, second] = [await startHandFed(), await startHandFed()]
    const one = { name: 'one', url: first.url, slots: 1 }
    const fleet = await startHeldFleet([one])
    const chats = [fleet.chat(), fleet.chat(), fleet.chat()]
    await fleet.untilCounts({ running: 1, waiting: 2 })
    await fleet.reload([one, { name: 'two', url: second.url, slots: 2 }])
    await second.untilRunning(2)
    expect(first.running).toBe(1)
    first.finish(1)
    second.finish(2)
    expect(await Promise.all(chats)).toEqual([WHOLE, WHOLE, WHOLE])
    await fleet.untilCounts({ running: 0, waiting: 0 })
  })

  it('uses more slots at once, and fewer as they are returned', async () => {
    const server = await startHandFed()
    const upstream = { name: 'one', url: server.url }
    const fleet = await startHeldFleet([{ ...upstream, slots: 1 }])
    const chats = [fleet.chat(), fleet.chat(), fleet.chat(), fleet.chat()]
    await fleet.untilCounts({ running: 1, waiting: 3 })
    await fleet.reload([{ ...upstream, slots: 3 }])
    await server.untilRunning(3)
    await fleet.reload([{ ...upstream, slots: 1 }])
    server.finish(2)
    await fleet.untilCounts({ running: 1, waiting: 1 })
    server.finish(1)
    await fleet.untilCounts({ running: 1, waiting: 0 })
    expect(server.begun).toBe(4)
    await server.untilRunning(1)
    server.finish(1)
    expect(await Promise.all(chats)).toEqual([WHOLE, WHOLE, WHOLE, WHOLE])
    await fleet.untilCounts({ running: 0, waiting: 0 })
  })

  it('sends what waits to the new address of an upstream, and hears out what the old one answers', async () => {
    const [before, after] = [await startHandFed(), await startHandFed()]
    const fleet = await startHeldFleet([{ name: 'one', url: before.url, slots: 1 }])
    const running = fleet.chat()
    await fleet.untilCounts({ running: 1, waiting: 0 })
    const waiting = fleet.chat()
    await fleet.untilCounts({ running: 1, waiting: 1 })
    await fleet.reload([{ name: 'one', url: after.url, slots: 1 }])
    expect(before.running).toBe(1)
    before.finish(1)
    expect(await running).toEqual(WHOLE)
    await after.untilRunning(1)
    after.finish(1)
    expect(await waiting).toEqual(WHOLE)
    expect([before.begun, after.begun]).toEqual([1, 1])
    await fleet.untilCounts({ running: 0, waiting: 0 })
  })

  it.each([
    { what: 'is removed', change: null },
    { what: 'is disabled', change: { enabled: false } },
    { what: 'may hold less than the model takes', change: { memory: '4GB' } },
    { what: 'is the second choice', change: { priority: 2 } },
  ])('sends nothing more to an upstream that $what, and cuts nothing off', async ({ change }) => {
    const [first, second] = [await startHandFed(), await startHandFed()]
    const one = { name: 'one', url: first.url, slots: 1 }
    const two = { name: 'two', url: second.url, slots: 1 }
    const fleet = await startHeldFleet([one, two])
    const chats = [fleet.chat(), fleet.chat(), fleet.chat(), fleet.chat()]
    await fleet.untilCounts({ running: 2, waiting: 2 })
    await fleet.reload(change === null ? [two] : [{ ...one, ...change }, two])
    first.finish(1)
    for (const begun of [2, 3]) {
      await second.untilRunning(1)
      second.finish(1)
      await expect.poll(() => second.begun, { timeout: 15_000, interval: 5 }).toBe(begun)
    }
    await second.untilRunning(1)
    second.finish(1)
    expect(await Promise.all(chats)).toEqual([WHOLE, WHOLE, WHOLE, WHOLE])
    expect([first.begun, second.begun]).toEqual([1, 3])
    await fleet.untilCounts({ running: 0, waiting: 0 })
  })

  it('fails and cuts nothing in a crowd, whatever changes', async () => {
    const servers = [await startHandFed(), await startHandFed(), await startHandFed()]
    const [first, second, third] = servers.map(({ url }) => url)
    for (const server of servers) server.manner = 'quick'
    const stays = { name: 'stays', url: first ?? '', slots: 1 }
    const turns = { name: 'turns', url: second ?? '' }
    const fleet = await startHeldFleet([stays, turns])
    const endings: ChatEnding[] = []
    let isOver = false
    const client = async (): Promise<void> => {
      while (!isOver) endings.push(await fleet.chat())
    }
    const clients = Array.from({ length: 12 }, client)
    for (const upstreams of [
      [stays],
      [stays, { ...turns, slots: 3 }],
      [stays, { ...turns, slots: 1, url: third ?? '' }],
      [stays, { ...turns, memory: '4GB' }],
      [stays, { ...turns, priority: 0 }],
      [stays, { ...turns, enabled: false }],
      [{ ...stays, slots: 4 }, turns, { name: 'comes', url: third ?? '' }],
      [{ ...stays, priority: 3 }, turns],
    ]) {
      await fleet.reload(upstreams)
      const done = endings.length
      await expect.poll(() => endings.length, { timeout: 15_000, interval: 5 }).toBeGreaterThan(done + 12)
    }
    isOver = true
    await Promise.all(clients)
    expect(endings.filter(({ status, isWhole }) => status !== 200 || !isWhole)).toEqual([])
    expect(servers.map(({ begun }) => begun > 0)).toEqual([true, true, true])
    await fleet.untilCounts({ running: 0, waiting: 0 })
  })
})
