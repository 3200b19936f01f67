import { describe, expect, it } from 'vitest'
import type { Reservation } from '../proxy/limits-port.ts'
import { limitScene, NOON } from './__fixtures__/limit-scene.ts'

function fields(headers: readonly string[]): Record<string, string> {
  return Object.fromEntries(headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? '']] : [])))
}

describe('createLimits', () => {
  it('has nothing to say where nothing is limited, and nothing to wait for where no requests are counted', () => {
    expect(limitScene().ask()).toBeUndefined()
    expect(limitScene({ models: [{ match: 'big*', terms: { concurrent: 1 } }] }).ask()).toBeUndefined()
    expect(limitScene({ defaults: { concurrent: 1, tokensPerDay: 1000 } }).ask()).toMatchObject({ kind: 'reserved' })
  })

  it('holds a key to the strictest of the defaults and its own', async () => {
    const scene = limitScene({ defaults: { concurrent: 2, requestsPerMinute: 3 } })
    const limits = { concurrent: 5, requestsPerMinute: 1 }
    const first = await scene.admit({ limits })
    expect((await scene.refuse({ limits })).error.message).toMatch('"key k" is limited to 1 request a minute')
    first.release()
    await scene.admit({ key: 'other' })
    await scene.admit({ key: 'other' })
    expect((await scene.refuse({ key: 'other' })).error.message).toMatch('limited to 2 requests at a time')
  })

  it('holds all keys of a user to the limits of the user', async () => {
    const scene = limitScene()
    const userLimits = { requestsPerMinute: 2 }
    await scene.admit({ key: 'a', userLimits })
    await scene.admit({ key: 'b', userLimits })
    expect((await scene.refuse({ key: 'c', userLimits })).error.message).toMatch('The user "ann" is limited to 2')
    await scene.admit({ key: 'd', user: 'bob', userLimits })
  })

  it('gives a user nothing of what another of the same name has used, or used before the start', async () => {
    const scene = limitScene()
    const userLimits = { requestsPerMinute: 1, tokensPerDay: 1000, concurrent: 1 }
    const total = { keyId: 'a', userId: 'first', model: 'tiny:latest', tokens: 600, cost: 0 }
    await scene.book.restore({ totalsSince: () => Promise.resolve([total]) }, NOON)
    scene.charge({ userId: 'first', prompt: 300 })
    const [first, second] = ['first', 'second'].map((userId) => ({ key: userId, userId, userLimits, promptTokens: 50 }))
    expect((await scene.admit(first)).headers).toContain(String(1000 - 900 - 100))
    expect((await scene.refuse(first)).error.message).toMatch('The user "ann" is limited to 1 request at a time')
    expect((await scene.admit(second)).headers).toContain(String(1000 - 50 - 256))
  })

  it('holds everybody to the limits of a model, each model by itself', async () => {
    const scene = limitScene({ models: [{ match: 'qwen3:*', terms: { concurrent: 1 } }] })
    await scene.admit({ key: 'a', model: 'qwen3:8b' })
    await scene.admit({ key: 'a', model: 'qwen3:4b' })
    expect((await scene.refuse({ key: 'b', model: 'qwen3:8b' })).error.message).toMatch('The model "qwen3:8b"')
    expect(scene.ask({ key: 'b', model: 'llama3:latest' })).toBeUndefined()
  })

  it('gives back what a refusal by somebody else had taken', async () => {
    const scene = limitScene({ models: [{ match: 'tiny', terms: { requestsPerMinute: 1 } }] })
    const limits = { requestsPerMinute: 2, concurrent: 9 }
    await scene.admit({ limits })
    const refused = await scene.refuse({ limits })
    expect(fields(refused.headers)).toMatchObject({ 'x-ratelimit-remaining-requests': '0' })
    expect(fields((await scene.admit({ limits, model: 'other:latest' })).headers)).toMatchObject({
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '0',
    })
  })

  it('says when there is a minute again, and lets as many in', async () => {
    const scene = limitScene({ defaults: { requestsPerMinute: 1 } })
    await scene.admit()
    scene.now += 20_500
    const { error, headers } = await scene.refuse({ dialect: 'anthropic' })
    expect(error).toMatchObject({ code: 'rate_limited', status: 429, retryable: true, retryAfterSeconds: 40 })
    expect(fields(headers)).toEqual({
      'anthropic-ratelimit-requests-limit': '1',
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-requests-reset': '2026-05-15T12:01:00Z',
    })
    scene.now += 39_500
    await scene.admit()
  })

  it('forgets nothing when the limits change', async () => {
    const scene = limitScene({ defaults: { requestsPerMinute: 5, tokensPerDay: 10_000, concurrent: 9 } })
    const running = await scene.admit()
    await scene.admit()
    scene.charge({ prompt: 900 })
    scene.configure({ defaults: { requestsPerMinute: 3, concurrent: 2 } })
    expect((await scene.refuse()).error.message).toMatch('2 requests at a time')
    running.release()
    await scene.admit()
    scene.configure({ defaults: { requestsPerMinute: 3 } })
    expect((await scene.refuse()).error.message).toMatch('3 requests a minute')
    scene.configure({ defaults: { tokensPerDay: 900 } })
    expect((await scene.refuse()).error.code).toBe('budget_exhausted')
  })
})

describe('budgets of tokens', () => {
  it('hold what a request is going to take until it is over, and then what it took', async () => {
    const scene = limitScene({ defaults: { tokensPerDay: 1000 } })
    const one = await scene.admit({ promptTokens: 100 })
    expect(fields(one.headers)).toEqual({
      'x-ratelimit-limit-tokens': '1000',
      'x-ratelimit-remaining-tokens': '644',
      'x-ratelimit-reset-tokens': '12h0m0s',
    })
    scene.charge({ prompt: 90, completion: 10 })
    one.release()
    one.release()
    expect(fields((await scene.admit({ promptTokens: 0 })).headers)['x-ratelimit-remaining-tokens']).toBe('890')
  })

  it('let in whoever is alone with what is left, and beside others only what is usual', async () => {
    const scene = limitScene({ defaults: { tokensPerMinute: 300 } })
    const first = await scene.admit()
    const refused = await scene.refuse()
    expect(refused.error).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 1 })
    expect(refused.error.message).toMatch('set aside for requests that run')
    scene.charge({ prompt: 10, completion: 200 })
    first.release()
    const last = await scene.admit()
    expect(last.answerTokens).toBe(80)
  })

  it.each([
    ['tokensPerMinute', 'rate_limited', 60, 'a minute'],
    ['tokensPerDay', 'budget_exhausted', 12 * 3600, 'a day, which are used up until 2026-05-16T00:00Z'],
    ['tokensPerMonth', 'budget_exhausted', 16.5 * 86_400, 'a month, which are used up until 2026-06-01T00:00Z'],
  ] as const)('%s says until when it is used up', async (kind, code, retryAfterSeconds, text) => {
    const scene = limitScene({ defaults: { [kind]: 100 } })
    scene.charge({ prompt: 60, completion: 40 })
    const { error } = await scene.refuse({ promptTokens: 1 })
    expect(error).toMatchObject({ code, retryAfterSeconds })
    expect(error.message).toMatch(text)
    scene.now += retryAfterSeconds * 1000
    await scene.admit({ promptTokens: 1 })
  })

  it('tell a prompt that no budget would be enough for not to wait', async () => {
    const scene = limitScene({ defaults: { tokensPerMinute: 100 } })
    const { error } = await scene.refuse({ promptTokens: 100 })
    expect(error).toMatchObject({ code: 'budget_exhausted', retryable: false, retryAfterSeconds: undefined })
    expect(error.message).toMatch('the prompt alone takes more')
  })

  it('take nothing for an answer of an embedding', async () => {
    const scene = limitScene({ defaults: { tokensPerDay: 100 } })
    await scene.admit({ scope: 'embed', promptTokens: 100 })
    await scene.refuse({ scope: 'embed', promptTokens: 1 })
  })

  it('concern nothing that runs no model', async () => {
    const scene = limitScene({ defaults: { tokensPerDay: 1 } })
    scene.charge({ prompt: 5 })
    expect((await scene.admit({ kind: 'model', promptTokens: 0 })).counts).toBe(false)
  })

  it('learn how long answers of a model usually are', async () => {
    const scene = limitScene({ defaults: { tokensPerMonth: 100_000 } })
    scene.charge({ completion: 20 })
    const remaining = async (model: string) =>
      Number(fields((await scene.admit({ model, promptTokens: 0 })).headers)['x-ratelimit-remaining-tokens'])
    expect(await remaining('tiny:latest')).toBe(100_000 - 20 - 20)
    expect(await remaining('other:latest')).toBe(100_000 - 20 - 20 - 256)
  })

  it('are charged to key, user and the model that answered, but not for what the cache had', async () => {
    const scene = limitScene({ models: [{ match: '*', terms: { tokensPerDay: 500 } }] })
    const limits = { tokensPerDay: 10_000 }
    const asked = await scene.admit({ model: 'big:latest', limits })
    scene.charge({ model: 'small:latest', completion: 499 })
    scene.charge({ model: 'big:latest', completion: 400, cache: 'hit' })
    asked.release()
    await scene.refuse({ model: 'small:latest' })
    expect(fields((await scene.admit({ model: 'big:latest', limits })).headers)['x-ratelimit-remaining-tokens']).toBe(
      '234',
    )
  })

  it('begin with what the books say', async () => {
    const scene = limitScene({ defaults: { tokensPerDay: 1000, tokensPerMonth: 5000 } })
    const row = { keyId: 'k', userId: null, model: 'tiny:latest', cost: 0 }
    await scene.book.restore(
      {
        totalsSince: (at) =>
          Promise.resolve(
            at === Date.UTC(2026, 4, 15)
              ? [{ ...row, tokens: 600 }]
              : [
                  { ...row, tokens: 4000 },
                  { ...row, model: 'other:latest', tokens: 100 },
                ],
          ),
      },
      NOON,
    )
    expect((await scene.admit({ promptTokens: 100 })).headers).toContain(String(1000 - 600 - 100 - 256))
    scene.now += 86_400_000
    expect((await scene.admit({ promptTokens: 0 })).headers).toContain(String(5000 - 4100 - 356 - 256))
  })
})

describe('budgets of money', () => {
  const prices = [
    { match: 'gpt-4o*', prompt: 2.5, completion: 10 },
    { match: '*', prompt: 0, completion: 0 },
  ]
  const settings = { defaults: { moneyPerMonth: 1 } }

  it('limit what costs, by the price of the model', async () => {
    const scene = limitScene(settings, { prices })
    scene.charge({ model: 'gpt-4o:latest', prompt: 200_000, completion: 49_990 })
    const last = await scene.admit({ model: 'gpt-4o:latest', promptTokens: 4 })
    // 0.0001 are left: 0.00001 for the prompt, the rest for nine tokens.
    expect(last.answerTokens).toBe(9)
    expect((await scene.refuse({ model: 'gpt-4o:latest', promptTokens: 4 })).error.code).toBe('rate_limited')
    scene.charge({ model: 'gpt-4o:latest', completion: 10 })
    last.release()
    const { error } = await scene.refuse({ model: 'gpt-4o:latest' })
    expect(error).toMatchObject({ code: 'budget_exhausted', retryAfterSeconds: 16.5 * 86_400 })
    expect(error.message).toMatch('limited to costs of 1 a month')
    expect((await scene.admit({ model: 'tiny:latest' })).answerTokens).toBe(256)
  })
})

describe('an answer that runs', () => {
  async function grow(reservation: Reservation, to: number): Promise<number> {
    let allowed = reservation.answerTokens
    for (let tokens = 1; tokens <= to; tokens++) {
      if (tokens > allowed) allowed = reservation.extend(tokens)
      if (tokens > allowed) return tokens - 1
    }
    return to
  }

  it('gets more than is usual while there is some, and ends where the budget does', async () => {
    const scene = limitScene({ defaults: { tokensPerDay: 1000 } })
    const [one, other] = [await scene.admit({ promptTokens: 20 }), await scene.admit({ promptTokens: 20 })]
    expect(await grow(one, 5000)).toBe(1000 - 20 - 20 - 256)
    expect(one.exhausted()).toMatchObject({
      code: 'budget_exhausted',
      message: 'The key "key k" is limited to 1000 tokens a day, which are used up until 2026-05-16T00:00Z',
    })
    expect(await grow(other, 5000)).toBe(256)
    one.release()
    expect(other.extend(257)).toBeGreaterThan(256)
  })

  it('goes on into the next day with the budget of that', async () => {
    const scene = limitScene({ defaults: { tokensPerDay: 300 } })
    const answer = await scene.admit({ promptTokens: 44 })
    scene.charge({ key: 'k', prompt: 1 })
    expect(answer.extend(257)).toBe(256)
    scene.now += 86_400_000
    scene.configure({ defaults: { tokensPerDay: 300 } })
    answer.release()
    expect((await scene.admit({ promptTokens: 44 })).answerTokens).toBe(256)
  })

  it('is never ended where answers may finish', async () => {
    const scene = limitScene({ defaults: { tokensPerDay: 300 }, onExhausted: 'finish' })
    const answer = await scene.admit()
    expect([answer.answerTokens, answer.counts]).toEqual([Infinity, true])
  })
})
