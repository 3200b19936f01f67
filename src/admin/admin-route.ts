import type * as z from 'zod'
import type { Creator } from '../auth/granting.ts'
import type { Principal } from '../auth/principal.ts'
import type { AuditEntry } from '../auth/audit.ts'
import type { KeyStore, KeyTables } from '../auth/key-store.ts'
import type { UsageQuery, UsageRow } from '../ledger/usage.ts'
import type { Clock } from '../lib/clock.ts'
import type { LimitUse } from '../limits/limit-use.ts'
import type { RouteExplanation } from '../routing/explanation.ts'
import type { RouteQuestion } from '../routing/routing.ts'
import type { FleetModels } from './model-schemas.ts'
import type { GatewayStatus } from './schemas.ts'

/** What the management API asks of the rest of the gateway. */
export interface AdminDeps {
  readonly store: KeyStore
  /** Keys the digests of secrets. */
  readonly pepper: Uint8Array
  readonly clock: Clock
  status(): GatewayStatus
  explain(question: RouteQuestion): Promise<RouteExplanation>
  /** Which models are where, and where they should be. */
  models(): FleetModels
  /** Names of the pools that agents can join. */
  pools(): readonly string[]
  /** What the ledger says was used. */
  usage(query: UsageQuery): Promise<UsageRow[]>
  /** How much is used of the limits of a key and its user; of everybody, those of which most is. */
  limitUses(of: Principal | 'everybody'): Promise<readonly LimitUse[]>
  /** Users or keys are different now; whoever holds a copy has looked again when this resolves. */
  changed(): Promise<void>
  /** Hears of what somebody tried who may not; never throws. */
  refused(entry: AuditEntry): void
}

export interface AdminContext extends Omit<AdminDeps, 'store' | 'changed' | 'refused'> {
  /** Of a route that changes something, all within one transaction. */
  readonly store: KeyTables
  readonly principal: Creator
  /** Writes into the audit log what was done, and to what; it holds when the change does. */
  audit(action: string, subject: string, detail: AuditEntry['detail']): Promise<void>
  /** Decoded values of the pattern's `:name` segments. */
  readonly params: Readonly<Record<string, string>>
}

/** One line of the management API: the console, the CLI and openapi.json all read it from here. */
export interface AdminRoute<Input = unknown, Output = unknown> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly pattern: string
  /** `self`: any key of a user in the store; the handler narrows it to what is the user's own. */
  readonly scope: 'admin' | 'self'
  /** Users or keys: it is one transaction, and the audit log tells of it. */
  readonly changes?: true
  readonly summary: string
  /** Of the answer when all went well. */
  readonly status: 200 | 201
  /** Of the body, or of the query of a GET; null takes neither. */
  readonly input: z.ZodType<Input> | null
  readonly output: z.ZodType<Output>
  handle(context: AdminContext, input: Input): Promise<Output>
}

/** Lets the handler's types follow from the schemas. */
export function adminRoute<Input, Output>(route: AdminRoute<Input, Output>): AdminRoute<Input, Output> {
  return route
}
