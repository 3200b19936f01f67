import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Fleet } from './fleet-state.ts'
import type { StartTimer } from '../timer.ts'

export interface WakerDeps {
  readonly fleet: Pick<Fleet, 'get'>
  readonly clock: Clock
  readonly startTimer: StartTimer
  readonly log: Log
  /** Asks an upstream after its health now. */
  hurry(name: string): void
}

export interface Waker {
  /** Ends when the upstream is up, or with false when it has been waited for long enough; all callers share a try. */
  wake(name: string, why?: string): Promise<boolean>
  /** Whether it was sent for and has neither come nor had its time. */
  isWaking(name: string): boolean
  stop(): void
}

/** A machine that is just falling asleep misses a packet, so it is sent again. */
const LOOK_EVERY_MS = 1000
const SEND_EVERY = 5

/** Wakes machines by Wake-on-LAN and waits for the model server on them. */
export function createWaker(deps: WakerDeps): Waker {
  const waking = new Map<string, { readonly up: Promise<boolean>; end(isUp: boolean): void }>()

  const start = (name: string, why: string): Promise<boolean> => {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const startedAt = deps.clock.now()
    let looks = 0
    let cancelTimer = (): void => {}
    const end = (isUp: boolean): void => {
      cancelTimer()
      waking.delete(name)
      resolve(isUp)
    }
    const look = (): void => {
      const state = deps.fleet.get(name)
      const waitedMs = deps.clock.now() - startedAt
      if (state?.wake == null) return end(false)
      if (state.health === 'up' && state.models !== null) {
        deps.log.info({ upstream: name, waitedMs: Math.round(waitedMs) }, 'upstream is awake')
        return end(true)
      }
      if (waitedMs >= state.wake.waitMs) {
        deps.log.warn({ upstream: name, waitedMs: Math.round(waitedMs) }, 'upstream did not wake')
        return end(false)
      }
      if (looks % SEND_EVERY === 0) state.wake.send()
      if (looks > 0) deps.hurry(name)
      looks += 1
      cancelTimer = deps.startTimer(Math.min(LOOK_EVERY_MS, state.wake.waitMs), look)
    }
    waking.set(name, { up: promise, end })
    deps.log.info({ upstream: name }, `waking upstream: ${why}`)
    look()
    return promise
  }
  return {
    wake: (name, why = 'a request can be served by no other') => waking.get(name)?.up ?? start(name, why),
    isWaking: (name) => waking.has(name),
    stop() {
      for (const { end } of [...waking.values()]) end(false)
    },
  }
}
