import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { Upstream } from '../../proxy/upstream.ts'
import type { Fleet, HealthChange } from '../fleet/fleet-state.ts'
import type { Inspector } from './inspector.ts'
import type { ModelRefresh } from './model-refresh.ts'
import type { RoutingSettings } from '../settings.ts'
import type { StartTimer } from '../timer.ts'
import type { UpstreamEvent, UpstreamState } from '../fleet/upstream-state.ts'

export interface HealthMonitorDeps {
  readonly fleet: Fleet
  readonly models: Pick<ModelRefresh, 'refresh'>
  readonly inspector: Pick<Inspector, 'probe' | 'readLoaded'>
  /** A probe was answered after so long. */
  probed(name: string, tookMs: number): void
  readonly clock: Clock
  readonly startTimer: StartTimer
  /** In [0, 1): spreads the probes. */
  readonly random: () => number
  readonly log: Log
}

export interface HealthMonitor {
  start(): void
  /** Ends once every upstream was asked once; a few seconds at most. */
  firstRound(): Promise<void>
  /** Asks now instead of at its time. */
  hurry(name: string): void
  /** Something may have changed there: asks before its time, but no more often than is configured. */
  changed(name: string): void
  /** To be called after the members of the fleet changed. */
  membersChanged(): void
  stop(): void
}

interface Watch {
  readonly upstream: Upstream
  state: 'idle' | 'probing'
  askedAt: number
  cancelTimer: () => void
}

/** While nothing is up, and to make sure of one that has just failed. */
const URGENT_INTERVAL_MS = 1000
const SUSPECT_INTERVAL_MS = 250
/** Providers count what they are asked, and a key that is refused stays refused until somebody changes it. */
const PROVIDER_INTERVAL_MS = 60_000
/** An agent's link has a heartbeat, and the agent tells when something has changed behind it. */
const AGENT_INTERVAL_MS = 30_000

/** Asks every upstream whether it lives, each at its own pace, so that a dead one delays nothing. */
export function createHealthMonitor(
  deps: HealthMonitorDeps,
  settings: Pick<RoutingSettings, 'healthIntervalMs' | 'modelTtlMs'>,
): HealthMonitor {
  const { fleet, startTimer } = deps
  const watches = new Map<string, Watch>()
  let first: Promise<unknown> = Promise.resolve()
  let stopped = true

  const probe = async (name: string, watch: Watch): Promise<void> => {
    watch.cancelTimer()
    watch.state = 'probing'
    watch.askedAt = deps.clock.now()
    await probeUpstream(deps, settings, name)
    watch.state = 'idle'
    arm(name, watch)
  }
  const arm = (name: string, watch: Watch): void => {
    const state = fleet.get(name)
    if (stopped || watches.get(name) !== watch || watch.state === 'probing') return
    watch.cancelTimer()
    if (state === undefined || !state.enabled) return void watches.delete(name)
    const delayMs = pauseMs(state, fleet.all(), settings.healthIntervalMs) * (0.8 + 0.2 * deps.random())
    watch.cancelTimer = startTimer(delayMs, () => void probe(name, watch))
  }
  const watchMembers = (): Promise<unknown> =>
    Promise.all(watchFresh(fleet.all(), watches).map(([name, watch]) => probe(name, watch)))

  let unlisten = (): void => {}
  const hear = (change: HealthChange): void => {
    logChange(deps.log, change)
    if (change.to !== 'down') return
    // When the last one goes down, the others must not sleep out a long interval.
    const all = isNothingUp(fleet.all())
    for (const [name, watch] of watches) if (all || name === change.name) arm(name, watch)
  }

  return {
    start() {
      stopped = false
      unlisten = fleet.onHealthChange(hear)
      first = watchMembers()
    },
    firstRound: async () => void (await first),
    hurry(name) {
      const watch = watches.get(name)
      if (!stopped && watch?.state === 'idle') void probe(name, watch)
    },
    changed(name) {
      const watch = watches.get(name)
      if (stopped || watch?.state !== 'idle') return
      watch.cancelTimer()
      const dueInMs = watch.askedAt + settings.healthIntervalMs - deps.clock.now()
      watch.cancelTimer = startTimer(Math.max(0, dueInMs), () => void probe(name, watch))
    },
    membersChanged: () => void (stopped || watchMembers()),
    stop() {
      stopped = true
      // Connections that break because the gateway ends are no news.
      unlisten()
      for (const watch of watches.values()) watch.cancelTimer()
      watches.clear()
    },
  }
}

/** Another upstream of the same name is another one: an agent that has come back is asked at once. */
function watchFresh(states: readonly UpstreamState[], watches: Map<string, Watch>): [string, Watch][] {
  const fresh = states.filter(({ enabled, name, upstream }) => enabled && watches.get(name)?.upstream !== upstream)
  return fresh.map(({ name, upstream }) => {
    const watch: Watch = { upstream, state: 'idle', askedAt: 0, cancelTimer: () => {} }
    watches.get(name)?.cancelTimer()
    watches.set(name, watch)
    return [name, watch]
  })
}

async function probeUpstream(
  { fleet, models, inspector, probed, clock, log }: HealthMonitorDeps,
  settings: Pick<RoutingSettings, 'healthIntervalMs' | 'modelTtlMs'>,
  name: string,
): Promise<void> {
  const before = fleet.get(name)
  if (before === undefined || !before.enabled) return
  const events = await inspector.probe(before, probeTimeoutMs(before, settings.healthIntervalMs))
  if (fleet.get(name)?.upstream !== before.upstream) return
  for (const event of events) {
    fleet.apply(name, event)
    if (event.kind === 'probe-answered') probed(name, event.tookMs)
    if (event.kind === 'probe-failed' && isNewsOfLoop(event, before)) logDown(log, name, event.detail)
  }
  const after = fleet.get(name)
  if (after?.health !== 'up' || after.consecutiveFailures > 0) return
  const isStale = after.modelsReadAt === null || clock.now() - after.modelsReadAt >= settings.modelTtlMs
  const needsModels = isStale || before.health !== 'up'
  await Promise.all([needsModels ? models.refresh(name) : undefined, readLoaded({ fleet, inspector, clock }, after)])
}

async function readLoaded(
  { fleet, inspector, clock }: Pick<HealthMonitorDeps, 'fleet' | 'inspector' | 'clock'>,
  state: UpstreamState,
): Promise<void> {
  const loaded = await inspector.readLoaded(state)
  if (loaded !== undefined) fleet.apply(state.name, { kind: 'loaded-read', at: clock.now(), loaded })
}

/** Short enough to find a recovered one within an interval, long enough to measure how slow a slow one is. */
function probeTimeoutMs(state: UpstreamState, intervalMs: number): number {
  const timeoutMs = Math.min(2000, Math.max(500, intervalMs))
  return state.maxResponseTimeMs === null ? timeoutMs : Math.max(timeoutMs, state.maxResponseTimeMs + 1000)
}

function pauseMs(state: UpstreamState, all: readonly UpstreamState[], intervalMs: number): number {
  if (state.provider !== null) {
    const isSettled = state.refusesKey || (state.health === 'up' && state.consecutiveFailures === 0)
    return isSettled ? Math.max(PROVIDER_INTERVAL_MS, intervalMs) : intervalMs
  }
  if (state.health === 'up' && state.consecutiveFailures > 0) return Math.min(SUSPECT_INTERVAL_MS, intervalMs)
  if (state.health === 'up' && state.agent !== null) return Math.max(AGENT_INTERVAL_MS, intervalMs)
  return isNothingUp(all) ? Math.min(URGENT_INTERVAL_MS, intervalMs) : intervalMs
}

function isNothingUp(all: readonly UpstreamState[]): boolean {
  return !all.some((state) => state.enabled && state.health === 'up')
}

/** The first probe comes before the gateway listens and finds nobody; that it was itself, no change of health tells. */
function isNewsOfLoop(event: Extract<UpstreamEvent, { kind: 'probe-failed' }>, before: UpstreamState): boolean {
  return event.failure === 'loop' && before.health === 'down' && before.fault !== event.detail
}

function logChange(log: Log, { name, from, to, fault }: HealthChange): void {
  if (to === 'up') log.info({ upstream: name }, from === 'down' ? 'upstream is up again' : 'upstream is up')
  else logDown(log, name, fault)
}

function logDown(log: Log, upstream: string, fault: string | null): void {
  log.warn({ upstream, fault }, 'upstream is down')
}
