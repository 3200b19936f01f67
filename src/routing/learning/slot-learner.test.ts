import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../test/fakes/seeded-random.ts'
import { SlotLearner } from './slot-learner.ts'

type Answers = 'streams' | 'told streams' | 'told wholes' | 'expected wholes'

interface Scene {
  readonly seed: number
  readonly answers: Answers
  /** Times of the prompts vary by this factor in both directions. */
  readonly noise: number
  readonly promptMs: number
  readonly answerMs: number
}

interface Job {
  readonly grantedAt: number
  readonly promptMs: number
  readonly answerMs: number
  startedAt?: number
  began?: boolean
}

/** A loaded model with slots of its own behind a queue that sends what the learner permits; demand never ends. */
function createRunner(learner: SlotLearner, scene: Scene) {
  const random = seededRandom(scene.seed)
  const vary = (ms: number, factor: number): number => ms * factor ** (2 * random() - 1)
  const isWhole = scene.answers.endsWith('wholes')
  let now = 0
  let loadedAt = 0
  let slots = 1
  let tries = 0
  let running: Job[] = []

  const start = (): void => {
    const free = slots - running.filter((job) => job.startedAt !== undefined).length
    for (const job of running.filter((each) => each.startedAt === undefined).slice(0, Math.max(0, free))) {
      job.startedAt = Math.max(now, loadedAt)
    }
  }
  const grant = (): void => {
    while (running.length < learner.limit(running.length)) {
      const job: Job = {
        grantedAt: now,
        promptMs: vary(scene.promptMs, scene.noise),
        answerMs: vary(scene.answerMs, 3),
      }
      running.push(job)
      if (running.length > slots) tries += 1
      learner.granted(job, now, scene.promptMs)
    }
    start()
  }
  const dueAt = (job: Job): number => {
    if (job.startedAt === undefined) return Infinity
    return job.startedAt + job.promptMs + (job.began === true || isWhole ? job.answerMs : 0)
  }
  const end = (job: Job): void => {
    const { promptMs, answerMs } = job
    const loadMs = Math.max(0, loadedAt - job.grantedAt)
    const totalMs = now - job.grantedAt
    const timings = scene.answers.startsWith('told') ? { loadMs, promptMs, evalMs: answerMs, totalMs } : null
    const expected = scene.answers === 'expected wholes' ? { expectedMs: (promptMs + answerMs) * vary(1, 1.2) } : {}
    learner.ended(job, now, { streamed: !isWhole, timings, ...expected })
    running = running.filter((other) => other !== job)
    start()
  }
  return {
    become(count: number): void {
      slots = count
    },
    /** What runs is lost, and it is loaded with so many; only answers tell of that where nobody has seen it. */
    restart(count: number, how: 'seen' | 'unseen' = 'seen'): void {
      for (const job of running) learner.ended(job, now)
      running = []
      slots = count
      loadedAt = now + 4000
      if (how === 'seen') learner.tryAgain()
    },
    /** Grants beyond its slots. */
    tries: () => tries,
    /** Until so many more have ended. */
    run(count: number, afterEach: () => void = () => {}): void {
      for (let ended = 0; ended < count; ) {
        grant()
        const [next] = running.toSorted((a, b) => dueAt(a) - dueAt(b))
        if (next === undefined) throw new Error('nothing runs')
        now = dueAt(next)
        if (next.began !== true) {
          next.began = true
          learner.began(next, now)
          if (!isWhole) continue
        }
        end(next)
        ended += 1
        afterEach()
      }
    },
  }
}

const COUNTS = [1, 2, 4]

type Change = 'become' | 'restart'

interface Changed {
  readonly from: number
  readonly to: number
  readonly by: Change
  /** Answers before it. */
  readonly after: number
}

/** Share of all scenes that believe the truth, `within` so many answers of the change. */
function shareOfRight(answers: Answers, { from, to, by, after }: Changed, within: number): number {
  let right = 0
  let all = 0
  for (const [promptMs, answerMs] of [
    [30, 1500],
    [200, 1500],
    [200, 5000],
    [1000, 5000],
  ] as const) {
    for (const noise of [1, 1.3, 2]) {
      for (let seed = 0; seed < 20; seed += 1) {
        const learner = new SlotLearner()
        const runner = createRunner(learner, { seed, answers, noise, promptMs, answerMs })
        runner.become(from)
        runner.run(after)
        runner[by](to)
        runner.run(within)
        right += Number(learner.believed === to)
        all += 1
      }
    }
  }
  return right / all
}

describe('SlotLearner', () => {
  const changes = COUNTS.flatMap((first) => COUNTS.map((second) => [first, second] as const))

  describe.each(['streams', 'told streams', 'told wholes'] as const)('from %s', (answers) => {
    it.each(COUNTS)('knows %i slots after 20 answers', (slots) => {
      const change: Changed = { from: slots, to: slots, by: 'become', after: 0 }
      expect(shareOfRight(answers, change, 20)).toBeGreaterThanOrEqual(0.98)
    })

    it.each(changes)('knows 20 answers after a restart that %i slots have become %i', (from, to) => {
      expect(shareOfRight(answers, { from, to, by: 'restart', after: 20 }, 20)).toBeGreaterThanOrEqual(0.98)
      expect(shareOfRight(answers, { from, to, by: 'restart', after: 100 }, 20)).toBeGreaterThanOrEqual(0.98)
    })

    it.each(changes.filter(([from, to]) => to < from))('knows as soon without one that %i are only %i', (from, to) => {
      expect(shareOfRight(answers, { from, to, by: 'become', after: 100 }, 20)).toBeGreaterThanOrEqual(0.98)
    })

    it.each(changes.filter(([from, to]) => to > from))(
      'knows in the end that %i have become %i, though nobody saw a restart',
      (from, to) => {
        expect(shareOfRight(answers, { from, to, by: 'become', after: 400 }, 600)).toBeGreaterThanOrEqual(0.98)
      },
    )
  })

  it.each(changes)(
    'knows %i and then %i slots from whole answers whose work is only expected, after 40',
    (from, to) => {
      const change: Changed = { from, to, by: 'restart', after: 20 }
      expect(shareOfRight('expected wholes', change, 40)).toBeGreaterThanOrEqual(0.95)
    },
  )

  it('stays with what is true, whatever answers and prompts are like', () => {
    const scene = fc.record({
      seed: fc.integer({ min: 0, max: 1e6 }),
      answers: fc.constantFrom<Answers>('streams', 'told streams', 'told wholes'),
      noise: fc.double({ min: 1, max: 2, noNaN: true }),
      promptMs: fc.integer({ min: 20, max: 500 }),
      answerMs: fc.integer({ min: 1500, max: 20_000 }),
    })
    fc.assert(
      fc.property(scene, fc.constantFrom(...COUNTS, 3, 8), (scene, slots) => {
        const learner = new SlotLearner()
        const runner = createRunner(learner, scene)
        runner.become(slots)
        runner.run(100)
        let wrong = 0
        runner.run(200, () => void (wrong += Math.abs(learner.believed - slots)))
        // Of 3,000 scenes all but one stay below 0.15.
        expect(wrong / 200 / slots).toBeLessThanOrEqual(0.25)
      }),
    )
  })

  describe('trying', () => {
    it('tries one more only while all that run have begun', () => {
      const learner = new SlotLearner()
      expect(learner.limit(0)).toBe(1)
      learner.granted('a', 0)
      expect(learner.limit(1)).toBe(1)
      learner.began('a', 100)
      expect(learner.limit(1)).toBe(2)
      learner.granted('b', 200)
      expect(learner.limit(2)).toBe(1)
    })

    it('tries the next one at once after a success', () => {
      const learner = new SlotLearner()
      begin(learner, 'a', 0)
      begin(learner, 'b', 200)
      expect(learner.believed).toBe(2)
      expect(learner.limit(2)).toBe(3)
    })

    it('lets contended requests pass after a refutation, at most eight', () => {
      const learner = new SlotLearner()
      let at = refuteOnce(learner)
      let passed = 0
      for (; learner.limit(1) === 1; passed += 1) {
        learner.ended(`c${passed}`, (at += 1000))
        begin(learner, `c${passed + 1}`, (at += 10))
      }
      expect(passed).toBeGreaterThan(0)
      expect(passed).toBeLessThanOrEqual(8)
    })

    it.each(['seen', 'unseen'] as const)(
      'becomes rare where it is refuted, until the model is loaded anew, %s',
      (by) => {
        const learner = new SlotLearner()
        const runner = createRunner(learner, {
          seed: 3,
          answers: 'told streams',
          noise: 1,
          promptMs: 100,
          answerMs: 1500,
        })
        const triesIn = (answers: number): number => {
          const before = runner.tries()
          runner.run(answers)
          return runner.tries() - before
        }
        expect(triesIn(50)).toBeGreaterThanOrEqual(5)
        triesIn(500)
        const rare = triesIn(600)
        expect(rare).toBeGreaterThanOrEqual(2)
        expect(rare).toBeLessThanOrEqual(6)
        runner.restart(1, by)
        expect(triesIn(50)).toBeGreaterThanOrEqual(5)
        expect(learner.believed).toBe(1)
      },
    )

    it('never believes in more than 64', () => {
      const learner = new SlotLearner()
      for (let id = 0; id < 100; id += 1) begin(learner, `${id}`, id * 100)
      expect(learner.believed).toBe(64)
      expect(learner.limit(64)).toBe(64)
    })
  })

  describe('what is no evidence', () => {
    it('a wait for the load', () => {
      const learner = new SlotLearner()
      begin(learner, 'a', 0)
      begin(learner, 'b', 100)
      learner.ended('a', 1000)
      learner.ended('b', 1000)
      for (const round of [10_000, 40_000]) {
        learner.granted('c', round)
        learner.granted('d', round)
        learner.began('c', round + 20_000)
        learner.ended('c', round + 20_100)
        learner.began('d', round + 20_300)
        learner.ended('d', round + 21_000)
      }
      expect(learner.believed).toBe(2)
    })

    it('a first byte that overtakes the end it had waited for', () => {
      const learner = new SlotLearner()
      begin(learner, 'a', 0)
      learner.granted('b', 200)
      learner.began('b', 4000)
      expect(learner.believed).toBe(2)
      learner.ended('a', 4002)
      expect(learner.believed).toBe(1)
    })

    it('one refutation', () => {
      const learner = new SlotLearner()
      begin(learner, 'a', 0)
      begin(learner, 'b', 100)
      learner.ended('a', 900)
      learner.ended('b', 1000)
      begin(learner, 'c', 1100)
      learner.granted('d', 1200)
      learner.ended('c', 3000)
      learner.began('d', 3050)
      learner.ended('d', 5000)
      expect(learner.believed).toBe(2)
    })

    it('an answer that tells no times but the whole, as of embeddings', () => {
      const learner = new SlotLearner()
      begin(learner, 'a', 0)
      begin(learner, 'b', 100)
      const timings = { loadMs: 0, promptMs: 0, evalMs: 0, totalMs: 900 }
      for (let at = 1000; at < 9000; at += 1000) {
        for (const id of ['c', 'd']) learner.granted(id, at)
        for (const id of ['c', 'd']) {
          learner.began(id, at + 900)
          learner.ended(id, at + 900, { streamed: false, timings })
        }
      }
      expect(learner.believed).toBe(2)
    })

    it('what was never granted, and what is told twice', () => {
      const learner = new SlotLearner()
      learner.began('stranger', 0)
      learner.ended('stranger', 1)
      begin(learner, 'a', 2)
      learner.began('a', 200)
      learner.ended('a', 300)
      learner.ended('a', 400)
      expect(learner.limit(0)).toBe(1)
    })
  })
})

function begin(learner: SlotLearner, id: string, at: number): void {
  learner.granted(id, at)
  learner.began(id, at + 50)
}

/** Leaves `c0` running. */
function refuteOnce(learner: SlotLearner): number {
  begin(learner, 'a', 0)
  learner.granted('b', 200)
  learner.ended('a', 4000)
  learner.began('b', 4050)
  learner.ended('b', 6000)
  begin(learner, 'c0', 6100)
  return 6150
}
