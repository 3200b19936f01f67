import type { Clock } from '../../lib/clock.ts'
import type { CapacityOf } from '../dispatch/capacity.ts'
import type { ServerLoad } from '../dispatch/server-load.ts'
import type { BytesOf } from '../fleet/fleet-facts.ts'
import type { Fleet } from '../fleet/fleet-state.ts'
import { loadedModels } from '../fleet/loaded-models.ts'
import type { StartTimer } from '../timer.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'
import type { LoadOutcome, ModelLoader } from './model-loader.ts'
import { planWarmth, type WarmServer, type WarmStep, type WarmWish } from './warm-plan.ts'

/** Has the models of `models.keep_warm` loaded, and again after their servers were started anew. */
export interface KeepWarmer {
  configure(wishes: readonly WarmWish[]): void
  stop(): void
}

export interface KeepWarmDeps {
  readonly fleet: Pick<Fleet, 'all' | 'get'>
  readonly loader: Pick<ModelLoader, 'load'>
  readonly bytesOf: BytesOf
  readonly capacityOf: CapacityOf
  /** What dispatching knows of the upstreams now. */
  loads(): readonly ServerLoad[]
  /** A model is there that was not. */
  loaded(server: string, model: string, tookMs: number): void
  readonly clock: Clock
  readonly startTimer: StartTimer
}

const LOOK_EVERY_MS = 5000

/**
 * Not for ever: the value stays with the loaded model, also when the gateway has gone or its config has changed. It is
 * renewed long before, and soon after a request has set a shorter one; left alone, it gives the owner's own value its
 * place again within a quarter of an hour.
 */
const KEEP_ALIVE = '15m'
const RENEW_EVERY_MS = 5 * 60_000

/** A list of what is loaded may be older than our own load; to load what is there already costs nothing. */
const LIST_DELAY_MS = 10_000

const FIRST_PAUSE_MS = 60_000
const LAST_PAUSE_MS = 16 * 60_000

interface Tried {
  readonly at: number
  /** Until it is tried again, where it failed. */
  readonly pauseMs: number
}

export function createKeepWarm(deps: KeepWarmDeps): KeepWarmer {
  const { fleet, clock, loader } = deps
  const tried = new Map<string, Tried>()
  const running = new Map<string, WarmStep>()
  let wishes: readonly WarmWish[] = []
  let cancelTimer: (() => void) | null = null

  const finished = (step: WarmStep, outcome: LoadOutcome): void => {
    const key = keyOf(step)
    const pauseMs = Math.min(LAST_PAUSE_MS, 2 * (tried.get(key)?.pauseMs ?? FIRST_PAUSE_MS / 2))
    running.delete(key)
    const isDone = outcome.kind === 'done'
    tried.set(key, { at: clock.now(), pauseMs: isDone ? 0 : Math.max(FIRST_PAUSE_MS, pauseMs) })
    if (isDone && step.kind === 'load') deps.loaded(step.server, step.model, outcome.tookMs)
  }
  const start = (step: WarmStep): void => {
    const upstream = fleet.get(step.server)?.upstream
    if (upstream === undefined) return
    running.set(keyOf(step), step)
    void loader.load(upstream, step.model, KEEP_ALIVE).then((outcome) => finished(step, outcome))
  }
  const look = (): void => {
    cancelTimer = deps.startTimer(LOOK_EVERY_MS, look)
    const servers = warmServers(deps, [...running.values()])
    const names = new Set(servers.map(({ name }) => name))
    for (const key of tried.keys()) if (!names.has(serverOf(key))) tried.delete(key)
    for (const step of planWarmth(wishes, servers)) {
      if (!running.has(keyOf(step)) && isDue(step, tried.get(keyOf(step)), clock.now())) start(step)
    }
  }

  return {
    configure(next) {
      wishes = next
      cancelTimer?.()
      cancelTimer = next.length === 0 ? null : deps.startTimer(0, look)
    },
    stop() {
      cancelTimer?.()
      cancelTimer = null
    },
  }
}

function isDue({ kind }: WarmStep, before: Tried | undefined, now: number): boolean {
  if (before === undefined) return true
  if (before.pauseMs > 0) return now - before.at >= before.pauseMs
  return now - before.at >= (kind === 'keep' ? RENEW_EVERY_MS : LIST_DELAY_MS)
}

function warmServers(deps: KeepWarmDeps, running: readonly WarmStep[]): WarmServer[] {
  const loads = new Map(deps.loads().map((load) => [load.server, load]))
  const able = deps.fleet
    .all()
    .filter(({ enabled, draining, health, provider }) => enabled && !draining && health === 'up' && provider === null)
  return able.map((state) => warmServer(deps, state, { load: loads.get(state.name), running }))
}

interface Doing {
  readonly load: ServerLoad | undefined
  readonly running: readonly WarmStep[]
}

function warmServer(deps: KeepWarmDeps, state: UpstreamState, { load, running }: Doing): WarmServer {
  const { name, priority, agent, memoryBytes } = state
  const ours = running.filter((step) => step.server === name && step.kind === 'load').map(({ model }) => model)
  const theirs = load?.models.filter((each) => each.state === 'loading').map(({ model }) => model) ?? []
  const { bytes, models } = deps.capacityOf(name)
  const loaded = loadedModels(state)
  return {
    ...{ name, priority, pool: agent?.pool ?? null },
    models: new Map([...(state.models?.keys() ?? [])].map((model) => [model, deps.bytesOf(state, model)])),
    loaded: new Set(loaded.map(({ model }) => model)),
    held: { bytes: loaded.reduce((sum, each) => sum + each.bytes, 0), models: state.loaded.length },
    holds: { bytes: memoryBytes ?? bytes, models },
    loading: new Set([...ours, ...theirs]),
    hasQueue: (load?.waiting ?? 0) > 0,
  }
}

/** No name of an upstream holds a line break. */
function keyOf({ server, model }: WarmStep): string {
  return `${server}\n${model}`
}

function serverOf(key: string): string {
  return key.slice(0, key.indexOf('\n'))
}
