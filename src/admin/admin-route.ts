import type * as z from 'zod'
import type { Creator } from '../auth/granting.ts'
import type { AuditEntry } from '../auth/audit.ts'
import type { KeyStore, KeyTables } from '../auth/key-store.ts'
import type { Principal } from '../auth/principal.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { UsageQuery, UsageRow } from '../ledger/usage.ts'
import type { Clock } from '../lib/clock.ts'
import type { LimitUse } from '../limits/limit-use.ts'
import type { RouteExplanation } from '../routing/selection/explanation.ts'
import type { RouteQuestion } from '../routing/routing.ts'
import type { EffectiveConfig } from './config-schemas.ts'
import type { ExchangeList, ExchangeView } from './exchange-schemas.ts'
import type { EventSource, LiveViewer, Sight } from './live-viewer.ts'
import type { LogQuery, LogsView } from './log-schemas.ts'
import type { JobDesk } from './job-desk.ts'
import type { FleetModels } from './model-schemas.ts'
import type { GatewayStatus } from './schemas.ts'
import type { UpstreamDesk } from './upstream-desk.ts'

/** What the management API asks of the rest of the gateway. */
export interface AdminDeps {
  readonly store: KeyStore
  /** Keys the digests of secrets. */
  readonly pepper: Uint8Array
  readonly clock: Clock
  status(): GatewayStatus
  explain(question: RouteQuestion): Promise<RouteExplanation>
  /** Which models are where, and where they should be. */
  models(): Pick<FleetModels, 'upstreams'>
  /** Undefined: its key may name the model, which is canonical. */
  mayUseModel(principal: Principal, model: string): GatewayError | undefined
  readonly upstreams: UpstreamDesk
  readonly jobs: JobDesk
  /** Names of the pools that agents can join. */
  pools(): readonly string[]
  /** What the ledger says was used. */
  usage(query: UsageQuery): Promise<UsageRow[]>
  /** How much is used of the limits of a key and its user; of everybody, those of which most is. */
  limitUses(of: Principal | 'everybody'): Promise<readonly LimitUse[]>
  readonly exchanges: WatchedExchanges
  /** What happens from now on, told as events. Throws GatewayError where somebody watches too often. */
  live(viewer: LiveViewer): EventSource
  /** What the gateway's log has said last. */
  logs(query: LogQuery): LogsView
  /** Every setting that holds, and where it came from. */
  config(): EffectiveConfig
  /** Users or keys are different now; whoever holds a copy has looked again when this resolves. */
  changed(): Promise<void>
  /** Hears of what somebody tried who may not; never throws. */
  refused(entry: AuditEntry): void
}

export interface WatchedExchanges {
  /** Those that run, and the last that have ended. */
  list(sight: Sight, last: number): ExchangeList
  /** Ends one that runs, and how it stood; undefined: nobody sees one of this id running. */
  stop(sight: Sight, id: string): ExchangeView | undefined
}

/** What a change is made with. */
export interface Changing {
  /** Of a route that changes something, all within one transaction. */
  readonly store: KeyTables
  /** Writes into the audit log what was done, and to what; it holds when the change does. */
  audit(action: string, subject: string, detail: AuditEntry['detail']): Promise<void>
}

export interface AdminContext extends Changing, Omit<AdminDeps, 'store' | 'changed' | 'refused'> {
  /**
   * One transaction, for a route that has to wait for others before or after it: what was changed holds when this
   * resolves. Not within another one.
   */
  commit<T>(change: (changing: Changing) => Promise<T>): Promise<T>
  readonly principal: Creator
  /** Decoded values of the pattern's `:name` segments. */
  readonly params: Readonly<Record<string, string>>
}

/** One line of the management API: the console, the CLI and openapi.json all read it from here. */
export interface AdminRoute<Input = unknown, Output = unknown> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly pattern: string
  /** `self`: any key of a user in the store; the handler narrows it to what is the user's own. */
  readonly scope: 'admin' | 'self'
  /** It is one transaction, and the audit log tells of it. `by commit`: it says itself when that is. */
  readonly changes?: true | 'by commit'
  readonly summary: string
  /** Of the answer when all went well. */
  readonly status: 200 | 201
  /** Of the body, or of the query of a GET; null takes neither. */
  readonly input: z.ZodType<Input> | null
  readonly output: z.ZodType<Output>
  handle(context: AdminContext, input: Input): Promise<Output>
}

/** A line of the management API that is answered with events for as long as the caller listens. */
export interface AdminStream<Input = unknown> extends Omit<AdminRoute<Input>, 'output' | 'handle' | 'changes'> {
  /** What they tell, by their names. */
  readonly events: Readonly<Record<string, z.ZodType>>
  open(context: AdminContext, input: Input): Promise<EventSource>
}

/** Lets the handler's types follow from the schemas. */
export function adminRoute<Input, Output>(route: AdminRoute<Input, Output>): AdminRoute<Input, Output> {
  return route
}
