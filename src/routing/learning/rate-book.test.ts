import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../test/fakes/seeded-random.ts'
import { BLOCK_TOKENS } from '../../lib/prompt-block.ts'
import type { AnswerSample } from './answer-times.ts'
import { createRateBook, type RateBook } from './rate-book.ts'

const GB = 1e9

type Telling = 'counters' | 'streams' | 'wholes'

/** What an upstream is in truth. */
interface Truth {
  readonly server: string
  readonly model: string
  readonly prefillMs: number
  readonly decodeMs: number
}

interface Ask {
  readonly conversation: number
  readonly tokens: number
  /** So many of them are in the upstream's cache. */
  readonly cached?: number
  readonly answer: number
  readonly loadMs?: number
  /** Whether the count of the prompt is without what was cached. */
  readonly countsNewOnly?: boolean
}

function blocksOf({ conversation, tokens }: Ask): number[] {
  return Array.from({ length: Math.floor(tokens / BLOCK_TOKENS) }, (_, index) => conversation * 100_000 + index)
}

function sampleOf(truth: Truth, ask: Ask, telling: Telling = 'counters'): AnswerSample {
  const { tokens, cached = 0, answer, loadMs = 0 } = ask
  const promptMs = (tokens - cached) * truth.prefillMs
  const evalMs = answer * truth.decodeMs
  const beganAt = 1000 + loadMs + promptMs + (telling === 'wholes' ? evalMs : truth.decodeMs)
  const endedAt = 1000 + loadMs + promptMs + evalMs
  return {
    server: truth.server,
    model: truth.model,
    prompt: { tokens, blocks: () => blocksOf(ask) },
    cold: loadMs > 0,
    streamed: telling !== 'wholes',
    usage: {
      promptTokens: ask.countsNewOnly === true ? tokens - cached : tokens,
      completionTokens: answer,
      cachedTokens: null,
    },
    timings: telling === 'counters' ? { loadMs, promptMs, evalMs, totalMs: loadMs + promptMs + evalMs } : null,
    grantedAt: 1000,
    beganAt,
    endedAt,
  }
}

const bytes: Record<string, number> = { 'small:latest': 2.5 * GB, 'big:latest': 40 * GB }

function createBook(): RateBook {
  return createRateBook((_, model) => bytes[model] ?? 5 * GB)
}

const truth: Truth = { server: 'a', model: 'm:latest', prefillMs: 0.3, decodeMs: 12 }

function teach(book: RateBook, truth: Truth, count = 20): void {
  for (let index = 0; index < count; index += 1) {
    book.observe(sampleOf(truth, { conversation: index, tokens: 500, answer: 200 }))
  }
}

describe('createRateBook', () => {
  /** Twenty answers of all lengths of an upstream of any speed. */
  function learnFrom(telling: Telling, check: (book: RateBook, truth: Truth) => void): void {
    const speed = fc.double({ min: 0.02, max: 20, noNaN: true })
    const ratio = fc.double({ min: 10, max: 60, noNaN: true })
    fc.assert(
      fc.property(fc.integer(), speed, ratio, (seed, prefillMs, ratio) => {
        const random = seededRandom(seed)
        const book = createBook()
        const truth: Truth = { server: 'a', model: 'm:latest', prefillMs, decodeMs: prefillMs * ratio }
        for (let conversation = 0; conversation < 20; conversation += 1) {
          const [tokens, answer] = [100 + Math.floor(random() * 2000), 20 + Math.floor(random() * 400)]
          book.observe(sampleOf(truth, { conversation, tokens, answer }, telling))
        }
        check(book, truth)
      }),
    )
  }

  it.each<Telling>(['counters', 'streams'])(
    'learns how fast an upstream reads and writes within 20 answers from %s',
    (telling) => {
      learnFrom(telling, (book, truth) => {
        const { prefillMsPerToken, decodeMsPerToken } = book.pair('a', 'm:latest')
        expect(decodeMsPerToken / truth.decodeMs).toBeGreaterThan(0.8)
        expect(decodeMsPerToken / truth.decodeMs).toBeLessThan(1.25)
        expect(prefillMsPerToken / truth.prefillMs).toBeGreaterThan(0.7)
        expect(prefillMsPerToken / truth.prefillMs).toBeLessThan(1.5)
      })
    },
  )

  it('learns how long an answer takes from whole ones, of which nobody saw the beginning', () => {
    learnFrom('wholes', (book, truth) => {
      const { prefillMsPerToken, decodeMsPerToken } = book.pair('a', 'm:latest')
      const expected = 1000 * prefillMsPerToken + 200 * decodeMsPerToken
      const took = 1000 * truth.prefillMs + 200 * truth.decodeMs
      expect(expected / took).toBeGreaterThan(0.7)
      expect(expected / took).toBeLessThan(1.4)
    })
  })

  it('follows a change', () => {
    const book = createBook()
    teach(book, truth, 100)
    teach(book, { ...truth, prefillMs: 1.2, decodeMs: 48 }, 60)
    expect(book.pair('a', 'm:latest').prefillMsPerToken).toBeGreaterThan(1)
    expect(book.pair('a', 'm:latest').decodeMsPerToken).toBeGreaterThan(40)
  })

  it('gives one live object per pair', () => {
    const book = createBook()
    const pair = book.pair('a', 'm:latest')
    const before = pair.decodeMsPerToken
    teach(book, truth)
    expect(book.pair('a', 'm:latest')).toBe(pair)
    expect(pair.decodeMsPerToken).not.toBe(before)
  })

  describe('prompts that were known already', () => {
    it.each([false, true])(
      'learns no absurd speed from them, whether they are left out of the count: %s',
      (countsNewOnly) => {
        const book = createBook()
        for (let conversation = 0; conversation < 5; conversation += 1) {
          for (let turn = 0; turn < 20; turn += 1) {
            const tokens = 1000 + turn * 1000
            const cached = turn === 0 ? 0 : tokens - 1000
            book.observe(sampleOf(truth, { conversation, tokens, cached, answer: 100, countsNewOnly }))
          }
        }
        const { prefillMsPerToken } = book.pair('a', 'm:latest')
        expect(prefillMsPerToken / truth.prefillMs).toBeGreaterThan(0.6)
        expect(prefillMsPerToken / truth.prefillMs).toBeLessThan(1.7)
      },
    )

    it('is not misled by one that somebody else had asked before, past the gateway', () => {
      const book = createBook()
      teach(book, truth)
      book.observe(sampleOf(truth, { conversation: 99, tokens: 8000, cached: 7999, answer: 100 }))
      expect(book.pair('a', 'm:latest').prefillMsPerToken).toBeGreaterThan(truth.prefillMs / 3)
    })

    it('says nothing where prompts begin alike and nobody knows how far', () => {
      const book = createBook()
      teach(book, truth)
      const before = book.pair('a', 'm:latest').prefillMsPerToken
      for (let tail = 0; tail < 50; tail += 1) {
        const sample = sampleOf(truth, { conversation: 19, tokens: 500, cached: 400, answer: 100 })
        const prompt = { tokens: 500, blocks: () => [1_900_000, 1_900_001, tail * 7 + 5] }
        book.observe({ ...sample, prompt })
      }
      expect(book.pair('a', 'm:latest').prefillMsPerToken).toBeCloseTo(before, 5)
    })
  })

  describe('pairs of which nothing was seen', () => {
    it('are like the other models of the upstream, by size', () => {
      const book = createBook()
      teach(book, { ...truth, decodeMs: 10 })
      expect(book.pair('a', 'big:latest').decodeMsPerToken / 80).toBeCloseTo(1, 1)
      expect(book.pair('a', 'small:latest').decodeMsPerToken / 5).toBeCloseTo(1, 1)
    })

    it('are like the same model elsewhere', () => {
      const book = createBook()
      teach(book, { ...truth, decodeMs: 100 })
      expect(book.pair('b', 'm:latest').decodeMsPerToken / 100).toBeCloseTo(1, 1)
    })

    it('are what their size lets assume', () => {
      const book = createBook()
      const [small, big] = [book.pair('a', 'small:latest'), book.pair('a', 'big:latest')]
      expect(big.decodeMsPerToken / small.decodeMsPerToken).toBeCloseTo(16, 5)
      expect(1000 / book.pair('a', 'm:latest').decodeMsPerToken).toBeCloseTo(60, 0)
      expect(1000 / book.pair('a', 'm:latest').prefillMsPerToken).toBeCloseTo(1800, -1)
      expect(book.learnt('a', 'm:latest')).toEqual({ prefillTokensPerSecond: null, decodeTokensPerSecond: null })
    })
  })

  it('says what it has learnt', () => {
    const book = createBook()
    teach(book, truth)
    expect(book.learnt('a', 'm:latest').decodeTokensPerSecond).toBeCloseTo(1000 / 12, 0)
    expect(book.learnt('b', 'm:latest').decodeTokensPerSecond).toBeNull()
  })

  it('learns no speed from an embedding, which tells no times but the whole', () => {
    const book = createBook()
    const sample = sampleOf(truth, { conversation: 1, tokens: 500, answer: 0 }, 'wholes')
    const timings = { loadMs: 1, promptMs: 0, evalMs: 0, totalMs: 30 }
    book.observe({ ...sample, timings, usage: { promptTokens: 500, completionTokens: null, cachedTokens: null } })
    expect(book.learnt('a', 'm:latest')).toEqual({ prefillTokensPerSecond: null, decodeTokensPerSecond: null })
  })

  describe('lengths of answers', () => {
    it('are near the mean of a model, rather above than below', () => {
      const random = seededRandom(3)
      const book = createBook()
      for (let index = 0; index < 500; index += 1) {
        book.observe(sampleOf(truth, { conversation: index, tokens: 100, answer: 1 + Math.floor(random() * 800) }))
      }
      expect(book.pair('b', 'm:latest').outputTokens).toBeGreaterThan(400)
      expect(book.pair('b', 'm:latest').outputTokens).toBeLessThan(560)
      expect(book.pair('a', 'big:latest').outputTokens).toBe(250)
    })
  })

  describe('loads', () => {
    it.each<Telling>(['counters', 'streams'])('are learnt per upstream from %s', (telling) => {
      const book = createBook()
      for (let index = 0; index < 5; index += 1) {
        book.observe(sampleOf(truth, { conversation: index, tokens: 50, answer: 50, loadMs: 26_000 }, telling))
      }
      expect(book.loadMs('a', 5 * GB)).toBeGreaterThan(25_000)
      expect(book.loadMs('a', 5 * GB)).toBeLessThan(27_500)
      expect(book.loadMs('a', 40 * GB)).toBeGreaterThan(150_000)
      expect(book.loadMs('b', 5 * GB)).toBeLessThan(5000)
      expect(book.learntServer('a').loadBytesPerSecond).toBeGreaterThan(0.1 * GB)
      expect(book.learntServer('a').loadBytesPerSecond).toBeLessThan(0.3 * GB)
      expect(book.learntServer('b').loadBytesPerSecond).toBeNull()
    })

    it('are learnt from the gateway itself, and not from a model that was there', () => {
      const book = createBook()
      const before = book.loadMs('a', 5 * GB)
      book.loaded('a', 5 * GB, 3)
      book.observe({ ...sampleOf(truth, { conversation: 1, tokens: 50, answer: 50 }), cold: false })
      expect(book.loadMs('a', 5 * GB)).toBe(before)
      book.loaded('a', 5 * GB, 50_000)
      expect(book.loadMs('a', 5 * GB)).toBeCloseTo(50_000, -1)
    })
  })

  it('believes quick probes sooner than slow ones', () => {
    const book = createBook()
    expect(book.networkMs('a')).toBeGreaterThan(0)
    book.probed('a', 40)
    expect(book.networkMs('a')).toBe(40)
    expect([book.learntServer('a').roundTripMs, book.learntServer('b').roundTripMs]).toEqual([40, null])
    book.probed('a', 10)
    expect(book.networkMs('a')).toBe(25)
    book.probed('a', 525)
    expect(book.networkMs('a')).toBe(75)
  })

  it('bears with every number an upstream may say', () => {
    const number = fc.oneof(
      fc.constantFrom(0, 1, 1e-9, 1e12, Number.MAX_SAFE_INTEGER),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
    )
    const count = fc.option(fc.nat({ max: 2 ** 31 - 1 }))
    const sample = fc.record({
      server: fc.constantFrom('a', 'b'),
      model: fc.constantFrom('m:latest', 'big:latest'),
      prompt: fc.nat({ max: 1e6 }).map((tokens) => ({ tokens, blocks: () => [] })),
      cold: fc.boolean(),
      streamed: fc.boolean(),
      usage: fc.option(fc.record({ promptTokens: count, completionTokens: count, cachedTokens: count })),
      timings: fc.option(fc.record({ loadMs: number, promptMs: number, evalMs: number, totalMs: number })),
      grantedAt: fc.constantFrom(0, 1000),
      beganAt: number,
      endedAt: number,
    })
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 30 }), (samples) => {
        const book = createBook()
        for (const each of samples) book.observe(each)
        for (const server of ['a', 'b', 'c']) {
          expect(book.loadMs(server, GB)).toSatisfy(isPositive)
          for (const model of ['m:latest', 'big:latest', 'small:latest']) {
            const pair = book.pair(server, model)
            expect([pair.prefillMsPerToken, pair.decodeMsPerToken, pair.outputTokens]).toSatisfy((all: number[]) =>
              all.every(isPositive),
            )
          }
        }
      }),
    )
  })

  it('remembers no more than it needs', () => {
    const book = createBook()
    const first = book.pair('a', 'first:latest')
    for (let index = 0; index < 3000; index += 1) book.pair('a', `m${index}:latest`)
    expect(book.pair('a', 'first:latest')).not.toBe(first)
    for (let index = 0; index < 200; index += 1) teach(book, { ...truth, server: `agent ${index}` }, 1)
    book.keep(new Set(['agent 0']))
    const known = [0, 1, 99, 199].map(
      (index) => book.learnt(`agent ${index}`, 'm:latest').decodeTokensPerSecond !== null,
    )
    expect(known).toEqual([true, false, false, true])
  })
})

function isPositive(value: number): boolean {
  return Number.isFinite(value) && value > 0
}
