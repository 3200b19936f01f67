import { describe, expect, it } from 'vitest'
import type { FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { chatsAt, eventually, startRoutedFleet, upstreamOf } from './routed-fleet.ts'

const GB = 1e9
/** Long enough that nobody would choose it, and a test that waits for it fails. */
const LOADS_FOR_EVER = { loadFixedMs: 600_000 }

/** Past the gateway. */
async function load(fake: FakeOllama): Promise<void> {
  await (await fetch(`${fake.url}/api/generate`, { method: 'POST', body: '{"model":"m"}' })).text()
}

describe('a request', () => {
  it('goes where its model is loaded rather than where it would have to be', async () => {
    const { fakes, chat, status } = await startRoutedFleet({ a: {}, b: {} })
    await load(fakes.b)
    await eventually(async () => {
      const { upstreams } = await status()
      expect(upstreams.map(({ loaded }) => loaded.length)).toEqual([0, 1])
    })
    for (let i = 0; i < 5; i += 1) expect(upstreamOf(await chat('m'))).toBe('b')
    expect([fakes.a.loads(), chatsAt(fakes.a)]).toEqual([0, 0])
  })

  it('never goes where its model is above the memory that is stated', async () => {
    const models = [{ name: 'm', sizeBytes: 20 * GB }]
    const { fakes, chat } = await startRoutedFleet({
      small: { fake: { models, ...LOADS_FOR_EVER }, config: { memory: '8GB', priority: 1 } },
      large: { fake: { models, parallel: 2 }, config: { memory: '48GB', priority: 2, slots: 2 } },
    })
    const answers = await Promise.all([chat('m'), chat('m'), chat('m')])
    expect(answers.map((answer) => [answer.status, upstreamOf(answer)])).toEqual(
      Array.from(answers, () => [200, 'large']),
    )
    await fakes.large.setDoor('refuse')
    await eventually(async () => expect((await chat('m')).status).toBe(503))
    expect([chatsAt(fakes.small), fakes.small.loads()]).toEqual([0, 0])
  })

  it('goes nowhere else where its model is assigned, not even when that is out', async () => {
    const { gateway, fakes, chat } = await startRoutedFleet(
      { chosen: { config: { priority: 2 } }, other: { config: { priority: 1 } } },
      { models: { assignments: { m: ['chosen'] } } },
    )
    expect(upstreamOf(await chat('m'))).toBe('chosen')
    await fakes.chosen.setDoor('refuse')
    await eventually(() => expect(gateway.stderr()).toContain('upstream is down'))
    const refused = await chat('m')
    expect([refused.status, refused.headers['corral-error']]).toEqual([503, 'no_upstream'])
    expect(chatsAt(fakes.other)).toBe(0)
    await fakes.chosen.setDoor('open')
    await eventually(async () => expect((await chat('m')).status).toBe(200))
  })

  it('is told of the very model that it reads about, also where that cannot run and another would run for it', async () => {
    const models = [{ name: 'm', sizeBytes: 20 * GB }, { name: 'small' }]
    const { gateway, chat } = await startRoutedFleet(
      { a: { fake: { models }, config: { memory: '8GB' } } },
      { models: { fallbacks: { m: ['small'] } } },
    )
    expect((await chat('m', { tokens: 2 })).headers['corral-model']).toBe('small:latest')
    const read = await fetch(`${gateway.url}/api/show`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.adminKey}` },
      body: '{"model":"m"}',
    })
    expect([read.status, read.headers.get('corral-model')]).toEqual([200, 'm:latest'])
  })

  it('spills to a worse tier where the better one would have it wait longer than it may', async () => {
    const fake = { models: [{ name: 'm', sizeBytes: 5 * GB }], tokensPerSecond: 50 }
    const { fakes, chat, hold, status } = await startRoutedFleet(
      { better: { fake, config: { priority: 1, slots: 1 } }, worse: { fake, config: { priority: 2, slots: 1 } } },
      { routing: { spill_after: '100ms' } },
    )
    await Promise.all([load(fakes.better), load(fakes.worse)])
    await eventually(async () => {
      const { upstreams } = await status()
      expect(upstreams.map(({ loaded }) => loaded.length)).toEqual([1, 1])
    })
    expect(upstreamOf(await chat('m', { tokens: 2 }))).toBe('better')
    const held = hold('m')
    await fakes.better.counters.until((now) => now.requests['POST /api/chat'] === 2)
    expect(upstreamOf(await chat('m', { tokens: 2 }))).toBe('worse')
    held.leave()
    await eventually(async () => expect((await status()).upstreams[0]?.running).toBe(0))
    expect(upstreamOf(await chat('m', { tokens: 2 }))).toBe('better')
  })

  it('waits for the better tier as long as that is no longer than it may', async () => {
    const slow = { tokensPerSecond: 50 }
    const { fakes, chat, hold, status } = await startRoutedFleet(
      {
        better: { fake: slow, config: { priority: 1, slots: 1 } },
        worse: { fake: slow, config: { priority: 2, slots: 1 } },
      },
      { routing: { spill_after: '24h' } },
    )
    const held = hold('m')
    await fakes.better.counters.until((now) => now.requests['POST /api/chat'] === 1)
    const answer = chat('m', { tokens: 2 })
    await eventually(async () => expect((await status()).queue.waiting).toBe(1))
    held.leave()
    expect(upstreamOf(await answer)).toBe('better')
    expect(chatsAt(fakes.worse)).toBe(0)
  })

  it('finds others at work while a model is loaded, and an upstream that says nothing of it is not out', async () => {
    const models = [{ name: 'small' }, { name: 'large', sizeBytes: 40 * GB }]
    const fake = { models, version: '0.32.5', loadBytesPerSecond: 5 * GB }
    const { gateway, fakes, chat, status } = await startRoutedFleet({ a: { fake, config: { slots: 1 } } })
    await chat('small')
    await eventually(async () => expect((await status()).upstreams[0]?.loaded).toHaveLength(1))
    const loading = chat('large')
    await fakes.a.counters.until((now) => now.requests['POST /api/chat'] === 2)
    const lists = fakes.a.counters.snapshot().requests['GET /api/ps'] ?? 0
    await fakes.a.counters.until((now) => (now.requests['GET /api/ps'] ?? 0) > lists)
    for (let i = 0; i < 5; i += 1) {
      expect((await chat('small')).status).toBe(200)
      const [upstream] = (await status()).upstreams
      expect([upstream?.state, upstream?.loaded.map(({ model }) => model)]).toEqual([
        'up',
        expect.arrayContaining(['small:latest']),
      ])
    }
    expect(fakes.a.loaded().map(({ model }) => model.name)).not.toContain('large:latest')
    expect((await loading).status).toBe(200)
    expect(gateway.stderr()).not.toContain('upstream is down')
  })
})
