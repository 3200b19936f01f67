import type { AnswerFacts } from '../../proxy/router.ts'
import type { CreateSlotLimit } from '../dispatch/slot-limit.ts'
import type { Work } from '../dispatch/work.ts'
import type { Estimates, PairEstimates } from './estimates.ts'
import { type SlotFacts, SlotLearner } from './slot-learner.ts'

/** Slot learners for dispatching, which tells them when; what answers tell of themselves comes from their witness. */
export interface SlotBook {
  readonly createSlotLimit: CreateSlotLimit
  /** To be called before dispatching hears that the answer has ended. */
  answered(work: Work, facts: AnswerFacts): void
  /** Its slot is free: one that broke off has ended too. */
  released(work: Work, at: number): void
}

interface Watched {
  readonly learner: SlotLearner
  readonly pair: PairEstimates
  facts: SlotFacts | undefined
}

export function createSlotBook(estimates: Pick<Estimates, 'pair'>): SlotBook {
  const watched = new WeakMap<Work, Watched>()
  const end = (work: Work, at: number): void => {
    const place = watched.get(work)
    watched.delete(work)
    place?.learner.ended(work, at, place.facts)
  }
  return {
    createSlotLimit(server, model) {
      const learner = new SlotLearner()
      const pair = estimates.pair(server, model)
      return {
        limit: (running) => learner.limit(running),
        granted(work, at) {
          // Embeddings may exceed what is learnt, and say nothing of it.
          if (work.brief) return
          watched.set(work, { learner, pair, facts: undefined })
          learner.granted(work, at, work.prompt.tokens * pair.prefillMsPerToken)
        },
        began: (work, at) => learner.began(work, at),
        ended: end,
      }
    },
    answered(work, facts) {
      const place = watched.get(work)
      if (place !== undefined) place.facts = { ...facts, ...expectedOf(work, facts, place.pair) }
    },
    released: end,
  }
}

function expectedOf({ prompt }: Work, { usage }: AnswerFacts, pair: PairEstimates): Pick<SlotFacts, 'expectedMs'> {
  const answerTokens = usage?.completionTokens ?? null
  if (answerTokens === null) return {}
  const promptTokens = usage?.promptTokens ?? prompt.tokens
  return { expectedMs: promptTokens * pair.prefillMsPerToken + answerTokens * pair.decodeMsPerToken }
}
