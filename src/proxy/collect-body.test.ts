import { describe, expect, it } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import { createBodyBudget } from './body-budget.ts'
import { BodyCollector } from './collect-body.ts'
import type { BodyReceiver, BodyStream } from './upstream.ts'

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(1)

interface Scene {
  readonly collector: BodyCollector
  readonly outcomes: (Uint8Array | GatewayError)[]
  readonly log: string[]
  to(): BodyReceiver
}

function collect(options: {
  length?: number
  maxBytes?: number
  totalBytes?: number
  budget?: ReturnType<typeof createBodyBudget>
}): Scene {
  const outcomes: (Uint8Array | GatewayError)[] = []
  const log: string[] = []
  let receiver: BodyReceiver | undefined
  const body: BodyStream = {
    ...(options.length === undefined ? {} : { length: options.length }),
    start(to) {
      receiver = to
      log.push('start')
      return { resume: () => void log.push('resume'), stop: () => void log.push('stop') }
    },
  }
  const budget = options.budget ?? createBodyBudget(options.totalBytes ?? 1000)
  const collector = new BodyCollector(
    body,
    { maxBytes: options.maxBytes ?? 100, budget },
    {
      collected: (whole) => void outcomes.push(whole),
      refused: (error) => void outcomes.push(error),
    },
  )
  return {
    collector,
    outcomes,
    log,
    to() {
      if (receiver === undefined) throw new Error('the body was not started')
      return receiver
    },
  }
}

const codeOf = (outcome: unknown): unknown => (outcome instanceof GatewayError ? outcome.code : outcome)

describe('BodyCollector', () => {
  it('gives the whole body in one piece, whatever came in', () => {
    for (const length of [undefined, 6]) {
      const { to, outcomes } = collect(length === undefined ? {} : { length })
      to().data(Uint8Array.of(1, 2))
      to().data(Uint8Array.of(3))
      to().data(Uint8Array.of(4, 5, 6))
      to().end()
      expect(outcomes.map((each) => (each instanceof Uint8Array ? [...each] : each))).toEqual([[1, 2, 3, 4, 5, 6]])
    }
  })

  it('gives nothing for an empty body, and the very chunk for a body that came as one', () => {
    const empty = collect({})
    empty.to().end()
    expect(empty.outcomes).toEqual([new Uint8Array(0)])
    const one = collect({ length: 3 })
    const chunk = bytes(3)
    one.to().data(chunk)
    one.to().end()
    expect(one.outcomes[0]).toBe(chunk)
  })

  it('refuses a body by its announced length, before a byte of it is read', () => {
    const { outcomes, log } = collect({ length: 101 })
    expect(outcomes.map(codeOf)).toEqual(['body_too_large'])
    expect(log).toEqual([])
  })

  it('refuses a body that grows too large, stops it, and hears no more of it', () => {
    const { to, outcomes, log } = collect({})
    expect(to().data(bytes(100))).toBe(true)
    to().data(bytes(1))
    to().data(bytes(50))
    to().end()
    to().fail()
    expect(outcomes.map(codeOf)).toEqual(['body_too_large'])
    expect(log).toEqual(['start', 'stop'])
  })

  it('takes exactly the largest body', () => {
    const { to, outcomes } = collect({ length: 100 })
    to().data(bytes(100))
    to().end()
    expect(outcomes).toHaveLength(1)
    expect(outcomes[0]).toHaveLength(100)
  })

  it('shares one budget with all others, and gives its share back once', () => {
    const budget = createBodyBudget(100)
    const first = collect({ budget })
    const second = collect({ budget })
    first.to().data(bytes(60))
    second.to().data(bytes(41))
    expect(second.outcomes.map(codeOf)).toEqual(['body_budget'])
    second.collector.release()
    first.to().end()
    expect(budget.take(41)).toBe(false)
    first.collector.release()
    first.collector.release()
    expect(budget.take(101)).toBe(false)
    expect(budget.take(100)).toBe(true)
  })

  it('says why a body failed', () => {
    const cut = collect({})
    cut.to().fail()
    const slow = collect({})
    slow.to().fail('body_timeout')
    expect([...cut.outcomes, ...slow.outcomes].map(codeOf)).toEqual(['bad_body', 'body_timeout'])
  })

  it('can be given up: it stops the sender and says nothing', () => {
    const { collector, to, outcomes, log } = collect({})
    to().data(bytes(10))
    collector.release()
    to().data(bytes(10))
    to().end()
    expect(outcomes).toEqual([])
    expect(log).toEqual(['start', 'stop'])
    expect(collector.bytes).toBe(0)
  })
})
