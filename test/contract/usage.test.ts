import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dialects } from '../../src/dialects/dialects.ts'
import { GatewayError } from '../../src/errors/gateway-error.ts'
import { routes } from '../../src/http/route-table.ts'
import { streamFormat } from '../../src/proxy/request-plan.ts'
import type { Route } from '../../src/proxy/route.ts'
import { UpstreamAnswer } from '../../src/proxy/upstream-answer.ts'
import { type Fixture, loadFixtures, NO_FIXTURES } from '../fakes/fixtures.ts'
import { asUpstreamSeesIt } from './asked-for-counts.ts'

const fixtures = loadFixtures().filter(
  ({ request, response }) => response.status === 200 && routeOf(request.path) !== undefined,
)

function routeOf(path: string): Route | undefined {
  return routes.find((route) => route.kind === 'generate' && route.pattern === path)
}

/** An answer of these bytes, in pieces of these sizes, in turn. */
function answerOf(
  fixture: Fixture,
  { sizes, hides = false }: { sizes: readonly number[]; hides?: boolean },
): { answer: UpstreamAnswer; passed: string } {
  const route = routeOf(fixture.request.path)
  if (route === undefined) throw new Error(`${fixture.name} runs no model`)
  const { stream } = JSON.parse(fixture.request.body ?? '{}') as { stream?: boolean }
  const format = streamFormat(route, stream)
  const head = { upstream: 'a', model: 'tiny', status: 200, headers: fixture.response.headers.flat() }
  const answer = new UpstreamAnswer(head, { route, format: format && { ...format, hidesUsage: hides }, dialects })
  const bytes = Buffer.from(fixture.response.chunks.join(''))
  const passed: Buffer[] = []
  let turn = 0
  for (let at = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    passed.push(Buffer.from(answer.pass(bytes.subarray(at, at + size))))
    at += size
  }
  passed.push(Buffer.from(answer.rest()))
  return { answer, passed: Buffer.concat(passed).toString() }
}

type Counts = readonly [prompt: number | null, completion: number | null]

/** What a recording says, read as a client would read it: the last of its objects that has counts. */
function toldBy(fixture: Fixture): Counts {
  const objects = fixture.response.chunks
    .join('')
    .split('\n')
    .map((line) => line.replace(/^data: /, ''))
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Answer)
  return objects.map(countsOf).findLast((counts) => counts !== undefined) ?? [null, null]
}

interface Answer {
  readonly prompt_eval_count?: number
  readonly eval_count?: number
  readonly usage?: Readonly<Record<string, number>> | null
  readonly response?: { readonly usage?: Readonly<Record<string, number>> | null } | string
}

function countsOf({ prompt_eval_count: prompt, eval_count: completion, usage, response }: Answer): Counts | undefined {
  if (prompt !== undefined || completion !== undefined) return [prompt ?? null, completion ?? null]
  const told = usage ?? (typeof response === 'object' ? response.usage : undefined)
  if (told === undefined || told === null) return undefined
  return [
    told['prompt_tokens'] ?? told['input_tokens'] ?? null,
    told['completion_tokens'] ?? told['output_tokens'] ?? null,
  ]
}

const hostile = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 5000 })), {
  minLength: 1,
  maxLength: 10,
})

describe('the counts of recorded answers', () => {
  it('has recordings that tell some', ({ skip }) => {
    skip(loadFixtures().length === 0, NO_FIXTURES)
    expect(fixtures.length).toBeGreaterThan(15)
    expect(fixtures.filter((fixture) => toldBy(fixture)[0] !== null).length).toBeGreaterThan(12)
  })

  it.for(fixtures)('are what it says, in any chunking: $name', (fixture) => {
    const [promptTokens, completionTokens] = toldBy(fixture)
    fc.assert(
      fc.property(hostile, (sizes) => {
        expect(answerOf(fixture, { sizes }).answer.facts().usage).toMatchObject({ promptTokens, completionTokens })
      }),
      { numRuns: 30 },
    )
  })

  it.for(fixtures.filter((fixture) => asUpstreamSeesIt(fixture) !== fixture))(
    'are told to the gateway and not to the client: $name',
    (fixture) => {
      const asked = asUpstreamSeesIt(fixture)
      const [promptTokens, completionTokens] = toldBy(asked)
      fc.assert(
        fc.property(hostile, (sizes) => {
          const { answer, passed } = answerOf(asked, { sizes, hides: true })
          expect(passed).toBe(fixture.response.chunks.join(''))
          expect(answer.facts().usage).toMatchObject({ promptTokens, completionTokens })
        }),
        { numRuns: 50 },
      )
    },
  )

  it.for(fixtures.filter((fixture) => asUpstreamSeesIt(fixture) !== fixture))(
    'leave a stream that was cut at its recorded bytes, and at a place where its client hears of it: $name',
    (fixture) => {
      const asked = asUpstreamSeesIt(fixture)
      const recorded = fixture.response.chunks.join('')
      const whole = asked.response.chunks.join('')
      const lastLine = whole.includes('data: [DONE]') ? whole.indexOf('data: [DONE]') : whole.length
      fc.assert(
        fc.property(hostile, fc.integer({ min: 0, max: lastLine }), (sizes, length) => {
          const cut = { ...asked, response: { ...asked.response, chunks: [whole.slice(0, length)] } }
          const { answer, passed } = answerOf(cut, { sizes, hides: true })
          const words = Buffer.from(answer.lastWords(new GatewayError('upstream_truncated')) ?? '').toString()
          expect(recorded.startsWith(passed)).toBe(true)
          expect(answer.meaning()).toBe('more')
          expect(passed + words).toMatch(/^(?:\n|[^]*\n\n)?data: \{"error":[^\n]*\n\n$/)
        }),
        { numRuns: 100 },
      )
    },
  )

  it.for(fixtures.filter(({ request }) => request.path.startsWith('/v1/')))(
    'need nothing taken out where none was put in: $name',
    (fixture) => {
      expect(answerOf(fixture, { sizes: [3], hides: true }).passed).toBe(fixture.response.chunks.join(''))
    },
  )
})

describe('the counts of long answers', () => {
  const told = (pattern: string, text: string, size: number): unknown => {
    const route = routes.find((each) => each.pattern === pattern)
    if (route === undefined) throw new Error(`no route ${pattern}`)
    const answer = new UpstreamAnswer(
      { upstream: 'a', model: 'm', status: 200, headers: [] },
      { route, format: null, dialects },
    )
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += size) answer.pass(bytes.subarray(at, at + size))
    return answer.facts().usage
  }
  const numbers = Array.from({ length: 150_000 }, (_, index) => (index / 7).toFixed(6)).join(',')

  it.each([1460, 65_536, 10_000_000])(
    'stand behind megabytes of embeddings, or before them, in reads of %i bytes',
    (size) => {
      const list = `"data":[{"object":"embedding","embedding":[${numbers}]}]`
      const usage = '"usage":{"prompt_tokens":812,"total_tokens":812}'
      const counted = { promptTokens: 812, completionTokens: null, cachedTokens: null }
      expect(told('/v1/embeddings', `{"object":"list",${list},"model":"m",${usage}}`, size)).toEqual(counted)
      expect(told('/v1/embeddings', `{"model":"m","object":"list",${usage},${list}}`, size)).toEqual(counted)
      const native = `{"model":"m","embeddings":[[${numbers}]],"total_duration":5,"prompt_eval_count":812}`
      expect(told('/api/embed', native, size)).toEqual(counted)
    },
  )

  it('stand before the metadata of a response, which is the client’s', () => {
    const metadata = JSON.stringify(
      Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`output_tokens${i}`, 'x'.repeat(512)])),
    )
    const text = `{"output":"${'y'.repeat(100_000)}","usage":{"input_tokens":3,"output_tokens":4},"metadata":${metadata}}`
    expect(told('/v1/responses', text, 1460)).toEqual({ promptTokens: 3, completionTokens: 4, cachedTokens: null })
  })
})
