import type { WatchedExchanges } from '../../admin/admin-route.ts'
import type { Sight } from '../../admin/live-viewer.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RunningExchange } from '../../proxy/exchange-request.ts'
import type { EndedExchanges } from './ended.ts'
import { runningViews } from './running.ts'
import { endedView } from './views.ts'

export interface WatchedExchangesDeps {
  readonly clock: Clock
  readonly ended: Pick<EndedExchanges, 'since'>
  /** Everything that has not ended. */
  running(): readonly RunningExchange[]
}

/** The exchanges of now and of lately, for whoever asks once. */
export function createWatchedExchanges({ clock, ended, running }: WatchedExchangesDeps): WatchedExchanges {
  return {
    list: (sight, last) => ({
      at: new Date(clock.now()).toISOString(),
      running: runningViews(running()).flatMap(({ userId, view }) => (isSeen(sight, userId) ? [view] : [])),
      ended: ended
        .since(0)
        .filter(({ userId }) => isSeen(sight, userId))
        .toReversed()
        .slice(0, last)
        .map(endedView),
    }),
    stop(sight, id) {
      // A client may have given several of its requests one id.
      const meant = running().filter(({ watched }) => watched?.trace.id === id && isSeen(sight, watched.trace.userId))
      if (meant.length === 0) return undefined
      for (const exchange of meant) exchange.stop('client-gone', new GatewayError('exchange_stopped'), 'stopped')
      const record = ended.since(0).findLast((each) => each.id === id && isSeen(sight, each.userId))
      return record === undefined ? undefined : endedView(record)
    },
  }
}

export function isSeen(sight: Sight, userId: string | null): boolean {
  return sight === 'all' || sight.userId === userId
}
