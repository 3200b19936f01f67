import type { AttemptOutcome } from '../proxy/router.ts'
import type { Upstream } from '../proxy/upstream.ts'
import type { ModelEntry } from './model-entry.ts'
import { type ProviderView, statedModels } from './provider-models.ts'

export type Health = 'unknown' | 'up' | 'down'

/** What is known of one upstream at one moment. Never changed; each event makes a new one. */
export interface UpstreamState {
  readonly upstream: Upstream
  readonly name: string
  /** Lower is preferred. */
  readonly priority: number
  readonly enabled: boolean
  readonly maxResponseTimeMs: number | null
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
  readonly running: number
  readonly consecutiveFailures: number
  readonly lastSeenAt: number | null
}

export type UpstreamEvent =
  | { readonly kind: 'probe-answered'; readonly at: number; readonly tookMs: number; readonly version: string | null }
  | { readonly kind: 'probe-failed'; readonly failure: ProbeFailure; readonly detail: string }
  | { readonly kind: 'models-read'; readonly at: number; readonly models: ReadonlyMap<string, ModelEntry> }
  | { readonly kind: 'loaded-read'; readonly at: number; readonly loaded: readonly ModelEntry[] }
  | { readonly kind: 'claimed' }
  | { readonly kind: 'released' }
  | { readonly kind: 'outcome'; readonly at: number; readonly outcome: AttemptOutcome }

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
  readonly maxResponseTimeMs: number | null
  readonly provider?: ProviderView | undefined
  readonly wake?: Wake | undefined
  readonly agent?: AgentView | undefined
}

const FAILURES_UNTIL_DOWN = 3

/** The fault of a provider that answers 401. */
export const REFUSED_KEY = 'it refused the api key it was given'

export function newUpstreamState(member: UpstreamMember): UpstreamState {
  return {
    upstream: member.upstream,
    name: member.upstream.id,
    priority: member.priority,
    enabled: member.enabled,
    maxResponseTimeMs: member.maxResponseTimeMs,
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
    lastSeenAt: null,
  }
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
    case 'claimed':
      return { ...state, running: state.running + 1 }
    case 'released':
      return { ...state, running: Math.max(0, state.running - 1) }
    case 'outcome':
      return afterOutcome(state, event.outcome, event.at)
  }
}

/** A pool's agents are not believed to have what they may not serve. */
function permitted({ agent }: UpstreamState, models: ReadonlyMap<string, ModelEntry>): ReadonlyMap<string, ModelEntry> {
  return agent === null ? models : new Map([...models].filter(([canonical]) => agent.serves(canonical)))
}

function probeFailed(state: UpstreamState, failure: ProbeFailure, detail: string): UpstreamState {
  const doubtful = failure === 'timed-out' || failure === 'bad-answer'
  const next = failed(state, !doubtful || state.health === 'unknown', detail)
  if (failure === 'refused-key') return { ...next, refusesKey: true }
  return failure === 'timed-out' ? { ...next, slow: true } : next
}

function afterOutcome(state: UpstreamState, outcome: AttemptOutcome, at: number): UpstreamState {
  switch (outcome) {
    case 'answered':
      return state.health === 'up' && state.consecutiveFailures === 0 ? state : healed(state, at)
    case 'unreachable':
      return failed(state, true, 'a request could not reach it')
    case 'broken':
      return failed(state, false, 'requests broke off')
    case 'refused-key':
      // One refusal may be about that request: a provider that refuses all of them is found out by the next ones.
      return refused(failed(state, false, REFUSED_KEY))
    case 'failed-model':
    case 'busy':
    case 'cancelled':
      return state
  }
}

function refused(state: UpstreamState): UpstreamState {
  return state.health === 'down' ? { ...state, refusesKey: true } : state
}

function healed(state: UpstreamState, at: number): UpstreamState {
  return { ...state, health: 'up', fault: null, refusesKey: false, consecutiveFailures: 0, lastSeenAt: at }
}

function failed(state: UpstreamState, certain: boolean, detail: string): UpstreamState {
  const consecutiveFailures = state.consecutiveFailures + 1
  const down = certain || state.health === 'down' || consecutiveFailures >= FAILURES_UNTIL_DOWN
  if (!down) return { ...state, consecutiveFailures }
  return { ...state, consecutiveFailures, health: 'down', fault: detail, loaded: [] }
}
