import { describe, expect, it } from 'vitest'
import { chatsAt, eventually, startRoutedFleet, upstreamOf } from './routed-fleet.ts'

const slow = { fake: { tokensPerSecond: 50 }, config: { slots: 1 } }

describe('a queue', () => {
  it('that is full refuses with the time after which to come again', async () => {
    const { fakes, chat, hold, status } = await startRoutedFleet({ a: slow }, { queue: { max_length: 1 } })
    const held = hold('m')
    await fakes.a.counters.until((now) => now.requests['POST /api/chat'] === 1)
    const waits = chat('m', { tokens: 1 })
    await eventually(async () => expect((await status()).queue.waiting).toBe(1))
    const refused = await chat('m')
    expect([refused.status, refused.headers['corral-error']]).toEqual([503, 'queue_full'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    held.leave()
    expect((await waits).status).toBe(200)
    expect((await chat('m', { tokens: 1 })).status).toBe(200)
    expect(chatsAt(fakes.a)).toBe(3)
  })

  it('lets nobody wait longer than it may', async () => {
    const { fakes, chat, hold } = await startRoutedFleet({ a: slow }, { queue: { max_wait: '1s' } })
    hold('m')
    await fakes.a.counters.until((now) => now.requests['POST /api/chat'] === 1)
    const refused = await chat('m')
    expect([refused.status, refused.headers['corral-error']]).toEqual([503, 'queue_timeout'])
    expect(chatsAt(fakes.a)).toBe(1)
  })

  it('forgets who leaves, at once, and the upstream never hears of them', async () => {
    const { fakes, chat, hold, status } = await startRoutedFleet({ a: slow })
    const held = hold('m')
    await fakes.a.counters.until((now) => now.requests['POST /api/chat'] === 1)
    const leaving = [hold('m'), hold('m'), hold('m')]
    const stays = chat('m', { tokens: 1 })
    await eventually(async () => expect((await status()).queue.waiting).toBe(4))
    for (const each of leaving) each.leave()
    await eventually(async () => expect((await status()).queue.waiting).toBe(1))
    held.leave()
    expect((await stays).status).toBe(200)
    expect(chatsAt(fakes.a)).toBe(2)
    await eventually(async () => expect((await status()).upstreams[0]).toMatchObject({ running: 0, waiting: 0 }))
  })

  it('serves those that come after whoever was cancelled in the middle of an answer', async () => {
    const { fakes, chat, hold, status } = await startRoutedFleet({ a: slow })
    for (let i = 1; i <= 5; i += 1) {
      const held = hold('m')
      await fakes.a.counters.until((now) => now.requests['POST /api/chat'] === i && now.bytesOut > 0)
      held.leave()
    }
    expect((await chat('m', { tokens: 1 })).status).toBe(200)
    const [upstream] = (await status()).upstreams
    expect(upstream?.loaded[0]).toMatchObject({ running: 0, slots: 1 })
  })
})

describe('a reload under load', () => {
  it('adds, changes and removes upstreams, and fails no request', async () => {
    const fake = { tokensPerSecond: 400, answerTokens: 20, parallel: 2 }
    const fleet = await startRoutedFleet({ a: { fake }, b: { fake, config: { enabled: false } }, c: { fake } })
    const { chat, entryOf, reload, status } = fleet
    const names = async (): Promise<string[]> => (await status()).upstreams.map(({ name, state }) => `${name} ${state}`)
    const answers: { status: number; whole: boolean; upstream: string | undefined }[] = []
    let isOver = false
    const client = async (): Promise<void> => {
      while (!isOver) {
        const answer = await chat('m')
        const whole = answer.ending === 'complete' && answer.text.includes('"done":true')
        answers.push({ status: answer.status, whole, upstream: upstreamOf(answer) })
      }
    }
    const clients = Promise.all(Array.from({ length: 6 }, client))
    const servedBy = async (name: string): Promise<void> => {
      const from = answers.length
      await eventually(() => expect(answers.slice(from).map(({ upstream }) => upstream)).toContain(name))
    }
    await servedBy('a')
    const added = { ...entryOf('b'), enabled: true }
    await reload([entryOf('a'), added, entryOf('c')])
    await eventually(async () => expect(await names()).toEqual(['a up', 'b up', 'c up']))
    // Everybody's first choice from now on.
    await reload([
      { ...entryOf('a'), priority: 2 },
      { ...added, priority: 1, slots: 2 },
      { ...entryOf('c'), priority: 3 },
    ])
    await servedBy('b')
    await reload([added])
    await eventually(async () => expect(await names()).toEqual(['b up']))
    await servedBy('b')
    await reload([entryOf('c'), { ...added, priority: 9 }])
    await servedBy('c')
    isOver = true
    await clients
    expect(answers.filter(({ status: code, whole }) => code !== 200 || !whole)).toEqual([])
    await eventually(async () => {
      for (const upstream of (await status()).upstreams) expect(upstream).toMatchObject({ running: 0, waiting: 0 })
    })
  })

  it('does not cut what runs at an upstream that is gone from the config, nor lose who waits', async () => {
    const { fakes, chat, entryOf, reload, status } = await startRoutedFleet({ a: slow, b: slow })
    const { a, b } = fakes
    const running = chat('m', { tokens: 100 })
    const first = await eventually(() => [a, b].find((fake) => chatsAt(fake) === 1) ?? expect.fail('nobody asked yet'))
    const [gone, stays] = first === a ? (['a', 'b'] as const) : (['b', 'a'] as const)
    await reload([entryOf(stays)])
    await eventually(async () => expect((await status()).upstreams.map(({ name }) => name)).toEqual([stays]))
    const later = await chat('m', { tokens: 1 })
    expect([later.status, upstreamOf(later)]).toEqual([200, stays])
    const answer = await running
    expect([answer.status, answer.ending, upstreamOf(answer)]).toEqual([200, 'complete', gone])
    expect(answer.text).toContain('"done":true')
  })
})
