import { GatewayError } from '../errors/gateway-error.ts'
import type { RunningExchange } from './exchange-request.ts'

/** Every exchange that is not over, and the ways to end them from outside. */
export interface RunningExchanges {
  readonly size: number
  add(exchange: RunningExchange): void
  remove(exchange: RunningExchange): void
  /** Ends what runs with this key. */
  endKey(keyId: string): void
  endAll(): void
  checkDeadlines(now: number): void
  /** Resolves when nothing runs. */
  idle(): Promise<void>
}

/**
 * No `Set`: V8 links each table that one outgrows to the next, so that with members that come and go all the time a
 * dead table in the old generation keeps the next one alive, and with it every exchange, until a full collection.
 */
export function createRunningExchanges(): RunningExchanges {
  const running: RunningExchange[] = []
  const waiters: (() => void)[] = []
  return {
    get size() {
      return running.length
    },
    add: (exchange) => void running.push(exchange),
    remove(exchange) {
      // From the end, where the young ones are: most exchanges are short.
      const at = running.lastIndexOf(exchange)
      if (at < 0) return
      const last = running.pop()
      if (last !== undefined && last !== exchange) running[at] = last
      if (running.length === 0) for (const resolve of waiters.splice(0)) resolve()
    },
    endKey(keyId) {
      const error = new GatewayError('key_revoked')
      for (const exchange of [...running])
        if (exchange.keyId === keyId) exchange.stop('key-revoked', error, 'key-revoked')
    },
    endAll() {
      const error = new GatewayError('shutting_down', { retryAfterSeconds: 5 })
      for (const exchange of [...running]) exchange.stop('shutting-down', error, 'shutting-down')
    },
    checkDeadlines(now) {
      for (const exchange of [...running]) exchange.checkDeadline(now)
    },
    idle: () => (running.length === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
  }
}
