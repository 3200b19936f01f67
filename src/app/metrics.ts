import { runtime } from '../lib/runtime.ts'
import { version } from '../lib/version.ts'
import type { ServerLoad } from '../routing/dispatch/server-load.ts'
import type { Fleet } from '../routing/fleet/fleet-state.ts'
import type { Routing } from '../routing/routing.ts'
import { stateWord, type UpstreamState } from '../routing/fleet/upstream-state.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import type { MetricsSources, ProcessReading, UpstreamReading } from '../telemetry/metrics-sources.ts'
import type { AgentRegistry } from '../tunnel/server/registry.ts'

export interface GatewayMetricsDeps {
  readonly fleet: Pick<Fleet, 'get' | 'knows'>
  readonly agents: Pick<AgentRegistry, 'agents' | 'isConnected'>
  readonly startedAt: number
  /** Of the generation that is current when it is called. */
  routing(): Pick<Routing, 'fleet' | 'loads' | 'queues' | 'learnt'>
  /** Of the same. */
  pools(): readonly string[]
  readonly sources: Pick<MetricsSources, 'runningExchanges' | 'requestLog' | 'traceSpans' | 'cache' | 'ledger'>
}

/** The metrics of a gateway: what ends is counted, and the rest is read from its parts when somebody asks. */
export function createGatewayMetrics(deps: GatewayMetricsDeps): Metrics {
  const { fleet, routing, startedAt } = deps
  return createMetrics({
    isUpstream: (name) => fleet.get(name) !== undefined,
    isModel: (canonical) => fleet.knows(canonical),
    sources: {
      ...deps.sources,
      upstreams: () => readUpstreams(routing()),
      queues: () => routing().queues(),
      agents: () => countAgents(deps),
      process: () => readProcess(startedAt),
    },
  })
}

function readUpstreams({ fleet, loads, learnt }: ReturnType<GatewayMetricsDeps['routing']>): UpstreamReading[] {
  const byName = new Map(loads().map((load) => [load.server, load]))
  return fleet.all().map((state) => readUpstream(state, byName.get(state.name), learnt.server(state.name).roundTripMs))
}

function readUpstream(state: UpstreamState, load: ServerLoad | undefined, roundTripMs: number | null): UpstreamReading {
  const models = load?.models ?? []
  const active = new Set(models.map(({ model }) => model))
  // What is in its memory without Corral's doing has no slot taken.
  const idle = state.provider === null ? state.loaded.filter(({ canonical }) => !active.has(canonical)) : []
  return {
    name: state.name,
    state: stateWord(state),
    running: state.running,
    waiting: load?.waiting ?? 0,
    roundTripMs,
    models: [
      ...models.map(({ slots, ...model }) => ({ ...model, slots: slots === Infinity ? null : slots })),
      ...idle.map(({ canonical }) => ({ model: canonical, state: 'loaded' as const, running: 0, slots: null })),
    ],
  }
}

function countAgents({ agents, pools }: GatewayMetricsDeps): ReadonlyMap<string, number> {
  const counts = new Map(pools().map((pool) => [pool, 0]))
  for (const session of agents.agents()) {
    const { pool } = session.facts
    if (agents.isConnected(session)) counts.set(pool, (counts.get(pool) ?? 0) + 1)
  }
  return counts
}

function readProcess(startedAt: number): ProcessReading {
  const { user, system } = process.cpuUsage()
  const residentBytes = process.memoryUsage().rss
  return { version, runtime, startedAt, userCpuSeconds: user / 1e6, systemCpuSeconds: system / 1e6, residentBytes }
}
