import type { Clock } from '../../lib/clock.ts'

/** Counts events in windows of a second. */
export function createRateLimit(clock: Clock, perSecond: number): () => boolean {
  let since = clock.now()
  let count = 0
  return () => {
    const now = clock.now()
    if (now - since >= 1_000) {
      since = now
      count = 0
    }
    count += 1
    return count <= perSecond
  }
}
