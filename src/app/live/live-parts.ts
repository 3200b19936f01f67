import type { AdminDeps } from '../../admin/admin-route.ts'
import { wholeStatusSchema } from '../../admin/status.ts'
import { jobListSchema } from '../../admin/job-schemas.ts'
import type { JobDesk } from '../../admin/job-desk.ts'
import type { KeyDirectory } from '../../auth/key-directory.ts'
import type { Principal } from '../../auth/principal.ts'
import type { LogSettings } from '../../telemetry/settings.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { ExchangeRecord } from '../../proxy/exchange-record.ts'
import { startSystemTimer } from '../../routing/timer.ts'
import type { Generations } from '../generations.ts'
import { createLive } from './live.ts'
import { createEndedExchanges } from './ended.ts'
import { createWatchedExchanges } from './exchanges.ts'
import type { LogRing } from './log-ring.ts'

/** What the management API tells of the moment, and who makes it known. */
export interface LiveParts {
  readonly admin: Pick<AdminDeps, 'exchanges' | 'live' | 'logs'>
  /** An exchange is over. */
  ended(record: ExchangeRecord): void
  /** Keys or sessions are not what they were. */
  recheck(): void
  stop(): void
}

export interface LivePartsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly startedAt: number
  readonly keys: { readonly directory: Pick<KeyDirectory, 'current'> }
  readonly jobs: JobDesk
  readonly logs: LogRing
  readonly settings: { readonly log: Pick<LogSettings, 'level'> }
  /** What takes the requests; is made later. */
  traffic(): Pick<Generations, 'current' | 'members'>
}

export function openLive({ settings, keys, traffic, ...deps }: LivePartsDeps): LiveParts {
  const { clock, log, startedAt, jobs, logs } = deps
  const ended = createEndedExchanges()
  const running = (): ReturnType<Generations['members']> => traffic().members()
  const live = createLive({
    ...{ clock, log, logs, startedAt, ended, running, startTimer: startSystemTimer },
    status: async () => wholeStatusSchema.parse(await traffic().current.status()),
    jobs: () => jobListSchema.parse({ jobs: jobs.list() }),
    isLive: (principal) => traffic().current.isLive(principal) && hasItsScopes(principal, keys.directory),
  })
  jobs.onChange(live.jobsChanged)
  return {
    admin: {
      exchanges: createWatchedExchanges({ clock, ended, running }),
      live: (viewer) => live.open(viewer),
      logs: (query) => ({ level: settings.log.level, lines: logs.list(query) }),
    },
    ended: (record) => ended.add(record, live.nextRound),
    recheck: () => live.recheck(),
    stop: () => live.stop(),
  }
}

/** A key that may do less than before is to ask again. */
function hasItsScopes({ keyId, scopes }: Principal, directory: Pick<KeyDirectory, 'current'>): boolean {
  const now = directory.current(keyId)?.principal.scopes
  return now !== undefined && [...scopes].every((scope) => now.has(scope))
}
