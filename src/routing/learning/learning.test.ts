import { describe, expect, it } from 'vitest'
import type { AnswerFacts } from '../../proxy/router.ts'
import { NO_PROMPT } from '../../proxy/prompt.ts'
import type { SlotLimit } from '../dispatch/slot-limit.ts'
import type { Work } from '../dispatch/work.ts'
import { createManualTime, type ManualTime } from '../__fixtures__/manual-time.ts'
import { createLearning, type Learning } from './learning.ts'

const GB = 1e9

function workFor(model: string, more: Partial<Work> = {}): Work {
  return {
    ...{ model, key: 'k', share: { class: 'interactive', weight: 1 }, brief: false, arrivedAt: 0, lane: model },
    prompt: { ...NO_PROMPT, tokens: 100 },
    candidates: () => [],
    ...more,
  }
}

const told: AnswerFacts = {
  status: 200,
  streamed: false,
  usage: { promptTokens: 100, completionTokens: 100 },
  timings: { loadMs: 30, promptMs: 100, evalMs: 900, totalMs: 1030 },
}

/** The witness hears each event before dispatching passes it on. */
interface Sent {
  begin(): void
  answer(facts: AnswerFacts): void
  release(): void
}

interface Scene {
  readonly time: ManualTime
  readonly learning: Learning
  readonly limit: SlotLimit
  send(work: Work, cold?: boolean): Sent
}

function setUp(): Scene {
  const time = createManualTime()
  const learning = createLearning({ clock: time.clock, bytesOf: () => 5 * GB })
  const limit = learning.createSlotLimit('a', 'm:latest')
  return {
    time,
    learning,
    limit,
    send(work, cold = false) {
      limit.granted(work, time.clock.now())
      const listener = learning.watch(work, 'a', cold)
      return {
        begin() {
          listener.began()
          limit.began(work, time.clock.now())
        },
        answer(facts) {
          listener.answered(facts)
          limit.ended(work, time.clock.now())
        },
        release: () => listener.released('answered'),
      }
    },
  }
}

describe('createLearning', () => {
  it('learns slots from whole answers by what they tell, before dispatching asks again', async () => {
    const { time, limit, send } = setUp()
    for (let round = 0; round < 4; round += 1) {
      const sent: Sent[] = []
      while (limit.limit(sent.length) > sent.length) sent.push(send(workFor('m:latest')))
      await time.advance(1030)
      for (const each of sent) {
        each.begin()
        each.answer(told)
        each.release()
      }
    }
    expect(limit.limit(0)).toBeGreaterThan(1)
  })

  it('learns speeds and loads', async () => {
    const { time, learning, send } = setUp()
    const before = learning.estimates.loadMs('a', 5 * GB)
    const sent = send(workFor('m:latest'), true)
    await time.advance(40_000)
    sent.begin()
    sent.answer({ ...told, timings: { loadMs: 39_000, promptMs: 100, evalMs: 900, totalMs: 40_000 } })
    expect(learning.estimates.loadMs('a', 5 * GB)).toBeGreaterThan(2 * before)
    expect(learning.learnt('a', 'm:latest').decodeTokensPerSecond).toBeGreaterThan(80)
  })

  it('takes no refusal for an answer, and no embedding for a sign of slots', async () => {
    const { time, learning, limit, send } = setUp()
    const refusal = send(workFor('m:latest'))
    await time.advance(1)
    refusal.answer({ status: 400, streamed: false, usage: null, timings: null })
    refusal.release()
    const brief = [1, 2, 3].map(() => send(workFor('m:latest', { brief: true })))
    for (const each of brief) each.begin()
    expect(limit.limit(0)).toBe(1)
    expect(learning.learnt('a', 'm:latest')).toEqual({ prefillTokensPerSecond: null, decodeTokensPerSecond: null })
  })

  it('forgets one that broke off as soon as its slot is free', async () => {
    const { time, limit, send } = setUp()
    send(workFor('m:latest')).release()
    const next = send(workFor('m:latest'))
    await time.advance(100)
    next.begin()
    expect(limit.limit(1)).toBe(2)
  })

  it('learns what an upstream holds', () => {
    const { learning } = setUp()
    const loaded = (name: string) => ({ canonical: name, remote: false, digest: null, raw: { size: 10 * GB } })
    learning.sawLoaded({ name: 'a', loaded: [loaded('x:latest')] })
    learning.sawLoaded({ name: 'a', loaded: [loaded('y:latest')] })
    expect(learning.capacityOf('a').bytes).toBe(15 * GB)
    learning.keep(new Set())
    expect(learning.capacityOf('a').bytes).toBe(Infinity)
  })

  it('learns the network from probes', () => {
    const { learning } = setUp()
    learning.probed('a', 30)
    expect(learning.estimates.networkMs('a')).toBe(30)
  })
})
