import type { EventSource, LiveViewer } from '../../admin/live-viewer.ts'
import type { Principal } from '../../auth/principal.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { version } from '../../lib/version.ts'
import type { RunningExchange } from '../../proxy/exchange-request.ts'
import type { StartTimer } from '../../routing/timer.ts'
import type { EndedExchanges } from './ended.ts'
import { LiveListener, type Round } from './listener.ts'
import { lookAt } from './running.ts'
import { createSnapshot } from './snapshot.ts'
import { endedView } from './views.ts'
import type { LogRing } from './log-ring.ts'

/** What happens in the gateway, for those who listen. */
export interface Live {
  /** The round in which is told what happens now. */
  readonly nextRound: number
  /** Throws GatewayError `rate_limited` where a user listens too often. */
  open(viewer: LiveViewer): EventSource
  jobsChanged(): void
  /** Ends what is told to those who may not listen any more. */
  recheck(): void
  /** Ends all of it; nobody may listen from here on. */
  stop(): void
}

export interface LiveDeps {
  readonly clock: Clock
  readonly startTimer: StartTimer
  readonly startedAt: number
  readonly log: Pick<Log, 'error'>
  readonly logs: Pick<LogRing, 'since' | 'next'>
  readonly ended: EndedExchanges
  /** Everything that has not ended. */
  running(): readonly RunningExchange[]
  /** What GET /admin/status answers. */
  status(): Promise<object>
  /** What GET /admin/jobs answers. */
  jobs(): object
  isLive(principal: Principal): boolean
}

const ROUND_MS = 500
/** Rounds from one look at the status to the next. */
const STATUS_EVERY = 2
/** Of one user: each is a tab. */
const MAX_LISTENERS = 32

export function createLive(deps: LiveDeps): Live {
  return new LiveRounds(deps)
}

/** A round looks at everything once, for all who listen; there are rounds only while somebody does. */
class LiveRounds implements Live {
  readonly #deps: LiveDeps
  readonly #listeners = new Set<LiveListener>()
  readonly #status = createSnapshot()
  readonly #jobs = createSnapshot()
  #number = 0
  #beats = 0
  #cancelTimer: (() => void) | null = null
  #isLooking = false
  #areJobsNew = true
  #isStopped = false

  constructor(deps: LiveDeps) {
    this.#deps = deps
  }

  get nextRound(): number {
    return this.#number + 1
  }

  open(viewer: LiveViewer): EventSource {
    if (this.#isStopped) throw new GatewayError('shutting_down', { retryAfterSeconds: 1 })
    const own = [...this.#listeners].filter((listener) => listener.viewer.principal.user === viewer.principal.user)
    if (own.length >= MAX_LISTENERS) {
      const message = `Somebody can listen ${MAX_LISTENERS} times at once: close some tabs of the console`
      throw new GatewayError('rate_limited', { message, retryAfterSeconds: 10 })
    }
    return (port) => {
      const listener = new LiveListener(viewer, port, this.#deps.logs.next)
      this.#listeners.add(listener)
      void this.#begin(listener)
      return { drained: () => listener.drained(), left: () => void this.#listeners.delete(listener) }
    }
  }

  readonly jobsChanged = (): void => {
    this.#areJobsNew = true
  }

  recheck(): void {
    for (const listener of this.#listeners) if (!this.#deps.isLive(listener.viewer.principal)) this.#end(listener)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelTimer?.()
    this.#cancelTimer = null
    for (const listener of this.#listeners) this.#end(listener)
  }

  async #begin(listener: LiveListener): Promise<void> {
    const { clock, startedAt } = this.#deps
    const { principal, role } = listener.viewer
    const started_at = new Date(startedAt).toISOString()
    listener.greet({ version, started_at, user: principal.user, role }, clock.now())
    if (role === 'admin') await this.#look()
    if (this.#listeners.has(listener)) this.#tell([listener])
    this.#keepBeating()
  }

  #end(listener: LiveListener): void {
    this.#listeners.delete(listener)
    listener.end()
  }

  #keepBeating(): void {
    if (this.#cancelTimer !== null || this.#listeners.size === 0 || this.#isStopped) return
    this.#cancelTimer = this.#deps.startTimer(ROUND_MS, () => {
      this.#cancelTimer = null
      this.#beat()
      this.#keepBeating()
    })
  }

  #beat(): void {
    this.#beats += 1
    if (this.#beats % STATUS_EVERY === 0 && this.#hasAdmins()) void this.#look()
    this.recheck()
    this.#tell(this.#listeners)
  }

  #hasAdmins(): boolean {
    return [...this.#listeners].some(({ viewer }) => viewer.role === 'admin')
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      this.#status.set(await this.#deps.status())
    } catch (error) {
      this.#deps.log.error({ err: error }, 'The status could not be told to those who watch')
    } finally {
      this.#isLooking = false
    }
  }

  #tell(listeners: Iterable<LiveListener>): void {
    try {
      const round = this.#takeRound()
      for (const listener of listeners) listener.tell(round)
    } catch (error) {
      this.#deps.log.error({ err: error }, 'What happens could not be told to those who watch')
    }
  }

  #takeRound(): Round {
    const { clock, running, ended, logs, jobs } = this.#deps
    if (this.#areJobsNew) this.#jobs.set(jobs())
    this.#areJobsNew = false
    const number = this.nextRound
    const texts = new Map<number, ReturnType<Round['ended']['since']>>()
    const endedSince: Round['ended']['since'] = (round) => {
      const known =
        texts.get(round) ??
        ended.since(round).map((record) => ({ userId: record.userId, text: JSON.stringify(endedView(record)) }))
      texts.set(round, known)
      return known
    }
    const round: Round = {
      number,
      at: clock.now(),
      running: lookAt(running(), number),
      ended: { since: endedSince, forgottenRound: ended.forgottenRound },
      status: this.#status.now,
      jobs: this.#jobs.now,
      logSince: logs.since,
    }
    this.#number = number
    return round
  }
}
