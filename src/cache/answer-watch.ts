import type { AnswerFacts, AttemptOutcome, RouteRequest } from '../proxy/router.ts'
import type { UpstreamError } from '../proxy/upstream.ts'
import type { RecordedHead } from './recording.ts'

/** What the cache asks of whoever can read answers. */
export interface AnswerReader {
  watch(request: RouteRequest, head: RecordedHead): AnswerWatch
  /** What a failure speaks for. */
  outcomeOf(error: UpstreamError): AttemptOutcome
}

/** Follows one answer for what it says of itself. */
export interface AnswerWatch {
  pass(chunk: Uint8Array): void
  /** Once, when it has ended by itself: whether that was its own end, and no error. */
  ended(): boolean
  /** As far as it has come. */
  facts(): AnswerFacts
  /** What an answer that has ended speaks for. */
  outcome(): AttemptOutcome
}
