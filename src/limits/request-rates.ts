import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js'

/** Requests of the minute that began with the first of them. */
export interface RequestRates {
  /** One more. */
  take(name: string): Promise<RequestRate>
  /** It was not let in. */
  giveBack(name: string): Promise<void>
}

export interface RequestRate {
  /** This one included. */
  readonly count: number
  /** Until the minute is over. */
  readonly resetMs: number
}

const MINUTE_SECONDS = 60

/**
 * One limiter for everybody, that itself refuses nobody: what a name may have is known to whoever asks, and may change
 * while its count goes on.
 */
export function createRequestRates(): RequestRates {
  const limiter = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: MINUTE_SECONDS, keyPrefix: '' })
  return {
    async take(name) {
      const { consumedPoints, msBeforeNext } = await limiter.consume(name)
      return { count: consumedPoints, resetMs: msBeforeNext }
    },
    async giveBack(name) {
      const { consumedPoints } = await limiter.reward(name)
      // Its minute has just ended: the next one has nothing to give back.
      if (consumedPoints < 0) await limiter.delete(name)
    },
  }
}
