import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js'

/** Requests of the minute that began with the first of them. */
export interface RequestRates {
  /** One more. */
  take(name: string): Promise<RequestRate>
  /** Without one more; undefined: none in the last minute. */
  look(name: string): Promise<RequestRate | undefined>
  /** It was not let in. */
  giveBack(name: string): Promise<void>
}

export interface RequestRate {
  /** The one that was taken included. */
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
    async look(name) {
      const state = await limiter.get(name)
      // What has ended is kept for a moment.
      return state === null || state.msBeforeNext <= 0 || state.consumedPoints <= 0
        ? undefined
        : { count: state.consumedPoints, resetMs: state.msBeforeNext }
    },
    async giveBack(name) {
      const { consumedPoints } = await limiter.reward(name)
      // Its minute has just ended: the next one has nothing to give back.
      if (consumedPoints < 0) await limiter.delete(name)
    },
  }
}
