import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { peekSmallBody } from './body-facts.ts'
import type { Prompt } from './prompt.ts'
import { promptOf } from './prompt-view.ts'

const promptOfText = (text: string): Prompt => promptOf(peekSmallBody(Buffer.from(text), { readTools: false }))
const promptOfBody = (body: object, indent?: number): Prompt => promptOfText(JSON.stringify(body, undefined, indent))

/** How many blocks two prompts have in common from the beginning. */
function shared(a: Prompt, b: Prompt): number {
  const [one, other] = [a.blocks(), b.blocks()]
  const different = one.findIndex((block, i) => block !== other[i])
  return different < 0 ? Math.min(one.length, other.length) : different
}

const base64 = (bytes: number, seed = 1): string => {
  const random = Buffer.alloc(bytes)
  for (let i = 0, x = seed; i < bytes; i++) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0
    random[i] = x >>> 16
  }
  return random.toString('base64')
}

const message = fc.record({
  role: fc.constantFrom('user', 'assistant', 'system'),
  content: fc.oneof(fc.string({ maxLength: 3000, unit: 'grapheme' }), fc.string({ maxLength: 6000 })),
})

describe('promptOf', () => {
  it('counts four bytes of what a model reads for a token, and nothing else of the body', () => {
    expect(promptOfBody({ model: 'm', prompt: 'x'.repeat(400) }).tokens).toBe(100)
    expect(promptOfBody({ model: 'm', input: ['x'.repeat(200), 'y'.repeat(197)] }).tokens).toBe(101)
    expect(promptOfBody({ model: 'm', stop: ['x'.repeat(4000)] })).toMatchObject({ tokens: 0 })
    const parts = { system: 'a'.repeat(100), tools: [{ t: 'b'.repeat(92) }], messages: [{ c: 'd'.repeat(92) }] }
    expect(promptOfBody(parts).tokens).toBe(75)
  })

  it('has nothing of a body that is no JSON, or that says nothing', () => {
    for (const text of [
      '',
      'no json',
      '{"messages":[',
      '{}',
      '{"messages":null,"prompt":5}',
      '{"messages":[],"prompt":""}',
    ]) {
      expect([text, promptOfText(text).tokens, promptOfText(text).blocks()]).toEqual([text, 0, []])
    }
  })

  it('takes an image for what a vision model makes of it, wherever it stands and whatever its size', () => {
    const image = base64(300_000)
    const text = 'What is in the picture? '.repeat(10)
    const bodies = [
      { messages: [{ role: 'user', content: text, images: [image] }] },
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
              { type: 'text', text },
            ],
          },
        ],
      },
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image', source: { type: 'base64', data: image } },
              { type: 'text', text },
            ],
          },
        ],
      },
      { prompt: text, images: [image] },
    ]
    for (const body of bodies) {
      const { tokens } = promptOfBody(body)
      expect(tokens).toBeGreaterThan(750)
      expect(tokens).toBeLessThan(950)
    }
    const two = promptOfBody({ prompt: text, images: [image, base64(20_000)] })
    expect(two.tokens).toBeGreaterThan(1500)
    expect(two.tokens).toBeLessThan(1800)
    const escaped = JSON.stringify({ prompt: text, images: [image] }).replaceAll('/', String.raw`\/`)
    expect(promptOfText(escaped).tokens).toBeLessThan(950)
  })

  it('takes text for text: without spaces, in capitals, in hexadecimal, in other scripts', () => {
    for (const text of ['x', 'ABC', '0123456789abcdef', 'const a=b(c);', 'Füße ', '漢字', '\\"quoted\\" ']) {
      const long = text.repeat(40_000 / text.length)
      const { tokens } = promptOfBody({ prompt: long })
      expect(tokens).toBe(Math.ceil((Buffer.byteLength(JSON.stringify(long)) - 2) / 4))
    }
  })
})

describe('the blocks of a prompt', () => {
  it('are one for each 128 tokens that are whole, and at most 256', () => {
    expect(promptOfBody({ prompt: 'x'.repeat(511) }).blocks()).toHaveLength(0)
    expect(promptOfBody({ prompt: 'x'.repeat(512) }).blocks()).toHaveLength(1)
    expect(promptOfBody({ prompt: 'x'.repeat(1_000_000) }).blocks()).toHaveLength(256)
    for (const block of promptOfBody({ prompt: 'ab'.repeat(5000) }).blocks()) {
      expect(Number.isInteger(block) && block >= 0 && block < 2 ** 32).toBe(true)
    }
  })

  it('are made once', () => {
    const prompt = promptOfBody({ prompt: 'x'.repeat(5000) })
    expect(prompt.blocks()).toBe(prompt.blocks())
  })

  it.each([undefined, 2])('begin alike where a conversation goes on (indent %s)', (indent) => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 6 }),
        fc.array(message, { maxLength: 4 }),
        (before, more) => {
          const first = promptOfBody({ model: 'm', messages: before, stream: true }, indent)
          const next = promptOfBody({ stream: false, messages: [...before, ...more], model: 'm' }, indent)
          return shared(first, next) === first.blocks().length
        },
      ),
      { numRuns: 200 },
    )
  })

  it('begin alike where a plain prompt goes on, at every length', () => {
    const text = 'It was a dark and stormy night; the rain fell in torrents. '.repeat(40)
    for (let length = 500; length < 1100; length++) {
      const first = promptOfBody({ prompt: text.slice(0, length) })
      expect(shared(first, promptOfBody({ prompt: text }))).toBe(Math.floor(length / 512))
    }
  })

  it('do not depend on where the fields stand in the body', () => {
    const parts = {
      system: 's'.repeat(700),
      tools: [{ name: 't'.repeat(700) }],
      messages: [{ content: 'm'.repeat(700) }],
    }
    const turned = Object.fromEntries(Object.entries(parts).toReversed())
    expect(promptOfBody(turned).blocks()).toEqual(promptOfBody(parts).blocks())
    expect(promptOfBody(parts).blocks()).toHaveLength(4)
  })

  it('differ from the block on in which a byte differs, and never before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 1, max: 25 }), (at, by) => {
        const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(400).slice(0, 10_000)
        const letter = String.fromCharCode(97 + ((text.charCodeAt(at) - 97 + by) % 26))
        const changed = promptOfBody({ prompt: text.slice(0, at) + letter + text.slice(at + 1) })
        return shared(promptOfBody({ prompt: text }), changed) === Math.min(Math.floor(at / 512), 19)
      }),
      { numRuns: 300 },
    )
  })

  it('tell images apart, and do not count their bytes', () => {
    const body = (seed: number, more: object[] = []): object => ({
      messages: [
        { role: 'user', content: 'x'.repeat(600), images: [base64(100_000, seed)] },
        { content: 'y'.repeat(1200) },
        ...more,
      ],
    })
    const first = promptOfBody(body(1))
    expect(first.blocks().length).toBeLessThan(6)
    expect(shared(first, promptOfBody(body(1, [{ content: 'z'.repeat(900) }])))).toBe(first.blocks().length)
    expect(shared(first, promptOfBody(body(2)))).toBe(1)
  })

  it('hardly ever collide', () => {
    const seen = new Set<number>()
    for (let i = 0; i < 20_000; i++)
      for (const block of promptOfBody({ prompt: `${i} `.padEnd(512, 'q') }).blocks()) seen.add(block)
    expect(seen.size).toBeGreaterThanOrEqual(19_998)
  })
})
