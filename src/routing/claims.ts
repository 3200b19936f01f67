import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { AnswerFacts, AttemptOutcome, Claim } from '../proxy/router.ts'
import type { Upstream } from '../proxy/upstream.ts'
import type { Fleet } from './fleet/fleet-state.ts'
import { type Breaker, CLOSED } from './health/breaker.ts'
import { REFUSED_KEY, type UpstreamState } from './fleet/upstream-state.ts'

export interface ClaimDeps {
  readonly fleet: Fleet
  readonly clock: Clock
  readonly log: Log
}

/** What else hears of a claim: the queue, and whoever learns from it. Each at most once, in this order. */
export interface ClaimListener {
  began(): void
  answered(facts: AnswerFacts): void
  released(outcome: AttemptOutcome): void
}

export const NOBODY: ClaimListener = { began() {}, answered() {}, released() {} }

export class BothListeners implements ClaimListener {
  readonly #first: ClaimListener
  readonly #second: ClaimListener

  constructor(first: ClaimListener, second: ClaimListener) {
    this.#first = first
    this.#second = second
  }

  began(): void {
    this.#first.began()
    this.#second.began()
  }

  answered(facts: AnswerFacts): void {
    this.#first.answered(facts)
    this.#second.answered(facts)
  }

  released(outcome: AttemptOutcome): void {
    this.#first.released(outcome)
    this.#second.released(outcome)
  }
}

export interface ClaimOptions {
  /** The one that is run; null where none is: only what runs one tells whether an upstream can. */
  readonly model: string | null
  readonly listener: ClaimListener
}

/** A place at one upstream. What happens to it there is told once, whatever the proxy says twice. */
export class PlaceClaim implements Claim {
  readonly upstream: Upstream
  readonly #deps: ClaimDeps
  readonly #model: string | null
  readonly #listener: ClaimListener
  /** Of its upstream, so far. */
  readonly #losses: number
  #outcome: AttemptOutcome | null = null
  #state: 'sent' | 'began' | 'answered' | 'released' = 'sent'

  constructor(upstream: Upstream, { model, listener }: ClaimOptions, deps: ClaimDeps) {
    this.upstream = upstream
    this.#model = model
    this.#listener = listener
    this.#deps = deps
    this.#losses = deps.fleet.get(upstream.id)?.losses ?? 0
    deps.fleet.claimed(upstream.id)
  }

  began(): void {
    if (this.#state !== 'sent') return
    this.#state = 'began'
    this.#listener.began()
  }

  answered(facts: AnswerFacts): void {
    if (this.#state === 'answered' || this.#state === 'released') return
    this.#state = 'answered'
    this.#listener.answered(facts)
  }

  report(outcome: AttemptOutcome): void {
    if (this.#outcome !== null) return
    this.#outcome = outcome
    const { fleet, clock, log } = this.#deps
    const { id } = this.upstream
    if (outcome === 'refused-key') log.warn({ upstream: id, fault: REFUSED_KEY }, 'a provider refused a request')
    const before = fleet.get(id)
    // One that came after a reload under the same name has nothing to do with it.
    if (before?.upstream !== this.upstream) return
    fleet.apply(id, { kind: 'outcome', at: clock.now(), outcome, model: this.#model })
    tellBreakers(log, before, { after: fleet.get(id), model: this.#model })
  }

  release(): void {
    if (this.#state === 'released') return
    this.#state = 'released'
    const { fleet } = this.#deps
    if (fleet.get(this.upstream.id)?.upstream === this.upstream) fleet.released(this.upstream.id)
    this.#listener.released(this.#outcome ?? 'cancelled')
  }

  isLost(): boolean {
    const state = this.#deps.fleet.get(this.upstream.id)
    return state?.upstream === this.upstream && state.health === 'down' && state.losses > this.#losses
  }
}

interface Told {
  readonly after: UpstreamState | undefined
  readonly model: string | null
}

/** Says once that something is left alone for a while, and once that it is trusted again. */
function tellBreakers(log: Log, before: UpstreamState, { after, model }: Told): void {
  if (after === undefined || after === before) return
  const upstream = after.name
  if (opens(before.breaker, after.breaker))
    log.warn({ upstream }, 'requests to an upstream failed: few are sent there now')
  if (before.breaker.phase === 'recovering' && after.breaker.phase === 'closed') {
    log.info({ upstream }, 'requests to an upstream succeed again')
  }
  if (model === null || after.failing === before.failing) return
  const [was = CLOSED, is = CLOSED] = [before.failing.get(model), after.failing.get(model)]
  if (opens(was, is))
    log.warn({ upstream, model }, 'a model failed on an upstream: others that have it are preferred now')
}

function opens(before: Breaker, after: Breaker): boolean {
  return before.phase === 'closed' && after.phase === 'open'
}

/** A place at several at once; what becomes of the whole speaks against none of them. */
export class SeveralClaim implements Claim {
  readonly upstream: Upstream
  readonly #parts: readonly PlaceClaim[]
  readonly #listener: ClaimListener
  #isHeld = true

  /** `upstream` stands for all of `parts`. */
  constructor(upstream: Upstream, parts: readonly PlaceClaim[], listener: ClaimListener) {
    this.upstream = upstream
    this.#listener = listener
    this.#parts = parts
  }

  began(): void {}

  answered(): void {}

  report(): void {}

  release(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    for (const part of this.#parts) part.release()
    this.#listener.released('answered')
  }

  /** While one can still answer, its part of the whole is waited for. */
  isLost(): boolean {
    return this.#parts.every((part) => part.isLost())
  }
}
