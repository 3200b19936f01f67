import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { V1 } from '../proxy/__fixtures__/routes.ts'
import type { RouteRequest } from '../proxy/router.ts'
import { ann, asking } from './__fixtures__/cache-scene.ts'
import { cacheKey, type CacheTerms } from './cache-key.ts'

const ALL: CacheTerms = { mode: 'all', share: 'user' }
const keyOf = (body: unknown, more: Partial<RouteRequest> = {}, terms = ALL): string | undefined =>
  cacheKey(asking(body, more), 'd1', terms)

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** JSON in which everything is written in a way of its own: order of names, white space, escapes, numbers. */
function written(value: Json, random: () => number, path: readonly string[] = []): string {
  const space = (): string => [' ', '\n', '\t', '', '', ''][Math.floor(random() * 6)] ?? ''
  const around = (text: string): string => space() + text + space()
  if (Array.isArray(value)) return around(`[${value.map((each) => written(each, random, [...path, '*'])).join(',')}]`)
  if (typeof value === 'object' && value !== null) {
    const names = isUnordered(path) ? shuffled(Object.keys(value), random) : Object.keys(value)
    const fields = names.map((name) => {
      const spelled = isMessage(path) && random() < 0.5 ? inOtherCase(name, random) : name
      return `${around(writtenText(spelled, random))}:${written(value[name] ?? null, random, [...path, name])}`
    })
    return around(`{${fields.join(',')}}`)
  }
  if (typeof value === 'string') return around(writtenText(value, random))
  if (typeof value === 'number' && isByValue(path)) return around(writtenNumber(value, random))
  return around(JSON.stringify(value))
}

const isMessage = (path: readonly string[]): boolean => path.join('.') === 'messages.*'
const isUnordered = (path: readonly string[]): boolean =>
  path.length === 0 || isMessage(path) || path.join('.') === 'options' || path.join('.') === 'messages.*.content.*'
const isByValue = (path: readonly string[]): boolean => path.length === 1 || path[0] === 'options'

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

function inOtherCase(name: string, random: () => number): string {
  return [...name].map((letter) => (random() < 0.5 ? letter : otherLetter(letter))).join('')
}

/** To Go the Kelvin sign is a k, and the long s an s. */
function otherLetter(letter: string): string {
  const others: Readonly<Record<string, string>> = { k: '\u212a', s: '\u017f' }
  return others[letter] ?? letter.toUpperCase()
}

function writtenText(text: string, random: () => number): string {
  const escaped = Array.from({ length: text.length }, (_, i) => {
    if (random() < 0.7) return JSON.stringify(text[i]).slice(1, -1)
    const code = text.charCodeAt(i).toString(16).padStart(4, '0')
    return `\\u${random() < 0.5 ? code : code.toUpperCase()}`
  })
  return `"${escaped.join('')}"`
}

function writtenNumber(value: number, random: () => number): string {
  const plain = String(value)
  if (!Number.isInteger(value) || plain.includes('e')) return plain
  return [plain, `${plain}.0`, `${plain}e0`, `${plain}00e-2`, `${plain}E+0`][Math.floor(random() * 5)] ?? plain
}

/** Without halves of pairs: JavaScript and Go disagree on them. */
const text = fc.string({ unit: 'grapheme', maxLength: 8 })
const name = fc.string({ unit: fc.constantFrom(...'abcdefgh_'), minLength: 1, maxLength: 6 })
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    text,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value

const message = fc.record(
  {
    role: fc.constantFrom('user', 'assistant', 'system'),
    content: fc.oneof(text, fc.array(fc.record({ type: fc.constant('text'), text }), { minLength: 1, maxLength: 2 })),
    images: fc.array(text, { maxLength: 2 }),
    thinking: text,
  },
  { requiredKeys: ['role', 'content'], noNullPrototype: true },
)
const body = fc.record(
  {
    model: fc.constant('tiny'),
    messages: fc.array(message, { minLength: 1, maxLength: 3 }),
    options: fc.record(
      {
        seed: fc.nat(),
        temperature: fc.double({ min: 0, max: 2, noNaN: true }),
        num_predict: fc.integer(),
        stop: fc.array(text),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    format: json,
    tools: fc.array(fc.record({ type: fc.constant('function'), function: json }, { noNullPrototype: true }), {
      maxLength: 2,
    }),
    think: fc.oneof(fc.boolean(), fc.constantFrom('low', 'high')),
    something: json,
  },
  { requiredKeys: ['model', 'messages'], noNullPrototype: true },
) as fc.Arbitrary<{ [name: string]: Json }>

/** The body with all that means nothing in one order. */
function meaning(value: Json, path: readonly string[] = []): Json {
  if (Array.isArray(value)) return value.map((each) => meaning(each, [...path, '*']))
  if (typeof value !== 'object' || value === null) return value
  const names = isUnordered(path) ? Object.keys(value).toSorted() : Object.keys(value)
  return Object.fromEntries(names.map((each) => [each, meaning(value[each] ?? null, [...path, each])]))
}

const isSame = (one: Json, other: Json): boolean => JSON.stringify(meaning(one)) === JSON.stringify(meaning(other))

/** The value with another in the place of each of its parts, with each part taken away, and with one more. */
function changes(value: Json, part: Json): Json[] {
  if (typeof value !== 'object' || value === null) return [part]
  if (Array.isArray(value)) {
    const changed = value.flatMap((each, at) => changes(each, part).map((next) => value.with(at, next)))
    return [...changed, ...value.map((_, at) => value.toSpliced(at, 1)), [...value, part]]
  }
  const names = Object.keys(value)
  const changed = names.flatMap((each) =>
    changes(value[each] ?? null, part).map((next) => ({ ...value, [each]: next })),
  )
  const without = names.map((each) => Object.fromEntries(Object.entries(value).filter(([other]) => other !== each)))
  return [...changed, ...without, { ...value, one_more: part }]
}

describe('cacheKey', () => {
  it('is one for all ways to write the same body', () => {
    fc.assert(
      fc.property(body, fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (value, stream) => {
        const [plain, other] = [keyOf(value), keyOf(written(value, () => stream.next().value))]
        expect(plain).toBeDefined()
        expect(other).toBe(plain)
      }),
      { numRuns: 300 },
    )
  })

  it('is another one for another body', () => {
    fc.assert(
      fc.property(body, body, (one, other) => {
        expect(keyOf(one) === keyOf(other)).toBe(isSame(one, other))
      }),
      { numRuns: 300 },
    )
  })

  it('is another one where any part of a body is changed, taken away or added', () => {
    fc.assert(
      fc.property(body, json, (value, part) => {
        const known = keyOf(value)
        for (const changed of changes(value, part)) {
          const key = keyOf(changed)
          if (key !== undefined && !isSame(changed, value)) expect(key).not.toBe(known)
        }
      }),
      { numRuns: 100 },
    )
  })

  const apart: Readonly<Record<string, readonly [unknown, unknown]>> = {
    'the order of what a grammar is made from': [{ format: { a: 1, b: 2 } }, { format: { b: 2, a: 1 } }],
    'a number in it': [{ format: { const: 1 } }, '{"format":{"const":1.0},"prompt":"x"}'],
    'the order of tools': [{ tools: [{ a: 1 }, { b: 2 }] }, { tools: [{ b: 2 }, { a: 1 }] }],
    'seeds that a float holds as one': [
      '{"prompt":"x","seed":9007199254740993}',
      '{"prompt":"x","seed":9007199254740992}',
    ],
    'a word and a number': [{ options: { seed: 1 } }, { options: { seed: '1' } }],
    'a null and nothing': [{ options: { seed: null } }, { options: {} }],
    'names of options in another case': [{ options: { seed: 1 } }, { options: { Seed: 1 } }],
    'the spelling of a model': [{ model: 'tiny' }, { model: 'tiny:latest' }],
    'streams and wholes': [{ stream: 'yes' }, { stream: 'no' }],
  }
  it.each(Object.entries(apart))('tells apart %s', (_name, pair) => {
    const [one, other] = pair.map((each) =>
      keyOf(typeof each === 'string' ? each : { prompt: 'x', ...(each as object) }),
    )
    expect(one).toBeDefined()
    expect(other).toBeDefined()
    expect(one).not.toBe(other)
  })

  it('leaves out what does not change an answer, where Ollama passes over it', () => {
    const prompt = { prompt: 'x' }
    expect(keyOf({ ...prompt, keep_alive: '5m', stream: true })).toBe(keyOf(prompt))
    expect(keyOf({ ...prompt, user: 'u' })).not.toBe(keyOf(prompt))
    const v1 = { route: V1 }
    expect(keyOf({ ...prompt, user: 'u' }, v1)).toBe(keyOf(prompt, v1))
    expect(keyOf({ ...prompt, keep_alive: '5m' }, v1)).not.toBe(keyOf(prompt, v1))
    const anthropic = { route: { ...V1, dialect: 'anthropic' } } as const
    expect(keyOf({ ...prompt, metadata: { user_id: 'u' } }, anthropic)).toBe(keyOf(prompt, anthropic))
  })

  const around: Readonly<Record<string, Partial<RouteRequest>>> = {
    'the path and query': { asking: { ...askingOf(), target: '/api/chat?a=1' } },
    'the dialect': { route: V1 },
    'whether it streams': { format: null },
    'the user': { principal: { ...ann, user: 'bob' } },
    'the user of the same name': { principal: { ...ann, userId: 'another' } },
    'the upstreams of a key': { principal: { ...ann, upstreams: ['one'] } },
    'the upstreams that are named': { named: ['one'] },
  }
  it.each(Object.entries(around))('is another one for another: %s', (_name, more) => {
    expect(keyOf({ prompt: 'x' }, more)).toBeDefined()
    expect(keyOf({ prompt: 'x' }, more)).not.toBe(keyOf({ prompt: 'x' }))
  })

  it('is another one for another model, and for other versions of the Messages API', () => {
    expect(cacheKey(asking({ prompt: 'x' }), 'd2', ALL)).not.toBe(keyOf({ prompt: 'x' }))
    const versioned = (...headers: string[]): string | undefined =>
      keyOf({ prompt: 'x' }, { route: { ...V1, dialect: 'anthropic' }, asking: { ...askingOf(), headers } })
    expect(versioned('anthropic-beta', 'a')).not.toBe(versioned('anthropic-beta', 'b'))
    expect(versioned('accept', 'a')).toBe(versioned('accept', 'b'))
  })

  it('is shared as far as the config says', () => {
    const others = { another: { ...ann, keyId: 'k2' }, stranger: { ...ann, keyId: 'k3', user: 'bob' } }
    const shares = (principal: typeof ann, share: CacheTerms['share']): boolean =>
      keyOf({ prompt: 'x' }, { principal }, { mode: 'all', share }) ===
      keyOf({ prompt: 'x' }, {}, { mode: 'all', share })
    expect(
      (['key', 'user', 'all'] as const).map((share) => [shares(others.another, share), shares(others.stranger, share)]),
    ).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ])
  })

  const unread: Readonly<Record<string, string>> = {
    'no JSON': '{"prompt":"x"',
    'no object': '["x"]',
    'something behind its end': '{"prompt":"x"}{}',
    'a name twice': '{"prompt":"x","options":{"seed":1,"seed":2}}',
    'a name twice, deep down': '{"prompt":"x","format":{"a":[{"b":1,"b":2}]}}',
    'two names that are one to Go': '{"messages":[{"role":"user","content":"a","Content":"b"}]}',
    'two names of a setting that are one to Go':
      '{"prompt":"x","stream_options":{"include_usage":true,"Include_usage":false}}',
    'a control character': '{"prompt":"a\nb"}',
    'a byte order mark': '\ufeff{"prompt":"x"}',
    'too many levels': `{"prompt":"x","format":${'['.repeat(100)}${']'.repeat(100)}}`,
    'too many bytes': JSON.stringify({ prompt: 'x'.repeat(2 ** 20) }),
    'nothing to read': '{"model":"tiny","messages":[]}',
    'a stay of zero': '{"prompt":"x","keep_alive":"0s"}',
    'the web': '{"prompt":"x","tools":[{"type":"web_search_20250305","name":"web_search"}]}',
  }
  it.each(Object.entries(unread))('is none for a body with %s', (_name, text) => {
    expect(keyOf(text)).toBeUndefined()
  })

  it('is none for bytes that are no UTF-8, a form, and what comes as a stream', () => {
    const bytes = (chunk: Uint8Array): Partial<RouteRequest> => ({ asking: { ...askingOf(), body: [chunk] } })
    expect(keyOf('', bytes(new TextEncoder().encode('{"prompt":"x"}')))).toBeDefined()
    expect(
      keyOf('', bytes(Uint8Array.from([...new TextEncoder().encode('{"prompt":"'), 0xff, 0x22, 0x7d]))),
    ).toBeUndefined()
    expect(keyOf({ prompt: 'x' }, { route: { ...V1, body: 'multipart' } })).toBeUndefined()
    expect(keyOf('', { asking: { ...askingOf(), body: null } })).toBeUndefined()
  })
})

function askingOf(): NonNullable<RouteRequest['asking']> {
  const { asking: asked } = asking({ prompt: 'x' })
  if (asked === undefined) throw new Error('nothing is asked')
  return asked
}

describe('in mode deterministic there is a key for', () => {
  const ollama = {}
  const embed = { route: { ...V1, scope: 'embed' } } as const
  const responses = { route: { ...V1, dialect: 'responses' } } as const
  const cases: readonly (readonly [object, Partial<RouteRequest>, boolean])[] = [
    [{}, ollama, false],
    [{ options: { seed: 7 } }, ollama, true],
    [{ options: { seed: 0 } }, ollama, true],
    [{ options: { seed: -1 } }, ollama, false],
    [{ options: { seed: null } }, ollama, false],
    [{ options: { seed: '7' } }, ollama, false],
    [{ options: { temperature: 0 } }, ollama, true],
    [{ options: { temperature: 0.1 } }, ollama, false],
    [{ seed: 7, temperature: 0 }, ollama, false],
    [{ seed: 7 }, { route: V1 }, true],
    [{ temperature: 0 }, { route: V1 }, true],
    [{ options: { seed: 7 } }, { route: V1 }, false],
    [{ seed: 7 }, responses, false],
    [{ temperature: 0 }, responses, true],
    [{}, embed, true],
  ]
  it.each(cases)('%j: %#', (fields, more, isKept) => {
    const key = keyOf({ prompt: 'x', ...fields }, more, { mode: 'deterministic', share: 'all' })
    expect(key !== undefined).toBe(isKept)
  })
})
