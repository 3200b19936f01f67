import { GatewayError } from '../errors/gateway-error.ts'
import { createBag } from '../lib/bag.ts'
import type { RunningExchange } from './exchange-request.ts'

/** Every exchange that is not over, and the ways to end them from outside. */
export interface RunningExchanges {
  readonly size: number
  add(exchange: RunningExchange): void
  remove(exchange: RunningExchange): void
  /** Ends what runs with this key. */
  endKey(keyId: string): void
  /** Ends what runs for a session of the console. */
  endSession(session: string): void
  endAll(): void
  /** Those of this moment, in no order. */
  members(): readonly RunningExchange[]
  checkDeadlines(now: number): void
  /** Resolves when nothing runs. */
  idle(): Promise<void>
}

export function createRunningExchanges(): RunningExchanges {
  const running = createBag<RunningExchange>()
  const waiters: (() => void)[] = []
  return {
    get size() {
      return running.size
    },
    add: (exchange) => running.add(exchange),
    remove(exchange) {
      if (running.remove(exchange) && running.size === 0) for (const resolve of waiters.splice(0)) resolve()
    },
    endKey(keyId) {
      const error = new GatewayError('key_revoked')
      for (const exchange of running.members())
        if (exchange.keyId === keyId) exchange.stop('key-revoked', error, 'key-revoked')
    },
    endSession(session) {
      const error = new GatewayError('no_session', { message: 'The session has ended' })
      for (const exchange of running.members())
        if (exchange.session === session) exchange.stop('key-revoked', error, 'key-revoked')
    },
    endAll() {
      const error = new GatewayError('shutting_down', { retryAfterSeconds: 5 })
      for (const exchange of running.members()) exchange.stop('shutting-down', error, 'shutting-down')
    },
    members: () => running.members(),
    checkDeadlines(now) {
      for (const exchange of running.members()) exchange.checkDeadline(now)
    },
    idle: () => (running.size === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
  }
}
