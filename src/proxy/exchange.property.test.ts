import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import { begin, type Scene, sse } from './__fixtures__/exchange-scene.ts'
import { CHAT } from './__fixtures__/routes.ts'
import type { ScriptedAttempt } from './__fixtures__/scripted-fleet.ts'
import type { Asking } from './exchange-request.ts'
import { NO_PROMPT } from './prompt.ts'

const V1 = { ...CHAT, pattern: '/v1/chat/completions', dialect: 'openai', stream: 'sse' } as const
const ANOTHER: Asking = {
  model: 'small:latest',
  upstream: { method: 'POST', target: '/v1/chat/completions', headers: [], body: [] },
  prompt: NO_PROMPT,
  another: () => undefined,
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'grant' } as const) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('head' as const), status: fc.constantFrom(200, 200, 200, 404, 500, 503) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('data' as const),
      text: fc.constantFrom('data: {"a":1}\n\n', 'data: [DONE]\n\n', '{"error":"x"}', 'half', 'x'.repeat(70_000)),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'end' } as const) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      executed: fc.constantFrom('no' as const, 'maybe' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('sweep' as const), seconds: fc.integer({ min: 1, max: 40 }) }),
  },
  fc.constant({ kind: 'refuse' } as const),
  fc.constant({ kind: 'leave' } as const),
  fc.constant({ kind: 'stop' } as const),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Plays steps as far as an upstream and a client may do them. */
function play(scene: Scene, steps: readonly Step[]): void {
  const heads = new Set<ScriptedAttempt>()
  const ended = new Set<ScriptedAttempt>()
  let hasLeft = false
  for (const each of steps) {
    const attempt = scene.fleet.attempts.at(-1)
    const runs = attempt !== undefined && !ended.has(attempt) && attempt.aborts.length === 0
    if (each.kind === 'grant') scene.fleet.grant()
    else if (each.kind === 'refuse') scene.fleet.refuse(new GatewayError('queue_full'))
    else if (each.kind === 'sweep') scene.exchange.checkDeadline(performance.now() + each.seconds * 1000)
    else if (each.kind === 'stop') scene.exchange.stop('key-revoked', new GatewayError('key_revoked'), 'key-revoked')
    else if (each.kind === 'leave') {
      if (!hasLeft) scene.client.leave()
      hasLeft = true
    } else if (runs) drive(attempt, each, { heads, ended })
  }
}

type Driven = Extract<Step, { kind: 'head' | 'data' | 'end' | 'fail' }>

function drive(
  attempt: ScriptedAttempt,
  each: Driven,
  { heads, ended }: { heads: Set<ScriptedAttempt>; ended: Set<ScriptedAttempt> },
): void {
  if (each.kind === 'head') {
    if (!heads.has(attempt)) attempt.head(each.status, ['content-type', 'text/event-stream'])
    heads.add(attempt)
  } else if (each.kind === 'fail') {
    ended.add(attempt)
    attempt.fail({ kind: 'reset', executed: each.executed })
  } else if (!heads.has(attempt)) return
  else if (each.kind === 'data') attempt.data(each.text)
  else {
    ended.add(attempt)
    attempt.end()
  }
}

describe('Exchange, whatever happens to it', () => {
  it('gives back every place once, tells one outcome of each, sends one answer, and leaves one record', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.boolean(), fc.boolean(), (steps, waits, hasAnother) => {
        const scene = begin({
          route: V1,
          format: sse('openai'),
          hold: waits,
          ...(hasAnother ? { another: ANOTHER } : {}),
          firstByteTimeoutMs: 30_000,
          idleTimeoutMs: 20_000,
        })
        scene.fleet.place = { position: 2, waitMs: 5000 }
        play(scene, steps)
        scene.exchange.stop('shutting-down', new GatewayError('shutting_down'), 'shutting-down')
        scene.fleet.grant()
        for (const { told, learnt } of scene.fleet.attempts) {
          expect(told.filter((each) => each === 'released')).toHaveLength(1)
          expect(told.at(-1)).toBe('released')
          expect(told).toHaveLength(2)
          expect(learnt.filter((each) => each === 'began').length).toBeLessThan(2)
        }
        expect(scene.fleet.attempts.length).toBeLessThanOrEqual(3)
        expect(scene.records).toHaveLength(1)
        expect(scene.retries.inFlight).toBe(0)
        const isOver = ['end', 'reset'].includes(scene.client.events.at(-1) ?? '')
        expect(isOver || scene.records[0]?.status === 499).toBe(true)
        // A stream that was cut ends with the event that says so; behind its own end an upstream may say what it likes.
        const text = scene.client.text()
        if (scene.client.events.at(-1) === 'end' && scene.client.status === 200 && !text.includes('[DONE]'))
          expect(text).toMatch(/"error":[^\n]*\n\n$/)
      }),
      { numRuns: 3000 },
    )
  })
})
