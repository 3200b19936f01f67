import type { GatewayStatus } from '../admin/schemas.ts'
import type { Ledger, LedgerStatus } from '../ledger/ledger.ts'
import { version } from '../lib/version.ts'
import type { ModelLoad, ServerLoad } from '../routing/dispatch/server-load.ts'
import type { LearntFleet } from '../routing/fleet/learnt-fleet.ts'
import type { Routing } from '../routing/routing.ts'
import type { Waker } from '../routing/fleet/waker.ts'
import { stateWord, type UpstreamState } from '../routing/fleet/upstream-state.ts'
import type { AgentRegistry } from '../tunnel/server/registry.ts'
import type { AgentSession } from '../tunnel/server/session.ts'
import type { FleetDesk } from './fleet-desk.ts'

export interface StatusDeps {
  readonly startedAt: number
  readonly storeProblem: () => string | null
  readonly agents: Pick<AgentRegistry, 'agents' | 'isConnected'>
  readonly ledger: Pick<Ledger, 'status'>
  readonly desk: Pick<FleetDesk, 'factsOf'>
  readonly core: { readonly waker: Pick<Waker, 'isWaking'> }
}

type UpstreamStatus = GatewayStatus['upstreams'][number]

/** How the gateway and its upstreams are, for an admin. */
export function gatewayStatus(
  routing: Pick<Routing, 'fleet' | 'loads' | 'queues' | 'learnt'>,
  deps: StatusDeps,
): GatewayStatus {
  const { startedAt, agents, ledger, storeProblem } = deps
  const sessions = new Map(agents.agents().map((session) => [session.id, session]))
  const loads = new Map(routing.loads().map((load) => [load.server, load]))
  return {
    version,
    started_at: new Date(startedAt).toISOString(),
    uptime_seconds: Math.round((Date.now() - startedAt) / 1000),
    upstreams: routing.fleet.all().map((state) => ({
      ...activityView(state, loads.get(state.name), routing.learnt),
      ...originView(state, deps),
      name: state.name,
      provider: state.provider !== null,
      fault: state.fault,
      agent: state.agent === null ? null : agentView(sessions.get(state.name), agents),
      state: stateWord(state),
      version: state.version,
      priority: state.priority,
      memory_bytes: state.memoryBytes,
      slow: state.slow,
      running: state.running,
      models: [...(state.models?.values() ?? [])].map((entry) => entry.canonical),
    })),
    queue: queueView(routing.queues()),
    store: { problem: storeProblem() },
    ledger: ledgerView(ledger.status()),
  }
}

function originView(
  { name, agent, wake }: UpstreamState,
  { desk, core }: StatusDeps,
): Pick<UpstreamStatus, 'url' | 'origin' | 'held' | 'wake'> {
  const { url, isAdded, held } = desk.factsOf(name)
  const usual = agent === null ? 'config' : 'agent'
  const waking = core.waker.isWaking(name) ? 'waking' : 'ready'
  return { url, origin: isAdded ? 'added' : usual, held, wake: wake === null ? null : waking }
}

function activityView(
  state: UpstreamState,
  load: ServerLoad | undefined,
  learnt: LearntFleet,
): Pick<UpstreamStatus, 'waiting' | 'round_trip_ms' | 'load_bytes_per_second' | 'loaded'> {
  const { roundTripMs, loadBytesPerSecond } = learnt.server(state.name)
  const listed = new Map(state.loaded.map((entry) => [entry.canonical, entry.raw]))
  // What was sent there knows of a load before the upstream lists it, and the other way round.
  const active = new Map((load?.models ?? []).map((model) => [model.model, model]))
  const names = new Set([...active.keys(), ...listed.keys()])
  return {
    waiting: load?.waiting ?? 0,
    round_trip_ms: roundTripMs,
    load_bytes_per_second: loadBytesPerSecond,
    loaded: state.provider === null ? [...names].map((name) => loadedView(name)) : [],
  }

  function loadedView(model: string): UpstreamStatus['loaded'][number] {
    const { state: loading = 'loaded', running = 0, slots }: Partial<ModelLoad> = active.get(model) ?? {}
    const raw = listed.get(model)
    const rates = learnt.pair(state.name, model)
    return {
      model,
      state: loading,
      memory_bytes: sizeOf(raw?.['size']),
      expires_at: timeOf(raw?.['expires_at']),
      running,
      slots: slots === undefined || slots === Infinity ? null : slots,
      prefill_tokens_per_second: rates.prefillTokensPerSecond,
      decode_tokens_per_second: rates.decodeTokensPerSecond,
    }
  }
}

function queueView(queues: ReturnType<Routing['queues']>): GatewayStatus['queue'] {
  return {
    waiting: queues.reduce((sum, { waiting }) => sum + waiting, 0),
    longest_wait_ms: Math.max(0, ...queues.map(({ longestWaitMs }) => longestWaitMs)),
    models: queues.map(({ model, waiting, longestWaitMs }) => ({ model, waiting, longest_wait_ms: longestWaitMs })),
  }
}

function ledgerView({
  policy,
  written,
  waiting,
  lagMs,
  lost,
  failingSince,
  problem,
}: LedgerStatus): GatewayStatus['ledger'] {
  const failing_since = failingSince === null ? null : new Date(failingSince).toISOString()
  return { policy, written, waiting, lag_ms: Math.round(lagMs), lost, failing_since, problem }
}

function sizeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

/** Ollama writes nanoseconds and its own zone. */
function timeOf(value: unknown): string | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isFinite(at) ? new Date(at).toISOString() : null
}

function agentView(session: AgentSession | undefined, agents: StatusDeps['agents']): UpstreamStatus['agent'] {
  if (session === undefined) return null
  const { pool, host, address, transport, software, connectedAt } = session.facts
  const [connected, connected_at] = [agents.isConnected(session), new Date(connectedAt).toISOString()]
  return { pool, host, address, transport, software, connected, connected_at, round_trip_ms: session.roundTripMs }
}
