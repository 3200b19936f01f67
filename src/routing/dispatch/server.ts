import type { Capacity } from './capacity.ts'
import { policy } from './policy.ts'
import type { Runner, Running } from './runner.ts'
import type { LoadedModel, ServerFacts } from './server-facts.ts'

/** What must go before a model fits. */
export interface Evictions {
  /** Least recently used first. */
  readonly victims: readonly Runner[]
  /** Some of them still run or load. */
  readonly isBlocked: boolean
}

/**
 * Room that is made for a load: what is to be evicted takes nothing new. Without it a model of several slots that is
 * asked for all the time is never idle, and what waits for its place waits forever.
 */
export interface Reservation {
  readonly runner: Runner
  readonly victims: readonly Runner[]
  readonly loadMs: number
}

export interface Load {
  readonly now: number
  /** Expected. */
  readonly loadMs: number
  readonly isPreload: boolean
}

const NO_EVICTIONS: Evictions = { victims: [], isBlocked: false }

/** One upstream, as far as its slots and its memory go: what it holds, what it runs, what it would have to evict. */
export class Server {
  readonly name: string
  readonly runners = new Map<string, Runner>()
  /** Those of them that are loaded or being loaded. */
  readonly held: Runner[] = []
  readonly #capacity: () => Capacity
  facts: ServerFacts
  running = 0
  /** None of its models takes less. */
  leastBytes = Number.POSITIVE_INFINITY
  /** The one load that is under way: Ollama starts no other. */
  loading: Runner | undefined
  reservation: Reservation | undefined
  /** What waits for it of all models, and what is asked for of those it does not hold; see `scarcity.ts`. */
  queuedShare = 0
  loadShare = 0

  constructor(facts: ServerFacts, capacity: () => Capacity) {
    this.name = facts.name
    this.facts = facts
    this.#capacity = capacity
  }

  add(runner: Runner): void {
    this.runners.set(runner.model, runner)
    this.leastBytes = Math.min(this.leastBytes, runner.bytes)
  }

  get isProvider(): boolean {
    return this.facts.slots === Number.POSITIVE_INFINITY
  }

  get isFull(): boolean {
    return this.running >= this.facts.admits
  }

  slotsOf(runner: Runner, isBrief: boolean): number {
    const { slots } = this.facts
    if (slots !== null) return slots
    const learnt = runner.slotLimit.limit(runner.running.length)
    return isBrief ? Math.max(learnt, policy.briefSlots) : learnt
  }

  hasFreeSlot(runner: Runner, isBrief: boolean): boolean {
    return runner.running.length < this.slotsOf(runner, isBrief)
  }

  /** Whether one more would be to find out if there is a slot for it. */
  isTry(runner: Runner, isBrief: boolean): boolean {
    const { believed } = runner.slotLimit
    return this.facts.slots === null && !isBrief && believed !== undefined && runner.running.length >= believed
  }

  /** Whether room is being made for another model, at the cost of this one. */
  isReservedFrom(runner: Runner): boolean {
    const { reservation } = this
    if (reservation === undefined || reservation.runner === runner) return false
    if (reservation.runner.demand.queued === 0) return false
    return runner.state === 'absent' || reservation.victims.includes(runner)
  }

  /** Until a model from which the place is reserved could be back. */
  reservedMs(now: number): number {
    if (this.reservation === undefined) return 0
    const { victims, loadMs, runner } = this.reservation
    let untilFree = 0
    for (const victim of victims) untilFree = Math.max(untilFree, victim.lastFreeMs(now))
    return untilFree + loadMs + runner.serviceMs
  }

  /** Whether a work for the model could be sent now. */
  canStart(runner: Runner, isBrief: boolean): boolean {
    if (this.isFull || this.isReservedFrom(runner)) return false
    if (runner.state !== 'absent') return this.hasFreeSlot(runner, isBrief)
    return this.loading === undefined && this.#fitsBesideBusy(runner)
  }

  /** Other models that run: they share the machine. */
  othersActive(runner: Runner): number {
    let active = 0
    for (const other of this.held) if (other !== runner && other.running.length > 0) active += 1
    return active
  }

  soonestFreeMs(now: number): number {
    let soonest = Number.POSITIVE_INFINITY
    for (const runner of this.held) if (runner.isBusy) soonest = Math.min(soonest, runner.soonestFreeMs(now))
    return soonest === Number.POSITIVE_INFINITY ? 0 : soonest
  }

  /** Idle models go first, least recently used first. What fits nowhere is loaded alone. */
  evictionsFor(bytes: number): Evictions {
    const capacity = this.#capacity()
    const memory = this.facts.memoryBytes ?? capacity.bytes
    let excessBytes = bytes - memory
    let excess = this.held.length + 1 - capacity.models
    for (const runner of this.held) excessBytes += runner.bytes
    if (excessBytes <= 0 && excess <= 0) return NO_EVICTIONS
    const victims: Runner[] = []
    let isBlocked = false
    while ((excessBytes > 0 || excess > 0) && victims.length < this.held.length) {
      const victim = this.#nextVictim(victims)
      if (victim === undefined) break
      victims.push(victim)
      excessBytes -= victim.bytes
      excess -= 1
      isBlocked ||= victim.isBusy || victim.state === 'loading'
    }
    return victims.length === 0 ? NO_EVICTIONS : { victims, isBlocked }
  }

  /** The same as what `evictionsFor` says of being blocked, for the many times that only this is asked. */
  #fitsBesideBusy(wanted: Runner): boolean {
    const capacity = this.#capacity()
    let busy = 0
    let bytes = wanted.bytes
    for (const runner of this.held) {
      if (!runner.isBusy && runner.state !== 'loading') continue
      busy += 1
      bytes += runner.bytes
    }
    return busy === 0 || (busy < capacity.models && bytes <= (this.facts.memoryBytes ?? capacity.bytes))
  }

  #nextVictim(gone: readonly Runner[]): Runner | undefined {
    let next: Runner | undefined
    for (const runner of this.held) {
      if (!gone.includes(runner) && (next === undefined || goesBefore(runner, next))) next = runner
    }
    return next
  }

  startLoad(runner: Runner, { now, loadMs, isPreload }: Load): void {
    this.#hold(runner)
    runner.state = 'loading'
    runner.loadStartedAt = now
    runner.loadMs = loadMs
    runner.isPreload = isPreload
    if (this.reservation?.runner === runner) this.reservation = undefined
    runner.lastUsedAt = now
    this.loading = runner
  }

  becameLoaded(runner: Runner, now: number): void {
    if (runner.state === 'loaded') return
    this.#hold(runner)
    runner.state = 'loaded'
    runner.loadedAt = now
    if (this.loading === runner) this.loading = undefined
  }

  /** Of a load that no work waits for, nobody says when it is done. */
  believeLoaded(now: number): void {
    const { loading } = this
    if (loading === undefined || loading.isBusy) return
    if (now - loading.loadStartedAt > policy.loadPatience * loading.loadMs) this.becameLoaded(loading, now)
  }

  unload(runner: Runner): void {
    if (runner.state === 'absent') return
    runner.state = 'absent'
    runner.memory.clear()
    runner.demand.heldBy -= 1
    this.loadShare += runner.loadShare
    this.held.splice(this.held.indexOf(runner), 1)
    if (this.loading === runner) this.loading = undefined
  }

  start(runner: Runner, running: Running): void {
    runner.running.push(running)
    runner.lastUsedAt = running.grantedAt
    this.running += 1
  }

  /** Its slot is free. A load that nobody waits for any more was thrown away; for another who waits it begins again. */
  release(runner: Runner, running: Running, now: number): void {
    const at = runner.running.indexOf(running)
    if (at < 0) return
    const last = runner.running.pop()
    if (last !== undefined && at < runner.running.length) runner.running[at] = last
    runner.lastUsedAt = now
    this.running -= 1
    if (runner.state !== 'loading' || runner.isPreload) return
    if (!runner.isBusy) this.unload(runner)
    else if (running.cold) runner.loadStartedAt = now
  }

  /** What its own list says, which may be older than what was sent there since. */
  saw(loaded: readonly LoadedModel[], now: number): void {
    for (const runner of [...this.held]) {
      if (runner.isBusy || loaded.some(({ model }) => model === runner.model)) continue
      const since = runner.state === 'loading' ? runner.loadStartedAt + 2 * runner.loadMs : runner.lastUsedAt
      if (now - since > policy.staleListMs) this.unload(runner)
    }
    for (const { model, bytes } of loaded) {
      const runner = this.runners.get(model)
      if (runner === undefined) continue
      if (bytes > 0) this.learnBytes(runner, bytes)
      // What makes room for a load is listed until it is gone.
      if (runner.state === 'absent' && this.loading !== undefined) continue
      if (runner.state === 'absent') runner.lastUsedAt = now
      if (runner.state === 'absent' || !runner.isBusy) this.becameLoaded(runner, now)
    }
  }

  learnBytes(runner: Runner, bytes: number): void {
    runner.bytes = bytes
    this.leastBytes = Math.min(this.leastBytes, bytes)
  }

  #hold(runner: Runner): void {
    if (runner.state !== 'absent') return
    this.held.push(runner)
    runner.demand.heldBy += 1
    this.loadShare -= runner.loadShare
  }
}

function goesBefore(a: Runner, b: Runner): boolean {
  const isIdle = !a.isBusy && a.state !== 'loading'
  const isOtherIdle = !b.isBusy && b.state !== 'loading'
  return isIdle === isOtherIdle ? a.lastUsedAt < b.lastUsedAt : isIdle
}
