import { describe, expect, it } from 'vitest'
import { limitScene, NOON } from './__fixtures__/limit-scene.ts'

const MIDNIGHT = Date.UTC(2026, 4, 16)
const MONTH_END = Date.UTC(2026, 5)

describe('what is used of limits', () => {
  it('is told to whoever has them, used or not', async () => {
    const scene = limitScene({ defaults: { requestsPerMinute: 10, concurrent: 3 } })
    const bob = { user: 'bob', userLimits: { tokensPerDay: 1000 } }
    expect(await scene.usesOf(bob)).toEqual([
      { scope: 'key', name: 'key k', kind: 'requestsPerMinute', limit: 10, used: 0, reserved: 0, endsAt: null },
      { scope: 'key', name: 'key k', kind: 'concurrent', limit: 3, used: 0, reserved: 0, endsAt: null },
      { scope: 'user', name: 'bob', kind: 'tokensPerDay', limit: 1000, used: 0, reserved: 0, endsAt: MIDNIGHT },
    ])
    const running = await scene.admit({ ...bob, promptTokens: 44 })
    scene.charge({ userId: 'id of bob', prompt: 100, completion: 20 })
    const now = { requestsPerMinute: 1, concurrent: 1, tokensPerDay: 120 }
    const used = async (): Promise<object> =>
      Object.fromEntries((await scene.usesOf(bob)).map((use) => [use.kind, use.used]))
    expect(await used()).toEqual(now)
    expect(await scene.usesOf(bob)).toMatchObject([{ endsAt: NOON + 60_000 }, {}, { reserved: 44 + 256 }])
    running.release()
    expect(await used()).toEqual({ ...now, concurrent: 0 })
    expect(await limitScene().usesOf()).toEqual([])
  })

  it('is never more than there is, though some were refused', async () => {
    const scene = limitScene({ defaults: { requestsPerMinute: 2 } })
    await Promise.all([scene.ask(), scene.ask(), scene.ask(), scene.ask()])
    expect(await scene.usesOf()).toMatchObject([{ used: 2, limit: 2 }])
  })

  it('is told of the fullest of all who have used something, with each user once', async () => {
    const scene = limitScene({
      defaults: { tokensPerMonth: 1000 },
      models: [{ match: 'qwen3:*', terms: { tokensPerMonth: 500 } }],
    })
    const userLimits = { tokensPerMonth: 300 }
    const asks = ['a', 'b', 'idle'].map((key) => ({ key, userLimits }))
    scene.charge({ key: 'a', model: 'qwen3:8b', prompt: 100 })
    scene.charge({ key: 'b', prompt: 170 })
    const part = { kind: 'tokensPerMonth', reserved: 0, endsAt: MONTH_END }
    const all = [
      { ...part, scope: 'user', name: 'ann', limit: 300, used: 270 },
      { ...part, scope: 'model', name: 'qwen3:8b', limit: 500, used: 100 },
      { ...part, scope: 'key', name: 'key b', limit: 1000, used: 170 },
      { ...part, scope: 'key', name: 'key a', limit: 1000, used: 100 },
    ]
    expect(await scene.fullestUses(asks, 100)).toEqual(all)
    expect(await scene.fullestUses(asks, 2)).toEqual(all.slice(0, 2))
    expect(await scene.fullestUses([], 2)).toEqual(all.slice(1, 2))
  })

  it('counts what is set aside as gone', async () => {
    const scene = limitScene({ defaults: { tokensPerDay: 1000 } })
    await scene.admit({ key: 'a' })
    scene.charge({ key: 'b', prompt: 200 })
    expect(await scene.fullestUses([{ key: 'a' }, { key: 'b' }], 1)).toMatchObject([{ name: 'key a', reserved: 266 }])
  })
})
