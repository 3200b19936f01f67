import { setTimeout as delay } from 'node:timers/promises'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../lib/clock.ts'
import { isBusy, isUnavailable, storeTrouble } from './store-problem.ts'
import type { StorePlace } from './store-place.ts'

export interface StoreAccess {
  /** Throws GatewayError `store_unavailable` where the database cannot be read. */
  read<T>(action: () => Promise<T>): Promise<T>
  /** Throws GatewayError `store_unavailable` where the database cannot be written to; nothing has changed then. */
  write<T>(action: () => Promise<T>): Promise<T>
  /** What was wrong at the last attempt, as the second half of a sentence; null where nothing was. */
  problem(): string | null
}

export interface StoreAccessDeps {
  readonly place: StorePlace
  /** Writes what nobody reads: says by not throwing that the database takes writes again. */
  readonly probe: () => void
  readonly clock: Clock
}

/** How long a write waits for another process; the loop goes on meanwhile, because SQLite does not do the waiting. */
const PATIENCE_MS = 5000
const PAUSE_MS = 20
const PROBE_EVERY_MS = 1000

export function createStoreAccess({ place, probe, clock }: StoreAccessDeps): StoreAccess {
  const failed: { read: unknown; write: unknown } = { read: null, write: null }
  let probedAt = 0

  async function attempt<T>(kind: 'read' | 'write', action: () => Promise<T>): Promise<T> {
    const deadline = clock.now() + PATIENCE_MS
    for (;;) {
      try {
        const result = await action()
        failed[kind] = null
        return result
      } catch (error) {
        if (!isUnavailable(error)) throw error
        if (!isBusy(error) || clock.now() >= deadline) {
          failed[kind] = error
          throw unavailable(storeTrouble(error), error)
        }
      }
      await delay(PAUSE_MS)
    }
  }

  /** Nobody may write for hours: whether that would work again is found out by writing. */
  function recheck(): void {
    if (failed.write === null || clock.now() - probedAt < PROBE_EVERY_MS) return
    probedAt = clock.now()
    try {
      probe()
      failed.write = null
    } catch (error) {
      failed.write = error
    }
  }

  return {
    read: (action) => attempt('read', action),
    async write(action) {
      const lost = place.problem()
      if (lost !== null) throw unavailable(lost)
      return attempt('write', action)
    },
    problem() {
      const lost = place.problem()
      if (lost !== null) return lost
      recheck()
      const error = failed.write ?? failed.read
      return error === null ? null : storeTrouble(error)
    },
  }
}

function unavailable(problem: string, cause?: unknown): GatewayError {
  return new GatewayError('store_unavailable', { message: `The store cannot be used: ${problem}`, cause })
}
