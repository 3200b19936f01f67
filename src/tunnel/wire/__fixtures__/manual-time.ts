import type { Clock } from '../../../lib/clock.ts'

/** Time that moves when it is told to; timers and deferred work run in order, in `advance` and `settle`. */
export interface ManualTime {
  readonly clock: Clock
  startTimer(delayMs: number, run: () => void): () => void
  defer(run: () => void): void
  /** Runs what is due now, and what follows from it at once. */
  settle(): void
  advance(ms: number): void
  /** The clock moves and nothing runs: a machine that sleeps. */
  sleep(ms: number): void
  /** Timers that wait. */
  timers(): number
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export function createManualTime(startAt = 1_000_000): ManualTime {
  let now = startAt
  let order = 0
  const timers = new Set<Timer>()
  let deferred: (() => void)[] = []

  const runDeferred = (): void => {
    for (let turns = 0; deferred.length > 0; turns += 1) {
      if (turns > 100_000) throw new Error('Deferred work never ends')
      const runs = deferred
      deferred = []
      for (const run of runs) run()
    }
  }
  const nextUntil = (limit: number): Timer | undefined => {
    let next: Timer | undefined
    for (const timer of timers) {
      if (timer.at > limit) continue
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer
    }
    return next
  }
  const runUntil = (limit: number): void => {
    runDeferred()
    for (let timer = nextUntil(limit); timer !== undefined; timer = nextUntil(limit)) {
      timers.delete(timer)
      now = Math.max(now, timer.at)
      timer.run()
      runDeferred()
    }
  }
  return {
    clock: { now: () => now },
    startTimer(delayMs, run) {
      const timer = { at: now + delayMs, order: (order += 1), run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    defer: (run) => void deferred.push(run),
    settle: () => runUntil(now),
    advance(ms) {
      const limit = now + ms
      runUntil(limit)
      now = limit
      runUntil(limit)
    },
    sleep(ms) {
      now += ms
    },
    timers: () => timers.size,
  }
}
