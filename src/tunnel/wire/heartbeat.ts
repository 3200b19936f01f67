import type { Clock } from '../../lib/clock.ts'

export interface HeartbeatDeps {
  readonly clock: Clock
  startTimer(delayMs: number, run: () => void): () => void
  /** Time to say something. */
  beat(): void
  /** Nothing was heard for `patience` heartbeats. */
  silent(): void
}

export interface HeartbeatOptions {
  readonly heartbeatMs: number
  /** In heartbeats. */
  readonly patience: number
}

/** A beat at even intervals, and an ear for silence. */
export interface Heartbeat {
  heard(): void
  silentMs(): number
  set(heartbeatMs: number): void
  stop(): void
}

/** A timer so late means that the machine slept: what arrived meanwhile may not have been read yet. */
const LATE_MS = 1_000
const SECOND_LOOK_MS = 1_000

export function createHeartbeat(deps: HeartbeatDeps, options: HeartbeatOptions): Heartbeat {
  const { clock } = deps
  let heartbeatMs = options.heartbeatMs
  let heardAt = clock.now()
  const beat = (): void => {
    cancelBeat = deps.startTimer(heartbeatMs, beat)
    deps.beat()
  }
  const look = (dueAt: number): void => {
    const now = clock.now()
    const limitMs = heartbeatMs * options.patience
    if (now - heardAt < limitMs) return lookIn(heardAt + limitMs - now)
    if (now - dueAt > LATE_MS) return lookIn(SECOND_LOOK_MS)
    deps.silent()
  }
  const lookIn = (delayMs: number): void => {
    const dueAt = clock.now() + delayMs
    cancelLook = deps.startTimer(delayMs, () => look(dueAt))
  }
  let cancelBeat = deps.startTimer(heartbeatMs, beat)
  let cancelLook = (): void => undefined
  lookIn(heartbeatMs * options.patience)
  const stop = (): void => {
    cancelBeat()
    cancelLook()
  }
  return {
    heard() {
      heardAt = clock.now()
    },
    silentMs: () => clock.now() - heardAt,
    set(nextMs) {
      stop()
      heartbeatMs = nextMs
      cancelBeat = deps.startTimer(heartbeatMs, beat)
      lookIn(Math.max(0, heardAt + heartbeatMs * options.patience - clock.now()))
    },
    stop,
  }
}
