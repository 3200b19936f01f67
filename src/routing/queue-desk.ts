import type { AnswerFacts, AttemptOutcome } from '../proxy/router.ts'
import { type ClaimDeps, type ClaimListener, PlaceClaim } from './claims.ts'
import type { Dispatcher } from './dispatch/dispatcher.ts'
import type { Effect } from './dispatch/effect.ts'
import type { Work } from './dispatch/work.ts'
import { Errand } from './errand.ts'
import { queueRefusal } from './selection/refusal.ts'
import type { StartTimer } from './timer.ts'

export interface QueueDeskDeps extends ClaimDeps {
  readonly dispatcher: Dispatcher
  readonly startTimer: StartTimer
  /** Hears how a request fares at the server that it was sent to. */
  watch(work: Work, server: string, cold: boolean): ClaimListener
  /** Loads a model there, for what waits. */
  preload(model: string, server: string): void
  /** Nobody who may take it is left. */
  stranded(errand: Errand): void
}

/** Brings errands to the dispatcher, and carries out what it decides. */
export interface QueueDesk {
  enqueue(errand: Errand): void
  leave(errand: Errand): void
  /** To be called with what the dispatcher makes of any event. */
  carryOut(effects: readonly Effect[]): void
  stop(): void
}

/** Only while something waits: time alone makes waiting too long, and what has cooled off eligible. */
const TICK_MS = 1000

export function createQueueDesk(deps: QueueDeskDeps): QueueDesk {
  const { dispatcher, fleet, clock } = deps
  let cancelTick: (() => void) | null = null
  let isStopped = false

  const keepTicking = (): void => {
    if (cancelTick !== null || dispatcher.waiting === 0 || isStopped) return
    cancelTick = deps.startTimer(TICK_MS, () => {
      cancelTick = null
      fleet.passTime(clock.now())
      carryOut(dispatcher.reconsider())
      keepTicking()
    })
  }
  const grant = (work: Work, server: string, cold: boolean): void => {
    const upstream = fleet.get(server)?.upstream
    if (!(work instanceof Errand) || work.state !== 'queued' || upstream === undefined) {
      // It left, or the upstream did, while what came before it was carried out.
      carryOut(dispatcher.released(work))
      if (work instanceof Errand && work.state === 'queued') deps.stranded(work)
      return
    }
    work.state = 'over'
    const listener = new QueuedClaim(work, deps.watch(work, server, cold), told)
    work.receiver.granted(new PlaceClaim(upstream, { model: work.model, listener }, deps))
  }
  const told = { dispatcher, carryOut: (effects: readonly Effect[]): void => carryOut(effects) }
  const refuse = ({ work, reason, retryAfterMs }: Extract<Effect, { kind: 'refuse' }>): void => {
    if (!(work instanceof Errand) || work.state !== 'queued') return
    if (reason === 'stranded') return deps.stranded(work)
    work.state = 'over'
    work.receiver.refused(queueRefusal(reason, retryAfterMs))
  }
  const carryOut = (effects: readonly Effect[]): void => {
    for (const effect of effects) {
      if (effect.kind === 'grant') grant(effect.work, effect.server, effect.cold)
      else if (effect.kind === 'refuse') refuse(effect)
      else deps.preload(effect.model, effect.server)
    }
  }

  return {
    enqueue(errand) {
      errand.state = 'queued'
      carryOut(dispatcher.arrive(errand))
      keepTicking()
    },
    leave: (errand) => carryOut(dispatcher.leave(errand)),
    carryOut,
    stop() {
      isStopped = true
      cancelTick?.()
    },
  }
}

/** Tells the dispatcher, and whoever learns, what becomes of a request that was sent. */
class QueuedClaim implements ClaimListener {
  readonly #work: Work
  readonly #witness: ClaimListener
  readonly #desk: { readonly dispatcher: Dispatcher; carryOut(effects: readonly Effect[]): void }

  constructor(
    work: Work,
    witness: ClaimListener,
    desk: { readonly dispatcher: Dispatcher; carryOut(effects: readonly Effect[]): void },
  ) {
    this.#work = work
    this.#witness = witness
    this.#desk = desk
  }

  began(): void {
    this.#witness.began()
    this.#desk.carryOut(this.#desk.dispatcher.began(this.#work))
  }

  answered(facts: AnswerFacts): void {
    // First: what is decided next shall know it.
    this.#witness.answered(facts)
    this.#desk.carryOut(this.#desk.dispatcher.ended(this.#work, facts.usage?.completionTokens ?? null))
  }

  released(outcome: AttemptOutcome): void {
    this.#witness.released(outcome)
    const { dispatcher, carryOut } = this.#desk
    // Of one that did not end by itself, too: whoever counts slots hears of each.
    carryOut(dispatcher.ended(this.#work, null))
    carryOut(dispatcher.released(this.#work))
  }
}
