import type { Principal } from '../auth/principal.ts'
import type { Log } from '../lib/log.ts'
import type { BodyBudget } from './body-budget.ts'
import type { ClientPort } from './client-port.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import type { ExchangeDeps } from './exchange-request.ts'
import type { ExchangeTrace } from './exchange-trace.ts'
import type { LimitsPort } from './limits-port.ts'
import type { ReadRules } from './read-request.ts'
import type { Route } from './route.ts'
import type { ModelPolicy } from './settings.ts'
import type { BodyStream } from './upstream.ts'

/** A request whose route and principal are known, and whose body nobody has read. */
export interface Admitted {
  readonly route: Route
  readonly principal: Principal
  /** Decoded values of the route's pattern. */
  readonly params: Readonly<Record<string, string>>
  /** Path and query for the upstream. */
  readonly target: string
  /** The body in plain form: decoded where it came compressed. */
  readonly body: BodyStream | null
  readonly trace: ExchangeTrace
  /** Go with every answer: CORS. */
  readonly extraHeaders: readonly string[]
}

/** Sees what some clients send and what they are sent, without a part in it. */
export interface BodyWatch {
  /** What the exchange is to run with in place of its client and its body; undefined: nobody wants to see this one. */
  watch(client: ClientPort, admitted: Admitted): Watched | undefined
}

export interface Watched {
  readonly client: ClientPort
  readonly body: BodyStream | null
}

export interface ProxyDeps extends Omit<ExchangeDeps, 'over' | 'running' | 'began'> {
  readonly rules: ReadRules
  /** What principals and models may be used for. */
  readonly limited: LimitsPort
  readonly budget: BodyBudget
  readonly maxBodyBytes: number
  readonly policies: readonly ModelPolicy[]
  /** Null: nobody's are looked at. */
  readonly bodies: BodyWatch | null
  isLive(principal: Principal): boolean
  record(record: ExchangeRecord): void
  readonly log: Log
}
