import type { AnswerTimings, TokenUsage } from '../../dialects/token-usage.ts'
import type { Prompt } from '../../proxy/prompt.ts'
import type { PairRates } from './pair-rates.ts'

/** One good answer that ended by itself, and what is known of the time it took. */
export interface AnswerSample {
  readonly server: string
  readonly model: string
  readonly prompt: Prompt
  /** It was sent to a model that was not loaded. */
  readonly cold: boolean
  /** Whether its first byte came while it was still being made. */
  readonly streamed: boolean
  readonly usage: TokenUsage | null
  /** The upstream's own; null where its dialect does not tell. */
  readonly timings: AnswerTimings | null
  readonly grantedAt: number
  readonly beganAt: number
  readonly endedAt: number
}

/** Where nothing can be said, tokens or milliseconds are 0. */
export interface AnswerTimes {
  readonly promptTokens: number
  readonly promptMs: number
  readonly answerTokens: number
  readonly answerMs: number
  readonly loadMs: number
}

/** What an answer's time was spent on, by the upstream's own account or by what was seen of it. */
export function timesOf(pair: PairRates, sample: AnswerSample, networkMs: number): AnswerTimes {
  const { timings, cold, streamed, grantedAt, beganAt, endedAt } = sample
  const promptTokens = newTokens(pair, sample) ?? 0
  const answerTokens = sample.usage?.completionTokens ?? 0
  if (timings !== null) {
    const { promptMs, evalMs, loadMs } = timings
    return { promptTokens, promptMs, answerTokens, answerMs: evalMs, loadMs }
  }
  const promptMs = promptTokens * pair.prefillMsPerToken
  const tookMs = endedAt - grantedAt - networkMs
  if (streamed) {
    const waitedMs = Math.max(0, beganAt - grantedAt - networkMs)
    // The first token came with the first byte.
    const answer = { answerTokens: answerTokens - 1, answerMs: endedAt - beganAt }
    return cold
      ? { promptTokens: 0, promptMs: 0, ...answer, loadMs: waitedMs - promptMs }
      : { promptTokens, promptMs: waitedMs, ...answer, loadMs: 0 }
  }
  const answerMs = answerTokens * pair.decodeMsPerToken
  // Nobody saw where the prompt ended: both took longer, or shorter, by the same share.
  const share = cold || promptTokens === 0 || answerTokens === 0 ? 0 : tookMs / (promptMs + answerMs)
  if (share <= 0) return { promptTokens: 0, promptMs: 0, answerTokens: 0, answerMs: 0, loadMs: 0 }
  return { promptTokens, promptMs: promptMs * share, answerTokens, answerMs: answerMs * share, loadMs: 0 }
}

/** How many tokens of the prompt it had to read; undefined where nobody knows. */
function newTokens(pair: PairRates, { prompt, usage }: AnswerSample): number | undefined {
  const counted = usage?.promptTokens ?? prompt.tokens
  const fresh = pair.trace.newTokens(counted, prompt.blocks())
  // Some versions count only what was not known.
  const isWithoutKnown = fresh !== counted && counted < prompt.tokens * WHOLE_COUNT_SHARE
  return isWithoutKnown ? counted : fresh
}

/** A prompt's tokens are estimated to a third. */
const WHOLE_COUNT_SHARE = 0.66
