import { randomUUID } from 'node:crypto'
import type { AdminDeps } from '../admin/admin-route.ts'
import type { LoadedConfig, Settings } from '../config/settings.ts'
import { createConsoleFiles } from '../http/console-files.ts'
import { createListener, type Listener } from '../http/listener.ts'
import type { AgentRegistry } from '../tunnel/server/registry.ts'
import { systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createBodyBudget } from '../proxy/body-budget.ts'
import { createRoutingCore } from '../routing/routing-core.ts'
import { startSystemTimer } from '../routing/timer.ts'
import type { UpstreamState } from '../routing/fleet/upstream-state.ts'
import { openStore, type Store } from '../store/open-store.ts'
import { loadPepper } from '../store/pepper.ts'
import type { RequestLog } from '../telemetry/request-log.ts'
import { createSeveralUpstreams } from '../upstreams/several-upstreams.ts'
import { type Agents, createAgents } from './agents.ts'
import { createApplyChanges } from './apply-changes.ts'
import { createCache } from './cache.ts'
import { openConsoleDoor } from './console-door.ts'
import { consoleFolder } from './console-folder.ts'
import { openFleetDesk } from './fleet-desk.ts'
import { createFirstKey } from './first-key.ts'
import { createGenerations, type Generations } from './generations.ts'
import { watchKeyUse } from './key-use.ts'
import { type KeyWatch, watchKeys } from './key-watch.ts'
import { ledgerTotals, openLedger } from './ledger.ts'
import { type LiveParts, openLive } from './live/live-parts.ts'
import type { LogRing } from './live/log-ring.ts'
import { createModelJobs } from './model-jobs.ts'
import { createConfigReport } from './config-report.ts'
import { createRefusals } from './refusals.ts'
import { createTelemetry, type Telemetry } from './telemetry.ts'
import { openLimitBook } from './limits.ts'
import { restartOnly } from './restart-only.ts'
import { watchStore } from './store-watch.ts'
import { joinUpgrade } from './upgrade.ts'

export interface GatewayDeps {
  readonly log: Log
  /** Null: exchanges are not logged. */
  readonly requestLog: RequestLog | null
  /** What `log` has said last. */
  readonly logs: LogRing
}

export interface RunningGateway {
  readonly urls: readonly string[]
  /** Of the listener that has the metrics only; null: there is none. */
  readonly metricsUrl: string | null
  /** The secret of the first key, where this start made one; to be shown once. */
  readonly firstKey: string | null
  /** What is known of the upstreams now. */
  upstreams(): readonly UpstreamState[]
  /** Takes over a config that was checked. Returns the keys that only a restart changes. */
  reload(config: LoadedConfig): readonly string[]
  /** The config was read again and is not right: what held before holds on. */
  reloadRefused(problems: readonly string[]): void
  /** Stops accepting, lets exchanges end within `drain`, ends the rest in-band. */
  stop(): Promise<void>
}

/** How long a stopped gateway waits for its last bytes to leave. */
const FLUSH_MS = 2000
/** How long the start waits for the upstreams' first word, so that the ready line tells who is there. */
const FIRST_ROUND_MS = 300

/** Builds the parts in boot order, listener last; a part that fails stops the start. */
export async function startGateway(
  config: LoadedConfig,
  { log, requestLog, logs }: GatewayDeps,
): Promise<RunningGateway> {
  const { settings } = config
  const parts = await openParts(settings, log)
  const { agents, cache, core, desk } = parts
  let draining = false
  const telemetry: Telemetry = createTelemetry(settings, { ...parts, requestLog, traffic: () => traffic })
  const live: LiveParts = openLive({ ...parts, logs, settings, traffic: () => traffic })
  const report = createConfigReport(config, { clock: parts.clock, restartOnly })
  const traffic: Generations = createGenerations(desk.settings, {
    ...generationParts(parts, { ...live.admin, config: report.view }, () => traffic),
    budget: createBodyBudget(settings.http.bodiesTotalBytes),
    telemetry,
    isDraining: () => draining,
    record(record, cost) {
      parts.ledger.record(record, cost)
      telemetry.record(record, cost)
      agents.recorded(record)
      live.ended(record)
    },
  })
  agents.registry.onChange(traffic.agentsChanged)
  followEnds(parts, { traffic, live })
  await withinMs(FIRST_ROUND_MS, traffic.current.routing.firstRound())
  const listener = openListener(settings, { traffic, agents, log })
  const { urls, metricsUrl } = await listen(settings, { listener, telemetry }).catch(async (error: unknown) => {
    // What has not started was not killed either.
    await parts.ledger.close()
    throw error
  })
  // Last: a start that fails shall not leave a key that nobody was shown.
  const firstKey = await makeFirstKey(settings, parts)

  return {
    urls,
    metricsUrl,
    firstKey,
    upstreams: () => core.fleet.all(),
    reload(next) {
      const before = traffic.current.settings
      report.taken(next)
      desk.configure(next.settings)
      agents.configure(desk.settings)
      cache.configure(next.settings.cache)
      traffic.replace(desk.settings)
      return restartOnly(before, next.settings)
    },
    reloadRefused: report.refused,
    async stop() {
      draining = true
      live.stop()
      agents.registry.goAway()
      await drain(listener, traffic, agents.registry)
      traffic.stop()
      await telemetry.close()
      await closeParts(parts)
    },
  }
}

interface Ending {
  readonly traffic: Pick<Generations, 'endKey' | 'endSession'>
  readonly live: Pick<LiveParts, 'recheck'>
}

/** What runs for a key or a session ends with it. */
function followEnds({ agents, consoleDoor, jobs, keys }: Parts, { traffic, live }: Ending): void {
  keys.onEnded((keyIds) => {
    keyIds.forEach(traffic.endKey)
    keyIds.forEach(agents.endKey)
    keyIds.forEach(jobs.endKey)
    live.recheck()
  })
  consoleDoor.sessions.onEnded((session) => {
    traffic.endSession(session)
    live.recheck()
  })
}

interface Listeners {
  readonly listener: Listener
  readonly telemetry: Pick<Telemetry, 'listen'>
}

async function listen({ http }: Settings, { listener, telemetry }: Listeners) {
  const urls = await Promise.all(http.listen.map((address) => listener.listen(address)))
  return { urls, metricsUrl: await telemetry.listen() }
}

type Parts = Awaited<ReturnType<typeof openParts>>

/** What outlives a reload and needs nobody who takes requests. */
async function openParts(settings: Settings, log: Log) {
  const clock = systemClock
  const store = await openStore(settings.store.url, { check: true, onWarning: (sentence) => log.warn({}, sentence) })
  const storeWatch = watchStore({ store, log })
  const pepper = await readPepper(settings, store, log)
  const keys = await watchKeys({ store, pepper, clock, log }, settings.auth)
  const instanceId = randomUUID()
  const agents = createAgents(settings, { clock, log, instanceId })
  const core = createRoutingCore({ clock, log, startTimer: startSystemTimer, several: createSeveralUpstreams })
  const desk = await openFleetDesk(settings, { store, core, instanceId, clock, startTimer: startSystemTimer, log })
  agents.configure(desk.settings)
  const jobs = createModelJobs({ core, clock, startTimer: startSystemTimer, randomId: shortId, log })
  const cache = createCache({ core, clock, startTimer: startSystemTimer }, settings.cache)
  const ledger = openLedger(settings, { fleet: core.fleet, instanceId, clock, log })
  const consoleDoor = await openConsoleDoor({ store, directory: keys.directory, pepper, clock, log })
  keys.onChanged(consoleDoor.sessions.sweep)
  const keyUse = watchKeyUse({ directory: keys.directory, store, log })
  const refusals = createRefusals({ store, log })
  const book = await openLimitBook({ totals: ledgerTotals(settings), clock, log })
  const startedAt = clock.now()
  return {
    ...{ clock, log, store, storeWatch, pepper, keys, consoleDoor, keyUse, instanceId, startedAt },
    ...{ agents, core, desk, jobs, cache, ledger, refusals, book },
  }
}

function generationParts(
  parts: Parts,
  told: Pick<AdminDeps, 'exchanges' | 'live' | 'logs' | 'config'>,
  traffic: () => Generations,
) {
  const { agents, desk, jobs, keys, refusals, store, pepper, clock } = parts
  return {
    ...parts,
    agents: agents.registry,
    agentDoor: agents.doors,
    directory: keys.directory,
    consoleFiles: createConsoleFiles(consoleFolder()),
    admin: {
      ...{ store, pepper, clock, upstreams: desk, jobs },
      ...told,
      changed: createApplyChanges(parts, traffic),
      refused: refusals.note,
    },
    denied: refusals.denied,
    storeProblem: store.problem,
  }
}

/** In the order in which one still needs the next. */
async function closeParts({
  cache,
  jobs,
  keys,
  consoleDoor,
  keyUse,
  refusals,
  ledger,
  storeWatch,
  store,
}: Parts): Promise<void> {
  cache.stop()
  jobs.stop()
  keys.stop()
  await consoleDoor.close()
  await keyUse.close()
  await refusals.close()
  await ledger.close()
  storeWatch.stop()
  await store.close()
}

function readPepper({ store: { url, pepper } }: Settings, store: Store, log: Log): Promise<Uint8Array> {
  const onWarning = (sentence: string): void => log.warn({}, sentence)
  return loadPepper({ storeUrl: url, store, pepper: pepper ?? undefined, onWarning })
}

interface Entrance {
  readonly traffic: Generations
  readonly agents: Agents
  readonly log: Log
}

function openListener(settings: Settings, { traffic, agents, log }: Entrance): Listener {
  return createListener(settings.http, {
    request: (client) => traffic.current.door.request(client),
    native: (request, upgrade) => agents.doors.upgrade(traffic.current.door, request, upgrade),
    upgrade: (request, socket) => joinUpgrade(traffic.current, request, socket),
    // What an agent answers comes in new requests, to the end.
    outlastsStop: (target) => target === '/agent/v1/up',
    failed: (error) => log.error({ err: error }, 'A request failed inside the gateway'),
  })
}

type FirstKeyDeps = Parameters<typeof createFirstKey>[0] & { readonly keys: KeyWatch }

/** Null where there is a key, or none is needed. */
async function makeFirstKey(settings: Settings, { keys, ...deps }: FirstKeyDeps): Promise<string | null> {
  if (settings.auth.mode !== 'keys' || (await keys.hasKeys())) return null
  const firstKey = await createFirstKey(deps)
  await keys.changed()
  return firstKey
}

async function drain(listener: Listener, traffic: Generations, agents: Pick<AgentRegistry, 'closeAll'>): Promise<void> {
  const closed = listener.stopAccepting()
  listener.closeIdle()
  await withinMs(traffic.current.settings.http.drainMs, traffic.idle())
  traffic.endAll()
  agents.closeAll()
  listener.closeIdle()
  await withinMs(FLUSH_MS, closed)
  listener.destroyAll()
}

/** Enough to tell jobs of one gateway apart. */
function shortId(): string {
  return randomUUID().slice(0, 8)
}

async function withinMs(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, limitMs)))])
  clearTimeout(timer)
}
