export type LinkEnding =
  /** It worked, or could not be reached: the usual. */
  | 'lost'
  /** Trying again at once cannot help: the key, the version, the id. */
  | 'refused'

const FIRST_SPREAD_MS = 6_000
const MAX_DELAY_MS = 20_000
const REFUSED_DELAY_MS = 60_000

/**
 * Milliseconds until the next try; `random` is in [0, 1). After a lost link most agents are back at once and some come
 * later, so that a thousand of them do not meet at the door; then full jitter over a growing span.
 */
export function retryDelayMs(failures: number, ending: LinkEnding, random: number): number {
  if (ending === 'refused') return Math.round(REFUSED_DELAY_MS * (0.9 + 0.2 * random))
  if (failures === 0) return Math.round(FIRST_SPREAD_MS * random ** 2)
  return Math.round(Math.min(MAX_DELAY_MS, 1_000 * 2 ** failures) * random)
}
