import { renderError } from './error-body.ts'
import { errorMessage } from './error-message.ts'
import { inBandError } from './in-band-error.ts'
import { meaningOfNdjsonLine, meaningOfSseLine } from './stream-format.ts'
import { answerTimings, tokenUsage } from './token-usage.ts'

/** What every dialect can say, in one piece, for whoever is handed it. */
export const dialects = Object.freeze({
  renderError,
  errorMessage,
  inBandError,
  meaningOfNdjsonLine,
  meaningOfSseLine,
  tokenUsage,
  answerTimings,
})
