import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { isBooked, type LedgerEntry } from './ledger-entry.ts'
import { type AgentOf, type LedgerGroup, OpenGroup } from './ledger-group.ts'
import type { LedgerSettings } from './settings.ts'
import type { UsageQuery, UsageRow } from './usage.ts'

/** One row for each exchange, written in groups by somebody who does not hold up the requests. */
export interface Ledger {
  /** Never waits and never throws. `cost` is in the currency of the prices. */
  record(entry: LedgerEntry, cost?: number): void
  /** Why an exchange cannot begin now: the policy wants a row of each and none can be written. */
  refusal(): GatewayError | undefined
  /** Resolves when what was recorded before has been written, or trying has failed. */
  flush(): Promise<void>
  /** Throws GatewayError `ledger_unavailable`. */
  usage(query: UsageQuery): Promise<UsageRow[]>
  status(): LedgerStatus
  /** Writes what is left, if that is possible now. What comes later is lost. */
  close(): Promise<void>
}

export interface LedgerStatus {
  readonly policy: LedgerSettings['policy']
  /** Since the start, as the next three. */
  readonly written: number
  /** In memory. */
  readonly waiting: number
  /** How long the oldest of these has been over. */
  readonly lagMs: number
  readonly lost: number
  /** Milliseconds since the epoch; null while it works. */
  readonly failingSince: number | null
  readonly problem: string | null
}

export interface LedgerWriter {
  /** Null: all of it is written, now or before. Otherwise nothing is, and why. Never rejects. */
  write(group: LedgerGroup): Promise<string | null>
  usage(query: UsageQuery): Promise<UsageRow[]>
  close(): Promise<void>
}

export interface LedgerDeps {
  readonly writer: LedgerWriter
  readonly agentOf: AgentOf
  readonly clock: Clock
  readonly log: Pick<Log, 'warn' | 'info'>
  /** Runs it later; the returned function cancels it. */
  startTimer(delayMs: number, run: () => void): () => void
}

/** At most this many are written together, and at least this many as soon as they are there. */
const MAX_GROUP = 200
const EARLY_GROUP = 100
const WAIT_MS = 100
const RETRY_MS = 1000
const MAX_WAITING = 20_000
/** With policy `required`: so many may wait while nothing can be written, and while nobody knows yet. */
const FAILING_ROOM = MAX_GROUP
const UNSURE_ROOM = 1000

export function createLedger(deps: LedgerDeps, settings: Pick<LedgerSettings, 'policy'>): Ledger {
  return new GroupLedger(deps, settings.policy)
}

/** States: nothing is on its way (a timer runs where rows wait), or one group is; never two. */
class GroupLedger implements Ledger {
  readonly #deps: LedgerDeps
  readonly #policy: LedgerSettings['policy']
  /** The last one is open. */
  #waiting: OpenGroup[] = []
  #waitingRows = 0
  /** That is being written, or is to be tried again. */
  #group: OpenGroup | null = null
  #number = 1
  #round: Promise<boolean> | null = null
  #cancelTimer: (() => void) | null = null
  #written = 0
  #lost = 0
  /** Of these, what the writer has not been told. */
  #untold = 0
  #failingSince: number | null = null
  #problem: string | null = null
  #isClosed = false

  constructor(deps: LedgerDeps, policy: LedgerSettings['policy']) {
    this.#deps = deps
    this.#policy = policy
  }

  record(entry: LedgerEntry, cost = 0): void {
    if (!isBooked(entry)) return
    if (this.#isClosed || this.#waitingRows >= MAX_WAITING) return this.#lose(1)
    this.#openGroup().add(entry, cost)
    this.#waitingRows += 1
    if (this.#round !== null) return
    if (this.#waitingRows >= EARLY_GROUP && this.#failingSince === null) void this.#send()
    else this.#schedule()
  }

  refusal(): GatewayError | undefined {
    if (this.#policy === 'best-effort') return undefined
    const room = this.#failingSince === null ? UNSURE_ROOM : FAILING_ROOM
    if (this.#size < room) return undefined
    return new GatewayError('ledger_unavailable', { retryAfterSeconds: RETRY_MS / 1000 })
  }

  async flush(): Promise<void> {
    const goal = this.#written + this.#size
    while (this.#written < goal && (await this.#send()));
  }

  async usage(query: UsageQuery): Promise<UsageRow[]> {
    await this.flush()
    return this.#deps.writer.usage(query)
  }

  status(): LedgerStatus {
    const first = this.#group ?? this.#waiting[0]
    const lagMs = first === undefined ? 0 : Math.max(0, this.#deps.clock.now() - first.oldest)
    return {
      policy: this.#policy,
      written: this.#written,
      waiting: this.#size,
      lagMs,
      lost: this.#lost,
      failingSince: this.#failingSince,
      problem: this.#problem,
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.flush()
    this.#cancelTimer?.()
    const left = this.#size
    this.#group = null
    this.#waiting = []
    this.#waitingRows = 0
    if (left > 0) this.#lose(left)
    if (this.#lost > 0)
      this.#deps.log.warn({ rows: this.#lost }, 'Rows of the ledger were lost: they could not be written')
    await this.#deps.writer.close()
  }

  get #size(): number {
    return (this.#group?.size ?? 0) + this.#waitingRows
  }

  #openGroup(): OpenGroup {
    const last = this.#waiting.at(-1)
    if (last !== undefined && !last.isFull) return last
    const next = new OpenGroup(MAX_GROUP, this.#deps.agentOf)
    this.#waiting.push(next)
    return next
  }

  #takeGroup(): OpenGroup {
    const first = this.#waiting.shift() ?? new OpenGroup(0, this.#deps.agentOf)
    this.#waitingRows -= first.size
    return first
  }

  #lose(rows: number): void {
    if (this.#untold === 0 && !this.#isClosed)
      this.#deps.log.warn({ waiting: this.#size }, 'The ledger has no more room in memory: rows are lost from here on')
    this.#lost += rows
    this.#untold += rows
  }

  #schedule(): void {
    if (this.#cancelTimer !== null) return
    const delayMs = this.#failingSince === null ? WAIT_MS : RETRY_MS
    this.#cancelTimer = this.#deps.startTimer(delayMs, () => void this.#send())
  }

  /** False: it could not be written. Whoever comes while a group is on its way hears what becomes of that one. */
  #send(): Promise<boolean> {
    if (this.#round !== null) return this.#round
    this.#cancelTimer?.()
    this.#cancelTimer = null
    const next = this.#group === null || this.#group.size === 0 ? this.#takeGroup() : this.#group
    this.#group = next
    const told = this.#untold
    const group = next.group({ number: this.#number, lost: told })
    this.#round = this.#deps.writer.write(group).then((problem) => this.#over(problem, told))
    return this.#round
  }

  #over(problem: string | null, told: number): boolean {
    this.#round = null
    if (problem === null) {
      this.#written += this.#group?.size ?? 0
      this.#group = null
      this.#number += 1
      this.#untold -= told
      this.#recovered()
    } else this.#failed(problem)
    if (this.#waitingRows >= EARLY_GROUP && problem === null) void this.#send()
    else if (this.#size > 0 && !this.#isClosed) this.#schedule()
    return problem === null
  }

  #failed(problem: string): void {
    this.#problem = problem
    if (this.#failingSince !== null) return
    this.#failingSince = this.#deps.clock.now()
    const meanwhile = this.#policy === 'required' ? 'requests are refused until it can' : 'rows wait in memory'
    this.#deps.log.warn({ problem }, `The ledger cannot be written: ${problem}; ${meanwhile}`)
  }

  #recovered(): void {
    if (this.#failingSince === null) return
    this.#failingSince = null
    this.#problem = null
    this.#deps.log.info({ waiting: this.#waitingRows, lost: this.#lost }, 'The ledger is written again')
  }
}
