import type { Clock } from '../../lib/clock.ts'
import { Shelf } from '../../lib/shelf.ts'
import { BLOCK_TOKENS } from '../../lib/prompt-block.ts'
import type { Estimates } from '../learning/estimates.ts'
import { choose, type ChoiceView } from './choose.ts'
import { type Ask, type Cost, costOf } from './cost.ts'
import type { DispatchOptions } from './dispatch-options.ts'
import { type Effect, NO_EFFECTS } from './effect.ts'
import { type Account, FairShare } from './fair-share.ts'
import type { Grant } from './grant.ts'
import { isOpen, openAt, type OpenView } from './open-lanes.ts'
import { policy } from './policy.ts'
import { placeToPreload } from './preload.ts'
import { mayReserve } from './reservation.ts'
import { Scarcity } from './scarcity.ts'
import { ServerTable, type ServerTableDeps } from './server-table.ts'
import type { Server } from './server.ts'
import { drainPerMs, leastMs, timeOf } from './wait-estimate.ts'
import { isBefore, type KeyQueue, type Lane, type Waiting } from './lane.ts'
import { WaitQueue } from './wait-queue.ts'
import type { Work } from './work.ts'

export interface AllocatorDeps extends ServerTableDeps {
  readonly clock: Clock
}

interface ServeView extends OpenView {
  /** Only what is free there. */
  readonly at?: Server
}

/** Gives free places to what waits: in whose turn, and to whom it is the best one. */
export class Allocator {
  readonly table: ServerTable
  readonly queue: WaitQueue
  readonly scarcity: Scarcity
  readonly fair = new FairShare()
  readonly #grants = new Shelf<Grant>()
  readonly #clock: Clock
  readonly #estimates: Estimates
  options: DispatchOptions
  /** Of the event that is being decided. */
  now = 0
  #turn = 0

  constructor(deps: AllocatorDeps, options: DispatchOptions) {
    this.#clock = deps.clock
    this.#estimates = deps.estimates
    this.table = new ServerTable(deps)
    this.queue = new WaitQueue(this.setTime())
    this.scarcity = new Scarcity(this.table)
    this.options = options
  }

  /** Gives what is free to those lanes, in fair order. */
  serve(lanes: readonly Lane[]): Effect[] {
    const effects: Effect[] = []
    // First what evicts nothing that others wait for: works of one model are taken together where that saves a load.
    for (const sparesQueued of [true, false]) {
      const view = this.#openView(sparesQueued)
      const open = lanes.filter((lane) => lane.size > 0 && isOpen(lane, view))
      this.#serveOpen(open, view, effects)
    }
    return effects
  }

  /** Gives what one upstream has free. */
  serveAt(server: Server): Effect[] {
    if (this.queue.size === 0) return NO_EFFECTS
    const effects: Effect[] = []
    for (const sparesQueued of [true, false]) {
      if (server.isFull) break
      const view = { ...this.#openView(sparesQueued), at: server }
      this.#serveOpen(openAt(server, this.queue, view), view, effects)
    }
    return effects
  }

  #openView(sparesQueued: boolean): OpenView {
    return { now: this.now, estimates: this.#estimates, sparesQueued }
  }

  #serveOpen(lanes: Lane[], view: ServeView, effects: Effect[]): void {
    let open = lanes.sort(byTurn)
    for (let lane = open.shift(); lane !== undefined; lane = open.shift()) {
      const granted = this.#serveOne(lane, view)
      if (granted === undefined) continue
      effects.push(granted)
      // Its key has had some more, and there is a place less.
      open = [lane, ...open].filter((each) => each.size > 0 && isOpen(each, view, view.at)).toSorted(byTurn)
    }
  }

  /** The first of its keys that has a free place to go. */
  #serveOne(lane: Lane, { sparesQueued, at }: ServeView): Effect | undefined {
    const view = this.view()
    const perMs = drainPerMs(lane, view.now)
    const heads = lane.heads.firstOf(policy.headsPerLane)
    for (const [index, queue] of heads.entries()) {
      const work = queue.first?.work
      if (work === undefined) continue
      // Who goes first does not change how long all of them wait: the last one looked at stands for the rest.
      const ahead = index === heads.length - 1 ? lane.size - 1 : index + queue.size - 1
      const ask = { ...this.ask(work, ahead / perMs), sparesQueued }
      if (at !== undefined && !isBetterAt(at, queue, { ask, view })) continue
      const cost = choose(ask, lane.tiers, view)
      if (cost?.isReady) return this.#grantFirst(queue, cost)
      if (cost !== undefined) Object.assign(queue.best, { work, totalMs: cost.totalMs, at: view.now })
    }
    return undefined
  }

  #grantFirst(queue: KeyQueue, cost: Cost): Effect | undefined {
    const { first, account } = queue
    if (first === undefined) return undefined
    this.part(first)
    return this.grant(first.work, account, cost)
  }

  grant(work: Work, account: Account, cost: Cost): Effect {
    const { server, runner, loadMs } = cost
    const { now } = this
    const cold = !server.isProvider && runner.state === 'absent'
    for (const victim of cost.victims) server.unload(victim)
    if (cold) server.startLoad(runner, { now, loadMs, isPreload: false })
    const answerMs = work.brief ? 0 : runner.answerMs
    const grant: Grant = {
      work,
      server,
      runner,
      account,
      cold,
      answerMs,
      grantedAt: now,
      prefillMs: cost.prefillMs,
      beganAt: null,
      endedAt: null,
      completionTokens: null,
    }
    server.start(runner, grant)
    // Where they are stated there is nothing to learn.
    if (server.facts.slots === null) runner.slotLimit.granted(work, now)
    if (!runner.memory.isEmpty) runner.memory.take(this.blocksOf(work), server.slotsOf(runner, false))
    work.grantAt = this.#grants.put(grant)
    this.fair.started(account, (cost.prefillMs + answerMs) / work.share.weight)
    this.#turn += 1
    return { kind: 'grant', work, server: server.name, cold }
  }

  /** To be called first at every event: all that is decided about it is decided at one moment. */
  setTime(): number {
    this.now = this.#clock.now()
    return this.now
  }

  /** How many have a slot. */
  get granted(): number {
    return this.#grants.size
  }

  /** Who goes where the queue is too long by one: the newest of the key that has most there, so that none fills it. */
  oneTooMany(newest: Waiting): Waiting {
    const { account } = newest.queue
    const greediest = this.fair.greediest()
    if (greediest === undefined || greediest.waiting <= account.waiting) return newest
    return this.queue.newestOf(greediest) ?? newest
  }

  grantOf(work: Work): Grant | undefined {
    return this.#grants.at(work.grantAt)
  }

  takeBack({ work }: Grant): void {
    if (work.grantAt !== undefined) this.#grants.take(work.grantAt)
    work.grantAt = undefined
  }

  /** Whoever has waited for it long enough has room made; who would not have it any more, has it no more. */
  reserve(): void {
    const { now } = this
    for (const lane of this.queue.lanes.values()) lane.demand.oldest = Number.POSITIVE_INFINITY
    for (const lane of this.queue.lanes.values()) {
      lane.oldestAt = oldestOf(lane)
      lane.demand.oldest = Math.min(lane.demand.oldest, lane.oldestAt)
    }
    for (const server of this.table.servers.values()) server.reservation = undefined
    for (const lane of this.queue.lanes.values()) this.#reserve(lane, now)
  }

  #reserve(lane: Lane, now: number): void {
    const work = lane.heads.first?.first?.work
    const view = this.view()
    const cost = work === undefined ? undefined : choose(this.ask(work), lane.tiers, view)
    if (work === undefined || cost === undefined || cost.isReady || cost.server.reservation !== undefined) return
    if (!mayReserve({ cost, arrivedAt: work.arrivedAt, view })) return
    const { server, runner, victims, loadMs } = cost
    // Not on and on: what runs may be stuck.
    if (now - runner.reservedAt > 2 * policy.reservationMs) runner.reservedAt = now
    if (now - runner.reservedAt <= policy.reservationMs) server.reservation = { runner, victims, loadMs }
  }

  preload(lane: Lane): Effect[] {
    const { now } = this
    const place = placeToPreload(lane, now)
    if (place === undefined) return []
    const { server, runner, victims } = place
    for (const victim of victims) server.unload(victim)
    const loadMs = this.#estimates.loadMs(server.name, runner.bytes)
    server.startLoad(runner, { now, loadMs, isPreload: true })
    const preload = { kind: 'preload', model: runner.model, server: server.name } as const
    return [preload, ...this.serveAt(server)]
  }

  blocksOf({ brief, prompt }: Work): readonly number[] {
    return this.options.affinity && !brief && prompt.tokens >= 2 * BLOCK_TOKENS ? prompt.blocks() : NO_BLOCKS
  }

  ask(work: Work, aheadMs = 0): Ask {
    const { now } = this
    const age = now - work.arrivedAt
    const isOld = age > policy.oldMs && age > policy.oldTimesMean * this.queue.meanAgeMs(now)
    return { work, aheadMs, isOld, sparesQueued: false }
  }

  view(): ChoiceView {
    const { now } = this
    const { affinity, spillAfterMs } = this.options
    return {
      now,
      estimates: this.#estimates,
      scarcity: this.scarcity,
      affinity,
      spillAfterMs,
      turn: this.#turn,
    }
  }

  waitMs(work: Work, lane: Lane, before: number): number {
    const cost = choose(this.ask(work), lane.tiers, this.view())
    const waitMs = (cost?.waitMs ?? 0) + (cost?.loadMs ?? 0) + timeOf(before, lane.tiers)
    return Math.max(waitMs, leastMs(before, lane.tiers))
  }

  part(waiting: Waiting): void {
    const { lane, account } = waiting.queue
    this.queue.remove(waiting)
    this.fair.left(account)
    this.fair.forget(account)
    if (lane.size === 0) this.queue.close(lane)
  }
}

/** Whether the news from there can change what the first of the queue would rather have. */
function isBetterAt(server: Server, { lane, best }: KeyQueue, { ask, view }: { ask: Ask; view: ChoiceView }): boolean {
  if (lane.width === 1) return true
  const runner = server.runners.get(lane.demand.model)
  if (runner === undefined) return false
  const isKnown = best.work === ask.work && view.now - best.at < policy.bestAgeMs
  const limitMs = isKnown ? best.totalMs + 2 * policy.tieMs : Number.POSITIVE_INFINITY
  return costOf(ask, { server, runner }, { ...view, limitMs })?.isReady === true
}

const NO_BLOCKS: readonly number[] = []

function oldestOf(lane: Lane): number {
  let oldest = Number.POSITIVE_INFINITY
  for (const { first } of lane.queues.values()) oldest = Math.min(oldest, first?.work.arrivedAt ?? oldest)
  return oldest
}

function byTurn({ heads: { first: a } }: Lane, { heads: { first: b } }: Lane): number {
  if (a === undefined || b === undefined) return 0
  return isBefore(a, b) ? -1 : 1
}
