import { describe, expect, it } from 'vitest'
import type { StreamFormat } from '../dialects/stream-format.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { begin, headersOf, LAST, LINE, refused, reset, type Scene, sse } from './__fixtures__/exchange-scene.ts'
import { CHAT } from './__fixtures__/routes.ts'
import type { Reservation } from './limits-port.ts'

interface Held extends Reservation {
  readonly released: number
  readonly asked: number[]
}

/** Room for `answerTokens`, and for `more` at each of so many requests for more. */
function held({ answerTokens = Infinity, more = [] as number[], counts = true } = {}): Held {
  let room = answerTokens
  const state = {
    ...{ kind: 'reserved' as const, headers: ['x-ratelimit-limit-tokens', '9'], counts, answerTokens },
    ...{ released: 0, asked: [] as number[] },
    extend(reached: number) {
      state.asked.push(reached)
      room += more.shift() ?? 0
      return room
    },
    exhausted: () => new GatewayError('budget_exhausted'),
    release: () => void (state.released += 1),
  }
  return state
}

const endings: readonly (readonly [string, (scene: Scene) => void])[] = [
  [
    'complete',
    ({ attempt }) => {
      attempt().head(200)
      attempt().data(LAST)
      attempt().end()
    },
  ],
  ['client-gone', ({ client }) => client.leave()],
  ['refused', ({ fleet, attempt }) => fleet.attempts.forEach(() => attempt().fail(refused))],
  ['key-revoked', ({ exchange }) => exchange.stop('key-revoked', new GatewayError('key_revoked'), 'key-revoked')],
  [
    'upstream-failed',
    ({ attempt }) => {
      attempt().head(200)
      attempt().data(LINE)
      attempt().fail(reset)
    },
  ],
  ['timed-out', ({ exchange }) => [1, 2, 3].forEach((at) => exchange.checkDeadline(performance.now() + at * 10_000))],
]

describe('a reservation', () => {
  it.each(endings)('comes back, once, when its exchange is %s', (_, end) => {
    const reservation = held()
    const scene = begin({ reservation, upstreams: ['one'] })
    expect(reservation.released).toBe(0)
    end(scene)
    expect(scene.records).toHaveLength(1)
    scene.client.leave()
    scene.exchange.stop('shutting-down', new GatewayError('shutting_down'), 'shutting-down')
    expect(reservation.released).toBe(1)
  })

  it('comes back when the client leaves while it waits for a place', () => {
    const reservation = held()
    const { client, records } = begin({ reservation, hold: true })
    client.leave()
    expect(records).toMatchObject([{ ending: 'client-gone', promptTokens: null }])
    expect(reservation.released).toBe(1)
  })

  it('lets pass nothing of an upstream about limits that the gateway tells of itself', () => {
    const { client, attempt } = begin({ reservation: held() })
    attempt().head(200, ['X-RateLimit-Limit-Tokens', '1', 'X-Other', '2'])
    attempt().data(LAST)
    expect(headersOf(client)).toMatchObject({ 'x-other': '2' })
    expect(headersOf(client)).not.toHaveProperty('x-ratelimit-limit-tokens')
  })
})

describe('a budget that runs out in the middle', () => {
  const openai = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
  const anthropic = 'event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n'
  const responses = 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta"}\n\n'
  const formats: readonly (readonly [string, StreamFormat | undefined, string, RegExp])[] = [
    ['ollama', undefined, LINE, /^\{"error":"A budget is used up"\}\n$/],
    [
      'openai',
      sse('openai'),
      openai,
      /^data: \{"error":\{"message":"A budget is used up".*"code":"budget_exhausted"\}\}\n\n$/,
    ],
    [
      'anthropic',
      sse('anthropic'),
      anthropic,
      /^event: error\ndata: \{"type":"error","error":\{.*A budget is used up"\}\}\n\n$/,
    ],
    ['responses', sse('responses'), responses, /^event: response.failed\ndata: .*"code":"budget_exhausted"\}\}\n\n$/],
  ]

  it.each(formats)('ends the stream in the words of %s, and the work behind it', (_, format, line, words) => {
    const reservation = held({ answerTokens: 2, more: [1] })
    const { client, attempt, records } = begin({ reservation, ...(format === undefined ? {} : { format }) })
    attempt().head(200)
    for (let tokens = 0; tokens < 4; tokens++) attempt().data(line)
    expect(client.chunks.slice(0, 4)).toEqual([line, line, line, line])
    expect(client.chunks[4]).toMatch(words)
    expect(client.events.at(-1)).toBe('end')
    expect(attempt().aborts).toEqual(['refused-answer'])
    expect(reservation.asked).toEqual([3, 4])
    expect(records).toMatchObject([
      { ending: 'budget-exhausted', error: 'budget_exhausted', status: 200, promptTokens: 0, completionTokens: 4 },
    ])
    expect(reservation.released).toBe(1)
  })

  it('leaves an answer alone whose last word has passed', () => {
    const reservation = held({ answerTokens: 1 })
    const { client, attempt, records } = begin({ reservation })
    attempt().head(200)
    attempt().data(LINE)
    attempt().data(LAST)
    attempt().end()
    expect(client.chunks).toEqual([LINE, LAST])
    expect(records).toMatchObject([{ ending: 'complete', promptTokens: 7, completionTokens: 3 }])
  })

  it('counts lines, not chunks', () => {
    const { client, attempt, records } = begin({ reservation: held({ answerTokens: 3 }) })
    attempt().head(200)
    attempt().data(LINE + LINE + LINE)
    attempt().data(LINE.slice(0, 10))
    expect(records).toEqual([])
    attempt().data(LINE.slice(10))
    expect(records).toMatchObject([{ ending: 'budget-exhausted', completionTokens: 4 }])
    expect(client.events.at(-1)).toBe('end')
  })
})

describe('what nobody has told', () => {
  it('is counted where a budget depends on it: who leaves early has used what has passed', () => {
    for (const [counts, completionTokens] of [
      [true, 2],
      [false, null],
    ] as const) {
      const { client, attempt, records } = begin({ reservation: held({ counts }) })
      attempt().head(200)
      attempt().data(LINE)
      attempt().data(LINE)
      client.leave()
      expect(records).toMatchObject([{ ending: 'client-gone', completionTokens }])
    }
  })

  it('is not the count that a stream begins with', () => {
    const route = { ...CHAT, dialect: 'anthropic' as const }
    const { client, attempt, records } = begin({ reservation: held(), format: sse('anthropic'), route })
    attempt().head(200)
    attempt().data('event: message_start\ndata: {"message":{"usage":{"input_tokens":4,"output_tokens":1}}}\n\n')
    attempt().data('event: content_block_delta\ndata: {}\n\n'.repeat(5))
    client.leave()
    expect(records).toMatchObject([{ promptTokens: 4, completionTokens: 6 }])
  })

  it('is nothing where the answer was an error', () => {
    const { attempt, records } = begin({ reservation: held(), upstreams: ['one'] })
    attempt().head(400)
    attempt().data('{"error":"no"}')
    attempt().end()
    expect(records).toMatchObject([{ status: 400, promptTokens: null, completionTokens: null }])
  })
})
