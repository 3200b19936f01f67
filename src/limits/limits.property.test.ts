import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Reservation } from '../proxy/limits-port.ts'
import { calendarOf } from './calendar.ts'
import { limitScene, type LimitScene } from './__fixtures__/limit-scene.ts'
import type { LimitTerms } from '../lib/limit-terms.ts'

const REQUESTS = 7
const AT_ONCE = 4
const TOKENS = 2000
const MONEY = 0.01
const price = { match: '*', prompt: 1, completion: 5 }
const limits: LimitTerms = {
  requestsPerMinute: REQUESTS,
  concurrent: AT_ONCE,
  tokensPerDay: TOKENS,
  moneyPerMonth: MONEY,
}
const keys = ['a', 'b', 'c'] as const

interface Running {
  readonly key: string
  readonly reservation: Reservation
  readonly prompt: number
  tokens: number
}

const step = fc.oneof(
  fc.record({ do: fc.constant('ask' as const), key: fc.constantFrom(...keys), prompt: fc.nat(300), times: fc.nat(5) }),
  fc.record({ do: fc.constant('write' as const), which: fc.nat(9), tokens: fc.nat(700) }),
  fc.record({ do: fc.constant('end' as const), which: fc.nat(9), charged: fc.boolean() }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 1000, 30_000, 60_000, 7_200_000) }),
)

it('whatever is asked, in whatever order, no limit is passed and every reservation comes back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const scene = limitScene({ models: [{ match: '*', terms: { concurrent: AT_ONCE * 2 } }] }, { prices: [price] })
      const running: Running[] = []
      const starts = new Map<string, number[]>()
      for (const each of steps) {
        if (each.do === 'wait') scene.now += each.ms
        else if (each.do === 'ask') await askAll(scene, { ...each, running, starts })
        else {
          const one = running[each.which % Math.max(1, running.length)]
          if (one === undefined) continue
          if (each.do === 'write') write(one, each.tokens)
          else end(scene, one, each.charged)
          if (each.do === 'end') running.splice(running.indexOf(one), 1)
        }
        for (const key of keys) expectWithin(scene, key, running)
      }
      for (const one of running) end(scene, one, false)
      for (const key of keys) {
        const { running: left, reservedTokens, reservedMoney } = scene.book.keys.of(key, calendarOf(scene.now))
        expect([left, reservedTokens, reservedMoney]).toEqual([0, 0, 0])
      }
    }),
    { numRuns: 300 },
  )
})

interface Asking {
  readonly key: string
  readonly prompt: number
  readonly times: number
  readonly running: Running[]
  readonly starts: Map<string, number[]>
}

/** So many at once, so that none of them knows what became of the others. */
async function askAll(scene: LimitScene, { key, prompt, times, running, starts }: Asking): Promise<void> {
  const asks = Array.from({ length: times }, () => Promise.resolve(scene.ask({ key, limits, promptTokens: prompt })))
  for (const reservation of await Promise.all(asks)) {
    if (reservation?.kind !== 'reserved') continue
    running.push({ key, reservation, prompt, tokens: 0 })
    const before = starts.get(key) ?? []
    // The limiter's minute begins with the first request after the one before it was over.
    const first = before[0] ?? scene.now
    const minute = scene.now - first >= 60_000 ? [scene.now] : [...before, scene.now]
    starts.set(key, minute)
    expect(minute.length).toBeLessThanOrEqual(REQUESTS)
  }
}

/** As many tokens as it is let. */
function write(one: Running, tokens: number): void {
  let allowed = one.reservation.answerTokens
  for (let at = 0; at < tokens; at++) {
    if (one.tokens + 1 > allowed) allowed = one.reservation.extend(one.tokens + 1)
    if (one.tokens + 1 > allowed) return
    one.tokens += 1
  }
}

function end(scene: LimitScene, { key, reservation, prompt, tokens }: Running, charged: boolean): void {
  reservation.release()
  if (charged) scene.charge({ key, prompt, completion: tokens })
}

/** What was charged, and what the running ones have written, is never more than the budgets. */
function expectWithin(scene: LimitScene, key: string, running: readonly Running[]): void {
  const mine = running.filter((one) => one.key === key)
  const account = scene.book.keys.of(key, calendarOf(scene.now))
  const today = calendarOf(scene.now)
  const written = mine.reduce((sum, one) => sum + one.prompt + one.tokens, 0)
  const cost = mine.reduce((sum, one) => sum + one.prompt * price.prompt + one.tokens * price.completion, 0) / 1e6
  expect(mine.length).toBeLessThanOrEqual(AT_ONCE)
  expect(account.running).toBe(mine.length)
  expect(account.reservedTokens).toBeGreaterThanOrEqual(written)
  expect(account.used('tokensPerDay', today) + written).toBeLessThanOrEqual(TOKENS)
  expect(account.used('moneyPerMonth', today) + cost).toBeLessThanOrEqual(MONEY + 1e-9)
}
