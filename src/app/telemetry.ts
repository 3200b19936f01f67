import type { Settings } from '../config/settings.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import type { Fleet } from '../routing/fleet/fleet-state.ts'
import type { Routing } from '../routing/routing.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { RequestLog } from '../telemetry/request-log.ts'
import type { AgentRegistry } from '../tunnel/server/registry.ts'
import { type Bodies, createBodies } from './bodies.ts'
import type { GatewayCache } from './cache.ts'
import { createGatewayMetrics } from './metrics.ts'
import { createMetricsListener } from './metrics-listener.ts'
import { createTraces, type Traces } from './traces.ts'

/** What the gateway tells of itself while it runs: the request log, the bodies, the metrics, the traces. */
export interface Telemetry {
  readonly metrics: Pick<Metrics, 'scrape'>
  readonly traces: Traces
  /** Null: there is no folder for them. */
  readonly bodies: Pick<Bodies, 'watching'> | null
  /** Once for each exchange, when it is over; `cost` by the prices it ran under. */
  record(record: ExchangeRecord, cost: number): void
  /** Listens where the config wants the metrics apart. The URL; null: nowhere. */
  listen(): Promise<string | null>
  /** What was recorded has been told then, or has been tried to. */
  close(): Promise<void>
}

export interface TelemetryDeps {
  readonly clock: Clock
  readonly log: Log
  /** Null: exchanges are not logged. */
  readonly requestLog: RequestLog | null
  readonly core: { readonly fleet: Fleet }
  readonly agents: { readonly registry: AgentRegistry }
  readonly cache: Pick<GatewayCache, 'held'>
  readonly ledger: Pick<Ledger, 'status'>
  readonly startedAt: number
  /** What takes the requests; is made later. */
  traffic(): Traffic
}

interface Traffic {
  readonly current: { readonly routing: Routing; readonly settings: Settings }
  running(): number
}

export function createTelemetry(settings: Settings, deps: TelemetryDeps): Telemetry {
  const { http, traces: traceSettings } = settings
  const { log, requestLog, traffic } = deps
  const bodies = createBodies(settings, deps)
  const traces = createTraces(traceSettings, log)
  const metrics = createGatewayMetrics({
    fleet: deps.core.fleet,
    agents: deps.agents.registry,
    startedAt: deps.startedAt,
    routing: () => traffic().current.routing,
    pools: () => traffic().current.settings.agents.pools.map(({ name }) => name),
    sources: {
      runningExchanges: () => traffic().running(),
      cache: deps.cache.held,
      ledger: () => deps.ledger.status(),
      ...(requestLog === null ? {} : { requestLog: requestLog.counts }),
      ...(bodies === null ? {} : { bodyLog: bodies.counts }),
      ...(traces.counts === null ? {} : { traceSpans: traces.counts }),
    },
  })
  const listener = http.metrics === null ? null : createMetricsListener(http.metrics, { scrape: metrics.scrape, log })
  return {
    metrics,
    traces,
    bodies,
    record(record, cost) {
      requestLog?.write(record)
      metrics.record(record, cost)
      traces.record(record)
    },
    listen: async () => (http.metrics === null || listener === null ? null : listener.listen(http.metrics.address)),
    async close() {
      listener?.destroyAll()
      await Promise.all([traces.close(), requestLog?.close(), bodies?.close()])
    },
  }
}
