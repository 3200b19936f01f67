import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SilenceWatch, type Watched } from './silence-watch.ts'

const MINUTE = 60_000

/** Calls requests by names. */
class NamedRequests {
  readonly #watch = new SilenceWatch()
  readonly #requests = new Map<string, Watched>()

  sent(name: string, at: number, expectedMs: number): void {
    this.#requests.set(
      name,
      this.#watch.sent(at, () => expectedMs),
    )
  }

  began = (name: string): void => this.#watch.began(this.#request(name))
  ended = (name: string): void => this.#watch.ended(this.#request(name))
  aborted = (name: string, at: number): void => this.#watch.aborted(this.#request(name), at)
  isStuck = (now: number): number | undefined => this.#watch.isStuck(now)
  treated = (now: number): void => this.#watch.treated(now)

  get isIdle(): boolean {
    return this.#watch.isIdle
  }

  #request(name: string): Watched {
    const request = this.#requests.get(name)
    if (request === undefined) throw new Error(`${name} was not sent`)
    return request
  }
}

/** One was aborted at 1000, and another sent then. */
function afterAbort(expectedMs = 100): NamedRequests {
  const watch = new NamedRequests()
  watch.sent('left', 0, expectedMs)
  watch.began('left')
  watch.aborted('left', 1000)
  watch.sent('next', 1000, expectedMs)
  return watch
}

describe('SilenceWatch', () => {
  it('notices the silence after an abort, however the one that left was getting on', () => {
    expect(afterAbort().isStuck(1000 + MINUTE)).toBe(MINUTE)
    const watch = new NamedRequests()
    watch.sent('left', 0, 100)
    watch.aborted('left', 500)
    watch.sent('next', 700, 100)
    expect(watch.isStuck(MINUTE)).toBe(MINUTE - 700)
  })

  it('counts one that waited already when the other left, from then on', () => {
    const watch = new NamedRequests()
    watch.sent('left', 0, 100)
    watch.began('left')
    watch.sent('next', 10, 100)
    watch.aborted('left', 5 * MINUTE)
    expect(watch.isStuck(5 * MINUTE + 1000)).toBeUndefined()
    expect(watch.isStuck(6 * MINUTE)).toBe(MINUTE)
  })

  it('gives a long prompt and a load the time they need', () => {
    expect(afterAbort(30_000).isStuck(1000 + 100_000)).toBeUndefined()
    expect(afterAbort(30_000).isStuck(1000 + 200_000)).toBeDefined()
  })

  it.each<[string, (watch: NamedRequests) => void]>([
    ['the next one has its first byte', (watch) => watch.began('next')],
    ['the next one has ended, whatever it was', (watch) => watch.ended('next')],
    [
      'another one is being answered',
      (watch) => {
        watch.sent('third', 1500, 100)
        watch.began('third')
        watch.sent('fourth', 1600, 100)
      },
    ],
  ])('is at ease where %s', (_, happens) => {
    const watch = afterAbort()
    happens(watch)
    expect(watch.isStuck(10 * MINUTE)).toBeUndefined()
  })

  it('sees nothing in a silence that no abort came before, nor where the abort was before the last first byte', () => {
    const watch = new NamedRequests()
    watch.sent('a', 0, 100)
    expect(watch.isStuck(10 * MINUTE)).toBeUndefined()
    const recovered = afterAbort()
    recovered.began('next')
    recovered.ended('next')
    recovered.sent('third', 2000, 100)
    expect(recovered.isStuck(10 * MINUTE)).toBeUndefined()
  })

  it('is treated at most once a minute, and ever more seldom where that does not help', () => {
    const watch = afterAbort()
    const treatedAt: number[] = []
    for (let now = 1000; now < 120 * MINUTE; now += 1000) {
      if (watch.isStuck(now) === undefined) continue
      watch.treated(now)
      treatedAt.push(now)
    }
    const pauses = treatedAt.slice(1).map((at, index) => at - (treatedAt[index] ?? 0))
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30].map((minutes) => minutes * MINUTE))
  })

  it('starts again with a minute once an answer has begun', () => {
    const watch = afterAbort()
    for (const at of [MINUTE, 2 * MINUTE, 4 * MINUTE]) watch.treated(at)
    watch.began('next')
    watch.aborted('next', 9 * MINUTE)
    watch.sent('third', 9 * MINUTE, 100)
    expect(watch.isStuck(10 * MINUTE)).toBeDefined()
    watch.treated(10 * MINUTE)
    expect(watch.isStuck(11 * MINUTE)).toBeDefined()
  })

  it('is never stuck without an abort, and idle once everything has ended', () => {
    const step = fc.record({
      of: fc.nat({ max: 20 }),
      what: fc.constantFrom('sent', 'began', 'ended'),
      ms: fc.nat({ max: MINUTE }),
    })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const watch = new SilenceWatch()
        const requests: Watched[] = []
        let now = 0
        for (const { of, what, ms } of steps) {
          now += ms
          const request = requests[of]
          if (what === 'sent' || request === undefined) requests.push(watch.sent(now, () => 100))
          else if (what === 'began') watch.began(request)
          else watch.ended(request)
          expect(watch.isStuck(now)).toBeUndefined()
        }
        for (const request of requests) watch.ended(request)
        expect(watch.isIdle).toBe(true)
      }),
    )
  })
})
