import type { FaultRule } from '../../fakes/fake-ollama/faults.ts'
import type { Departure, Leaving } from './leaving-client.ts'

export const MODELS = ['alpha', 'beta', 'gamma', 'delta'] as const

const SHAPES = ['chat', 'generate', 'openai', 'embed', 'upload', 'show'] as const
export type Shape = (typeof SHAPES)[number]

/** One exchange before it happens: what is asked, how its client leaves, what goes wrong meanwhile at some upstream. */
export interface ExchangePlan {
  readonly shape: Shape
  readonly model: string
  readonly streams: boolean
  readonly promptTokens: number
  readonly answerTokens: number
  /** Numbers in [0, 1) that choose a key and a place among those there are then. */
  readonly key: number
  readonly place: number
  readonly fault: FaultRule | undefined
  readonly departure: Departure
}

type Random = () => number

/** Mostly nothing, or three failures in a row would soon keep all upstreams out. */
const FAULTY_SHARE = 0.12
const LEAVING_SHARE = 0.35

export function planExchange(random: Random): ExchangePlan {
  return {
    shape: oneOf(random, ['chat', 'chat', 'generate', 'generate', 'openai', 'openai', 'embed', 'upload', 'show']),
    // The first ones far more often, so that the others are evicted again and again.
    model: MODELS[Math.floor(random() ** 2 * MODELS.length)] ?? MODELS[0],
    streams: random() < 0.7,
    promptTokens: 1 + Math.floor(random() ** 3 * 400),
    answerTokens: 1 + Math.floor(random() * 12),
    key: random(),
    place: random(),
    fault: random() < FAULTY_SHARE ? planFault(random) : undefined,
    departure: {
      leaving: random() < LEAVING_SHARE ? planLeaving(random) : { when: 'never' },
      how: random() < 0.5 ? 'close' : 'reset',
    },
  }
}

function planLeaving(random: Random): Leaving {
  switch (oneOf(random, ['waiting', 'waiting', 'first-byte', 'mid-answer', 'mid-body'])) {
    case 'waiting':
      return { when: 'waiting', afterMs: Math.floor(random() ** 2 * 120) }
    case 'first-byte':
      return { when: 'first-byte' }
    case 'mid-answer':
      return { when: 'mid-answer', bytes: 300 + Math.floor(random() * 1500) }
    case 'mid-body':
      return { when: 'mid-body', share: random() }
  }
}

function planFault(random: Random): FaultRule {
  const rule = { times: 1, afterChunks: Math.floor(random() * 4) }
  const ending = oneOf(random, ['rst', 'fin', 'clean'])
  const forMs = Math.floor(random() * 200)
  switch (oneOf(random, FAULTS)) {
    case 'busy':
      return { ...rule, kind: 'busy-503' }
    case 'failed-load':
      return { ...rule, kind: 'error-line', afterChunks: 0 }
    case 'runner-died':
      return { ...rule, kind: 'error-line', afterChunks: 1 + rule.afterChunks }
    case 'reset-before-headers':
      return { ...rule, kind: 'reset-before-headers', readBody: random() < 0.5 }
    case 'reset-after-headers':
      return { ...rule, kind: 'reset-after-headers', ending }
    case 'reset-mid-line':
      return { ...rule, kind: 'reset-mid-line', ending }
    case 'clean-end':
      return { ...rule, kind: 'clean-end' }
    case 'page':
      return { ...rule, kind: 'html-200' }
    case 'length':
      return { ...rule, kind: random() < 0.5 ? 'content-length-too-long' : 'content-length-too-short' }
    case 'stale-connection':
      return { ...rule, kind: 'close-after-reuse' }
    case 'stall':
      return { ...rule, kind: random() < 0.5 ? 'stall-before-first-byte' : 'stall-mid-stream', forMs }
    case 'stall-upload':
      return { ...rule, kind: 'stall-upload', forMs }
    case 'silence': {
      // Each takes a slot until the gateway loses patience.
      const kind = random() < 0.5 ? 'stall-before-first-byte' : 'stall-mid-stream'
      return random() < 0.5 ? { ...rule, kind } : { ...rule, kind, forMs }
    }
    case 'drip':
      return { ...rule, kind: 'slow-drip', bytes: 40 }
  }
}

const FAULTS = [
  ...['busy', 'failed-load', 'runner-died', 'reset-before-headers', 'reset-after-headers', 'reset-mid-line'],
  ...['clean-end', 'page', 'length', 'stale-connection', 'stall', 'stall', 'stall-upload', 'drip', 'silence'],
] as const

function oneOf<const T>(random: Random, values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)]
  if (value === undefined) throw new Error('nothing to choose from')
  return value
}
