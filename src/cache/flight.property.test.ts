import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import type { ScriptedAttempt } from '../proxy/__fixtures__/scripted-fleet.ts'
import { asking, type Asker, type CacheScene, HELLO, openScene, turn } from './__fixtures__/cache-scene.ts'

/** What may happen next; `n` chooses to whom. */
interface Step {
  readonly kind:
    | 'ask'
    | 'ask-anew'
    | 'leave'
    | 'stall'
    | 'take'
    | 'hold'
    | 'grant'
    | 'refuse'
    | 'head'
    | 'data'
    | 'large'
    | 'end'
    | 'fail'
    | 'turn'
  readonly n: number
}

const weights: readonly (readonly [Step['kind'], number])[] = [
  ['ask', 8],
  ['ask-anew', 1],
  ['leave', 4],
  ['stall', 3],
  ['take', 4],
  ['hold', 1],
  ['grant', 2],
  ['refuse', 1],
  ['head', 5],
  ['data', 10],
  ['large', 6],
  ['end', 3],
  ['fail', 1],
  ['turn', 5],
]
const step = fc.record({
  kind: fc.oneof(...weights.map(([kind, weight]) => ({ arbitrary: fc.constant(kind), weight }))),
  n: fc.nat(1000),
})

/** One attempt as its upstream tells it. */
interface Told {
  readonly attempt: ScriptedAttempt
  state: 'sent' | 'head' | 'over'
  text: string
}

class Play {
  readonly scene: CacheScene = openScene({ maxBytes: 2 ** 19 })
  readonly askers: { readonly asker: Asker; hasLeft: boolean }[] = []
  readonly told: Told[] = []

  async do({ kind, n }: Step): Promise<void> {
    if (kind === 'turn') await turn()
    else if (kind === 'ask' || kind === 'ask-anew') this.#ask(kind === 'ask-anew')
    else if (kind === 'hold') this.scene.fleet.hold = true
    else if (kind === 'grant') this.#grant()
    else if (kind === 'refuse') this.scene.fleet.refuse(new GatewayError('no_upstream'))
    else if (kind === 'leave' || kind === 'stall' || kind === 'take') this.#act(kind, n)
    else this.#tell(kind, n)
    this.#note()
  }

  #ask(anew: boolean): void {
    const request = asking(HELLO, anew ? { cacheWish: 'fresh' } : {})
    this.askers.push({ asker: this.scene.ask(request), hasLeft: false })
  }

  #grant(): void {
    this.scene.fleet.hold = false
    this.scene.fleet.grant()
  }

  #act(kind: 'leave' | 'stall' | 'take', n: number): void {
    const chosen = this.askers[n % Math.max(1, this.askers.length)]
    if (chosen === undefined) return
    if (kind === 'leave') {
      chosen.hasLeft = true
      chosen.asker.leave()
    } else {
      chosen.asker.room = kind === 'take'
      if (kind === 'take') chosen.asker.attempt?.resume()
    }
  }

  #tell(kind: 'head' | 'data' | 'large' | 'end' | 'fail', n: number): void {
    const alive = this.told.filter(({ state }) => state !== 'over')
    const chosen = alive[n % Math.max(1, alive.length)]
    if (chosen === undefined) return
    if (kind === 'fail') return this.#end(chosen, () => chosen.attempt.fail({ kind: 'reset', executed: 'maybe' }))
    if (chosen.state === 'sent') {
      chosen.state = 'head'
      chosen.attempt.head(n % 10 === 0 ? 500 : 200)
    } else if (kind === 'end') this.#end(chosen, () => chosen.attempt.end())
    else if (kind !== 'head') this.#data(chosen, kind === 'large' ? 20_000 : 10 + (n % 500))
  }

  #data(chosen: Told, length: number): void {
    const chunk = `${this.told.indexOf(chosen)}:${chosen.text.length};`.padEnd(length, '.')
    chosen.text += chunk
    chosen.attempt.data(chunk)
  }

  #end(chosen: Told, end: () => void): void {
    chosen.state = 'over'
    end()
  }

  #note(): void {
    for (const attempt of this.scene.fleet.attempts.slice(this.told.length)) {
      this.told.push({ attempt, state: 'sent', text: '' })
    }
    for (const each of this.told) if (each.attempt.aborts.length > 0) each.state = 'over'
  }

  /** Everything that runs ends well, and everybody reads on. */
  async finish(): Promise<void> {
    this.#grant()
    for (let rounds = 0; rounds < 5; rounds += 1) {
      this.#note()
      for (const chosen of this.told) {
        if (chosen.state === 'sent') chosen.attempt.head(200)
        if (chosen.state !== 'over') this.#end(chosen, () => chosen.attempt.end())
      }
      for (const { asker } of this.askers) {
        asker.room = true
        for (let i = 0; i < 50; i += 1) asker.attempt?.resume()
      }
      await turn()
    }
  }
}

function expectHeard({ askers, told }: Play): void {
  for (const { asker, hasLeft } of askers) {
    const { events } = asker
    const isWhole = events.includes('end')
    const source = told.filter(({ text }) => (isWhole ? text === asker.text() : text.startsWith(asker.text())))
    expect(source.length).toBeGreaterThan(0)
    if (events[0]?.startsWith('refused') === true || (hasLeft && events.length === 0)) continue
    expect(events[0]).toBe('granted')
    expect(events.filter((event) => event === 'released')).toHaveLength(1)
    expect(events.at(-1)).toBe('released')
    if (!hasLeft) expect(events.at(-2)).toMatch(/^(?:end|fail reset)$/)
  }
}

/** Each claim was reported once and given back once; an upstream was stopped only where nobody wanted it. */
function expectSettled({ told }: Play): void {
  for (const { attempt } of told) {
    expect(attempt.told).toHaveLength(2)
    expect(attempt.told[1]).toBe('released')
    expect(attempt.aborts.length).toBeLessThanOrEqual(1)
    expect(attempt.told[0] === 'cancelled').toBe(attempt.aborts.length === 1)
  }
}

/** What each attempt took is on one account, if it told anything. */
function expectCharged({ askers, told }: Play): void {
  const accounts = askers.map(({ asker }) => asker.account)
  const took = told
    .filter(({ attempt, text }) => text !== '' || attempt.learnt.length > 0)
    .map(({ text }) => text.length)
  const positive = (counts: readonly number[]): number[] =>
    counts.filter((count) => count > 0).toSorted((a, b) => a - b)
  expect(positive(accounts)).toEqual(positive(took))
}

it('everybody hears one answer whole or learns that it is not, whoever comes, goes, waits or fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const play = new Play()
      for (const each of steps) await play.do(each)
      await play.finish()
      if (play.told.length === 0) return
      expectHeard(play)
      expectSettled(play)
      expectCharged(play)
    }),
    { numRuns: 300 },
  )
})
