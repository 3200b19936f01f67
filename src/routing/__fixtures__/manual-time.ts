import type { Clock } from '../../lib/clock.ts'
import type { StartTimer } from '../timer.ts'

export interface ManualTime {
  readonly clock: Clock
  readonly startTimer: StartTimer
  /** Runs what falls due, in order, letting promises settle in between. */
  advance(ms: number): Promise<void>
  /** Delays of the timers that wait. */
  waiting(): number[]
}

/** Time that passes only when a test says so. */
export function createManualTime(): ManualTime {
  let nowMs = 1_000_000
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    clock: { now: () => nowMs },
    startTimer(delayMs, run) {
      const timer = { at: nowMs + delayMs, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async advance(ms) {
      const until = nowMs + ms
      await settle()
      for (;;) {
        const next = [...timers].toSorted((a, b) => a.at - b.at)[0]
        if (next === undefined || next.at > until) break
        nowMs = next.at
        timers.delete(next)
        next.run()
        await settle()
      }
      nowMs = until
    },
    waiting: () => [...timers].map((timer) => timer.at - nowMs),
  }
}

/** Lets everything run that waits for no timer. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
