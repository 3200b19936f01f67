import { BLOCK_TOKENS } from '../../lib/prompt-block.ts'
import type { Candidate } from './candidate.ts'
import { policy } from './policy.ts'
import type { Runner } from './runner.ts'
import type { Scarcity } from './scarcity.ts'
import type { Server } from './server.ts'
import { coldMs, type LoadView, missedMs, swapMs } from './swap.ts'
import type { Work } from './work.ts'

/** What one upstream would cost a work now, in milliseconds. */
export interface Cost {
  readonly server: Server
  readonly runner: Runner
  /** Until a slot is free. */
  readonly waitMs: number
  readonly loadMs: number
  readonly prefillMs: number
  readonly networkMs: number
  /** What it would cost others. */
  readonly othersMs: number
  readonly totalMs: number
  /** It could be sent now. */
  readonly isReady: boolean
  /** Idle models that make room. */
  readonly victims: readonly Runner[]
}

/** What is asked about. */
export interface Ask {
  readonly work: Work
  /** Milliseconds that those before it in its lane take, where it must wait. */
  readonly aheadMs: number
  /** Has waited so long that what it evicts counts no more. */
  readonly isOld: boolean
  /** Does not evict what others wait for. */
  readonly sparesQueued: boolean
}

export interface CostView extends LoadView {
  readonly scarcity: Scarcity
  readonly affinity: boolean
  /** What costs more is of no interest. */
  readonly limitMs: number
  /** Nobody else could take it: what it costs others is no choice. */
  readonly isOnly?: boolean
}

/**
 * Time to its first token, and what the choice costs others: models that must be loaded again, time at a place that
 * something scarce may want, streams that are slowed down. Undefined: it is at least `limitMs`.
 */
export function costOf(ask: Ask, candidate: Candidate, view: CostView): Cost | undefined {
  const { server, runner } = candidate
  const { isProvider } = server
  const { limitMs, isOnly = false } = view
  const readMs = unreadTokens(ask.work, runner, view.affinity) * runner.pair.prefillMsPerToken
  const networkMs = view.estimates.networkMs(server.name)
  const serviceMs = readMs + (ask.work.brief ? 0 : runner.answerMs)
  const priceMs = isProvider || isOnly ? 0 : policy.scarcityWeight * serviceMs * view.scarcity.priceOf(server, runner)
  // What is cheap to know comes first: it is often enough.
  const leastMs = isProvider || runner.state !== 'absent' ? 0 : coldMs(server, runner, view)
  if (leastMs + readMs + networkMs + priceMs >= limitMs) return undefined
  const start = isProvider ? atProvider(ask, server, serviceMs) : startOf(ask, candidate, view)
  const prefillMs = readMs * (1 + server.othersActive(runner))
  const ownMs = start.waitMs + start.loadMs + prefillMs + networkMs
  if (ownMs + priceMs >= limitMs) return undefined
  const stay = { server, serviceMs, priceMs, start, limitMs: limitMs - ownMs }
  const othersMs = isProvider || isOnly ? 0 : othersCost(ask, stay, view)
  const totalMs = ownMs + othersMs
  if (totalMs >= limitMs) return undefined
  const { waitMs, loadMs, victims, isReady } = start
  return { server, runner, waitMs, loadMs, prefillMs, networkMs, othersMs, totalMs, victims, isReady }
}

interface Stay {
  readonly server: Server
  readonly serviceMs: number
  readonly priceMs: number
  readonly start: Start
  readonly limitMs: number
}

function othersCost(ask: Ask, { server, serviceMs, priceMs, start, limitMs }: Stay, view: CostView): number {
  const swap = ask.isOld || start.victims.length === 0 ? 0 : swapMs(start.victims, server, view)
  if (priceMs + swap >= limitMs) return priceMs + swap
  return priceMs + swap + policy.delayWeight * delayMs(server, { serviceMs, waitMs: start.waitMs, now: view.now })
}

function atProvider(ask: Ask, server: Server, serviceMs: number): Start {
  const isReady = !server.isFull
  const waitMs = isReady ? 0 : ask.aheadMs + serviceMs / Math.max(server.running, 1)
  return { waitMs, loadMs: 0, victims: NONE, isReady }
}

/** Of its prompt, what no free slot there has read before. */
function unreadTokens({ prompt }: Work, { memory }: Runner, affinity: boolean): number {
  if (!affinity || memory.isEmpty || prompt.tokens < 2 * BLOCK_TOKENS) return prompt.tokens
  return Math.max(1, prompt.tokens - memory.knownTokens(prompt.blocks()))
}

type Start = Pick<Cost, 'waitMs' | 'loadMs' | 'victims' | 'isReady'>

const NONE: readonly Runner[] = []

function startOf(ask: Ask, { server, runner }: Candidate, view: CostView): Start {
  const { now } = view
  const isReserved = server.isReservedFrom(runner)
  const admissionMs = Math.max(server.isFull ? server.soonestFreeMs(now) : 0, isReserved ? server.reservedMs(now) : 0)
  if (runner.state !== 'absent') {
    const isFree = server.hasFreeSlot(runner, ask.work.brief)
    if (isFree && !server.isFull && !isReserved) {
      // Where it may wait all the same, it is sent only if it would rather wait there than go elsewhere.
      const waitMs = server.isTry(runner, ask.work.brief) ? policy.tryRisk * runner.soonestFreeMs(now) : 0
      return { waitMs, loadMs: runner.loadRemainingMs(now), victims: NONE, isReady: true }
    }
    const slotMs = isFree ? 0 : runner.soonestFreeMs(now)
    return { waitMs: Math.max(slotMs, admissionMs) + ask.aheadMs, loadMs: 0, victims: NONE, isReady: false }
  }
  const loadMs = coldMs(server, runner, view)
  const { victims, isBlocked } = server.evictionsFor(runner.bytes)
  const isOpen = !server.isFull && !isBlocked && !isReserved && server.loading === undefined
  if (isOpen && !(ask.sparesQueued && now - ask.work.arrivedAt < missedMs(victims, server, view))) {
    return { waitMs: 0, loadMs, victims, isReady: true }
  }
  let waitMs = Math.max(admissionMs, server.loading?.loadRemainingMs(now) ?? 0)
  for (const victim of victims) waitMs = Math.max(waitMs, victim.lastFreeMs(now))
  return { waitMs: waitMs + ask.aheadMs, loadMs, victims, isReady: false }
}

interface Intrusion {
  readonly serviceMs: number
  readonly waitMs: number
  readonly now: number
}

/** How long what runs there will run beside it. */
function delayMs(server: Server, { serviceMs, waitMs, now }: Intrusion): number {
  let sum = 0
  for (const runner of server.held) {
    for (const running of runner.running) {
      sum += Math.min(Math.max(runner.remainingMs(running, now) - waitMs, 0), serviceMs)
    }
  }
  return sum
}
