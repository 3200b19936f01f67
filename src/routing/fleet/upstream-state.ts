import type { AttemptOutcome } from '../../proxy/router.ts'
import type { Upstream } from '../../proxy/upstream.ts'
import { afterFailure, afterPause, afterSuccess, type Breaker, type BreakerRules, CLOSED } from '../health/breaker.ts'
import type { ModelEntry } from '../models/model-entry.ts'
import { type ProviderView, statedModels } from '../models/provider-models.ts'

export type Health = 'unknown' | 'up' | 'down'

/** What is known of one upstream at one moment. Each event makes a new one; only `running` is counted in place. */
export interface UpstreamState {
  readonly upstream: Upstream
  readonly name: string
  /** Lower is preferred. */
  readonly priority: number
  readonly enabled: boolean
  /** It finishes what runs there and gets nothing new. */
  readonly draining: boolean
  readonly maxResponseTimeMs: number | null
  /** What its models may take; null where nothing is said. */
  readonly memoryBytes: number | null
  /** Per loaded model; null: learnt. */
  readonly slots: number | null
  readonly health: Health
  /** Why it is down. */
  readonly fault: string | null
  /** Its last health probe took longer than it may. */
  readonly slow: boolean
  /** Null: of an Ollama not asked yet; of a provider always. */
  readonly version: string | null
  /** Null: it is an Ollama. */
  readonly provider: ProviderView | null
  /** It does not accept the key it was given. */
  readonly refusesKey: boolean
  readonly wake: Wake | null
  readonly agent: AgentView | null
  /** By canonical name; null until its list was read once. */
  readonly models: ReadonlyMap<string, ModelEntry> | null
  readonly modelsReadAt: number | null
  readonly loaded: readonly ModelEntry[]
  /** Changes with every request, and is of interest to few: no reason for a new state. */
  running: number
  readonly consecutiveFailures: number
  /** Health probes in a row that it did not answer at all. */
  readonly unansweredProbes: number
  /** How often it was down because it did not answer them: what was sent there before is not answered either. */
  readonly losses: number
  readonly lastSeenAt: number | null
  /** Of requests that run a model, whatever its health probes say. */
  readonly breaker: Breaker
  /** Models that it could not run lately, by canonical name. */
  readonly failing: ReadonlyMap<string, Breaker>
  /** It said that it has no room; until when it is not sent more than it runs. Null: it did not. */
  readonly busyUntil: number | null
}

export type UpstreamEvent =
  | { readonly kind: 'probe-answered'; readonly at: number; readonly tookMs: number; readonly version: string | null }
  | { readonly kind: 'probe-failed'; readonly failure: ProbeFailure; readonly detail: string }
  | { readonly kind: 'models-read'; readonly at: number; readonly models: ReadonlyMap<string, ModelEntry> }
  | { readonly kind: 'loaded-read'; readonly at: number; readonly loaded: readonly ModelEntry[] }
  | {
      readonly kind: 'outcome'
      readonly at: number
      readonly outcome: AttemptOutcome
      /** Canonical; null or absent where the request ran none: only those that do tell whether it can. */
      readonly model?: string | null
    }
  | { readonly kind: 'time-passed'; readonly at: number }

/** `timed-out` and `bad-answer` may be a busy moment; the others leave no doubt. */
export type ProbeFailure = 'unreachable' | 'loop' | 'refused-key' | 'timed-out' | 'bad-answer'

/** What routing is told of an agent. */
export interface AgentView {
  /** Stands for all its agents where upstreams are named. */
  readonly pool: string
  /** Whether its pool lets it serve the model. */
  serves(canonical: string): boolean
}

/** How a sleeping machine is woken. */
export interface Wake {
  /** How long requests wait for it. */
  readonly waitMs: number
  /** Sends one packet; never throws. */
  send(): void
}

export interface UpstreamMember {
  readonly upstream: Upstream
  readonly priority: number
  readonly enabled: boolean
  readonly draining?: boolean
  readonly maxResponseTimeMs: number | null
  readonly memoryBytes?: number | null
  readonly slots?: number | null
  readonly provider?: ProviderView | undefined
  readonly wake?: Wake | undefined
  readonly agent?: AgentView | undefined
}

const FAILURES_UNTIL_DOWN = 3
/** Long enough for a server that restarts; a trial costs one request at most. */
const REQUEST_BREAKER: BreakerRules = { coolOffMs: 1000, maxCoolOffMs: 30_000 }
/** What does not load now seldom does a second later: memory must be freed first, or a file mended. */
const MODEL_BREAKER: BreakerRules = { coolOffMs: 10_000, maxCoolOffMs: 300_000 }
const BUSY_MS = 1000

const NONE: ReadonlyMap<string, Breaker> = new Map()

/** The fault of a provider that answers 401. */
export const REFUSED_KEY = 'it refused the api key it was given'

export function newUpstreamState(member: UpstreamMember): UpstreamState {
  return {
    upstream: member.upstream,
    name: member.upstream.id,
    priority: member.priority,
    enabled: member.enabled,
    draining: member.draining ?? false,
    maxResponseTimeMs: member.maxResponseTimeMs,
    memoryBytes: member.memoryBytes ?? null,
    slots: member.slots ?? null,
    health: 'unknown',
    fault: null,
    slow: false,
    version: null,
    provider: member.provider ?? null,
    refusesKey: false,
    wake: member.wake ?? null,
    agent: member.agent ?? null,
    models: member.provider === undefined ? null : statedModels(member.provider),
    modelsReadAt: null,
    loaded: [],
    running: 0,
    consecutiveFailures: 0,
    unansweredProbes: 0,
    losses: 0,
    lastSeenAt: null,
    breaker: CLOSED,
    failing: NONE,
    busyUntil: null,
  }
}

/** What a reload may change of an upstream that stays. */
export function rejoin(state: UpstreamState, member: UpstreamMember): UpstreamState {
  const { priority, enabled, draining = false, maxResponseTimeMs } = member
  const { memoryBytes = null, slots = null, wake = null, agent = null } = member
  return { ...state, priority, enabled, draining, maxResponseTimeMs, memoryBytes, slots, wake, agent }
}

/** How it is, in a word: for whoever looks at the fleet. */
export function stateWord({ enabled, draining, health }: UpstreamState): Health | 'draining' | 'disabled' {
  if (!enabled) return 'disabled'
  return draining ? 'draining' : health
}

/** Requests at once that it may be sent, over all its models. The one that it turned away still counts as running. */
export function admits({ breaker, busyUntil, running }: UpstreamState): number {
  return busyUntil === null ? breaker.admits : Math.min(breaker.admits, Math.max(1, running - 1))
}

/** When something about it changes by itself; Infinity: never. */
export function changesAt({ breaker, failing, busyUntil }: UpstreamState): number {
  let at = Math.min(breaker.until, busyUntil ?? Infinity)
  for (const { until } of failing.values()) at = Math.min(at, until)
  return at
}

/** Pure: what is known after an event. */
export function reduceUpstream(state: UpstreamState, event: UpstreamEvent): UpstreamState {
  switch (event.kind) {
    case 'probe-answered': {
      const slow = state.maxResponseTimeMs !== null && event.tookMs > state.maxResponseTimeMs
      return { ...healed(state, event.at), slow, version: event.version }
    }
    case 'probe-failed':
      return probeFailed(state, event.failure, event.detail)
    case 'models-read':
      return { ...healed(state, event.at), models: permitted(state, event.models), modelsReadAt: event.at }
    case 'loaded-read':
      return { ...healed(state, event.at), loaded: event.loaded }
    case 'outcome':
      return afterOutcome(state, event)
    case 'time-passed':
      return changesAt(state) > event.at ? state : afterTime(state, event.at)
  }
}

/** A pool's agents are not believed to have what they may not serve. */
function permitted({ agent }: UpstreamState, models: ReadonlyMap<string, ModelEntry>): ReadonlyMap<string, ModelEntry> {
  return agent === null ? models : new Map([...models].filter(([canonical]) => agent.serves(canonical)))
}

function probeFailed(state: UpstreamState, failure: ProbeFailure, detail: string): UpstreamState {
  const doubtful = failure === 'timed-out' || failure === 'bad-answer'
  const next = unanswered(failed(state, !doubtful || state.health === 'unknown', detail), failure)
  if (failure === 'refused-key') return { ...next, refusesKey: true }
  return failure === 'timed-out' ? { ...next, slow: true } : next
}

/** Whatever requests say, only its probes tell that it is gone: one that cannot reach it, or several that wait in vain. */
function unanswered(state: UpstreamState, failure: ProbeFailure): UpstreamState {
  if (failure !== 'timed-out' && failure !== 'unreachable') return { ...state, unansweredProbes: 0 }
  const before = state.unansweredProbes
  const unansweredProbes = failure === 'timed-out' ? before + 1 : Math.max(before + 1, FAILURES_UNTIL_DOWN)
  const isLost = before < FAILURES_UNTIL_DOWN && unansweredProbes >= FAILURES_UNTIL_DOWN
  return { ...state, unansweredProbes, losses: isLost ? state.losses + 1 : state.losses }
}

type Outcome = Extract<UpstreamEvent, { kind: 'outcome' }>

function afterOutcome(state: UpstreamState, { outcome, model = null, at }: Outcome): UpstreamState {
  switch (outcome) {
    case 'answered':
      return afterAnswer(state, model, at)
    case 'unreachable':
      return failed(shaken(state, model, at), true, 'a request could not reach it')
    case 'broken':
      return failed(shaken(state, model, at), false, 'requests broke off')
    case 'refused-key':
      // One refusal may be about that request: a provider that refuses all of them is found out by the next ones.
      return refused(failed(state, false, REFUSED_KEY))
    case 'failed-model':
      return model === null ? state : { ...state, failing: withFailure(state.failing, model, at) }
    case 'busy':
      return { ...state, busyUntil: at + BUSY_MS }
    case 'cancelled':
      return state
  }
}

function afterAnswer(state: UpstreamState, model: string | null, at: number): UpstreamState {
  const breaker = model === null ? state.breaker : afterSuccess(state.breaker)
  const failing = model === null || state.failing.size === 0 ? state.failing : withSuccess(state.failing, model)
  const isPlain = state.health === 'up' && state.consecutiveFailures === 0
  if (isPlain && breaker === state.breaker && failing === state.failing) return state
  return { ...healed(state, at), breaker, failing }
}

function afterTime(state: UpstreamState, at: number): UpstreamState {
  return {
    ...state,
    breaker: afterPause(state.breaker, at),
    failing: new Map([...state.failing].map(([model, breaker]) => [model, afterPause(breaker, at)])),
    busyUntil: state.busyUntil !== null && at < state.busyUntil ? state.busyUntil : null,
  }
}

function shaken(state: UpstreamState, model: string | null, at: number): UpstreamState {
  return model === null ? state : { ...state, breaker: afterFailure(state.breaker, at, REQUEST_BREAKER) }
}

function withFailure(failing: UpstreamState['failing'], model: string, at: number): UpstreamState['failing'] {
  return new Map(failing).set(model, afterFailure(failing.get(model) ?? CLOSED, at, MODEL_BREAKER))
}

function withSuccess(failing: UpstreamState['failing'], model: string): UpstreamState['failing'] {
  const before = failing.get(model)
  // A model has no slow start: once it runs, it runs.
  if (before === undefined || before.phase === 'open') return failing
  const after = new Map(failing)
  after.delete(model)
  return after
}

function refused(state: UpstreamState): UpstreamState {
  return state.health === 'down' ? { ...state, refusesKey: true } : state
}

function healed(state: UpstreamState, at: number): UpstreamState {
  return {
    ...state,
    health: 'up',
    fault: null,
    refusesKey: false,
    consecutiveFailures: 0,
    unansweredProbes: 0,
    lastSeenAt: at,
  }
}

function failed(state: UpstreamState, certain: boolean, detail: string): UpstreamState {
  const consecutiveFailures = state.consecutiveFailures + 1
  const down = certain || state.health === 'down' || consecutiveFailures >= FAILURES_UNTIL_DOWN
  if (!down) return { ...state, consecutiveFailures }
  return { ...state, consecutiveFailures, health: 'down', fault: detail, loaded: [] }
}
