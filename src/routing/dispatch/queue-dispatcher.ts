import type { Clock } from '../../lib/clock.ts'
import type { QueuePlace } from '../../proxy/router.ts'
import type { Estimates } from '../learning/estimates.ts'
import { type Candidate, tiersOf } from './candidate.ts'
import { choose, type ChoiceView } from './choose.ts'
import { type Ask, type Cost, costOf, isMissed } from './cost.ts'
import type { DispatchOptions } from './dispatch-options.ts'
import type { ServerLoad } from './server-load.ts'
import type { ServerQuote } from './server-quote.ts'
import type { Effect, RefusalReason } from './effect.ts'
import { type Account, FairShare } from './fair-share.ts'
import { policy } from './policy.ts'
import type { Grant } from './grant.ts'
import { type ModelQueue, modelQueues } from './model-queue.ts'
import { placeToPreload } from './preload.ts'
import { Scarcity } from './scarcity.ts'
import type { LoadedModel, ServerFacts } from './server-facts.ts'
import { ServerTable, type ServerTableDeps } from './server-table.ts'
import type { Server } from './server.ts'
import { drainPerMs, worksBefore } from './wait-estimate.ts'
import { BATCH, INTERACTIVE, isBefore, type KeyQueue, Lane, type Waiting, WaitQueue } from './wait-queue.ts'
import type { Work } from './work.ts'

export interface QueueDispatcherDeps extends ServerTableDeps {
  readonly clock: Clock
}

const NO_EFFECTS: Effect[] = []
const LEAST_RETRY_MS = 1_000
const STRANDED_RETRY_MS = 3_000

export class QueueDispatcher {
  readonly #clock: Clock
  readonly #estimates: Estimates
  readonly #table: ServerTable
  readonly #queue: WaitQueue
  readonly #scarcity: Scarcity
  readonly #fair = new FairShare()
  readonly #grants = new Map<Work, Grant>()
  #options: DispatchOptions
  #turn = 0

  constructor(deps: QueueDispatcherDeps, options: DispatchOptions) {
    this.#clock = deps.clock
    this.#estimates = deps.estimates
    this.#table = new ServerTable(deps)
    this.#queue = new WaitQueue(deps.clock.now())
    this.#scarcity = new Scarcity(this.#table)
    this.#options = options
  }

  get waiting(): number {
    return this.#queue.size
  }

  configure(options: DispatchOptions): Effect[] {
    this.#options = options
    return this.reconsider()
  }

  setServers(servers: readonly ServerFacts[]): Effect[] {
    this.#table.set(servers)
    return this.reconsider()
  }

  sawLoaded(name: string, loaded: readonly LoadedModel[]): Effect[] {
    const server = this.#table.servers.get(name)
    if (server === undefined || server.isProvider) return NO_EFFECTS
    for (const { model } of loaded) if (server.facts.models.has(model)) this.#table.runnerOf(server, model)
    server.saw(loaded, this.#clock.now())
    return this.#serve(this.#queue.lanesAt(server), server)
  }

  arrive(work: Work): Effect[] {
    const { prompt, model, key } = work
    const now = this.#clock.now()
    const demand = this.#table.demandOf(model)
    demand.asked(prompt.tokens, now)
    this.#scarcity.asked(demand, now)
    const account = this.#fair.accountOf(key)
    const effects = this.#place(work, account)
    this.#fair.forget(account)
    return effects
  }

  #place(work: Work, account: Account): Effect[] {
    const known = this.#queue.lanes.get(work.lane)
    if (known === undefined) {
      const tiers = tiersOf(this.#table.candidates(work.candidates(), work.model))
      const cost = choose(this.#ask(work), tiers, this.#view())
      if (cost === undefined) return [refusal(work, 'stranded', STRANDED_RETRY_MS)]
      if (cost.isReady) return [this.#grant(work, account, cost)]
      const lane = new Lane(work.lane, this.#table.demandOf(work.model))
      lane.tiers = tiers
      this.#queue.open(lane)
      this.#join(work, lane, account)
      return this.#refuseTooMany(work)
    }
    const waiting = this.#join(work, known, account)
    // Behind the first ones nothing changes for anybody.
    const isSeen = waiting.before === undefined && waiting.queue.heapIndex <= policy.headsPerLane
    const effects = isSeen ? this.#serve([known]) : []
    effects.push(...this.#refuseTooMany(work))
    return effects
  }

  #refuseTooMany(work: Work): Effect[] {
    const waiting = this.#queue.get(work)
    if (waiting === undefined) return []
    const isLate = this.#clock.now() - work.arrivedAt > this.#options.maxWaitMs
    if (!isLate && this.#queue.size <= this.#options.maxLength) return []
    return [this.#refuse(waiting, isLate ? 'waited-too-long' : 'queue-full')]
  }

  leave(work: Work): Effect[] {
    const waiting = this.#queue.get(work)
    if (waiting !== undefined) this.#part(waiting)
    return NO_EFFECTS
  }

  began(work: Work): Effect[] {
    const grant = this.#grants.get(work)
    if (grant === undefined || grant.beganAt !== null) return NO_EFFECTS
    const { server, runner } = grant
    const now = this.#clock.now()
    grant.beganAt = now
    runner.slotLimit.began(work, now)
    if (server.isProvider || runner.state === 'loaded' || !this.#isHere(server)) return NO_EFFECTS
    server.becameLoaded(runner, now)
    return this.#serve(this.#queue.lanesAt(server), server)
  }

  ended(work: Work, completionTokens: number | null): Effect[] {
    const grant = this.#grants.get(work)
    if (grant === undefined || grant.endedAt !== null) return NO_EFFECTS
    grant.endedAt = this.#clock.now()
    grant.completionTokens = completionTokens
    grant.runner.slotLimit.ended(work, grant.endedAt)
    return NO_EFFECTS
  }

  released(work: Work): Effect[] {
    const grant = this.#grants.get(work)
    if (grant === undefined) return NO_EFFECTS
    const { server, runner, account } = grant
    const now = this.#clock.now()
    this.#grants.delete(work)
    const blocks = grant.beganAt === null ? NO_BLOCKS : this.#blocksOf(work)
    runner.memory.keep(blocks, server.slotsOf(runner, false))
    server.release(runner, grant, now)
    if (!this.#isHere(server)) server.unload(runner)
    this.#fair.ended(account, correctionMs(grant, now) / work.share.weight)
    if (this.#grants.size === 0 && this.#queue.size === 0) this.#fair.reset()
    else this.#fair.forget(account)
    return this.#serve(this.#queue.lanesAt(server), server)
  }

  reconsider(): Effect[] {
    if (this.#queue.size === 0) return NO_EFFECTS
    for (const server of this.#table.servers.values()) server.believeLoaded(this.#clock.now())
    for (const lane of this.#queue.closeAll()) this.#renew(lane)
    const effects = [...this.#queue.lanes.values()].flatMap((lane) => this.#expire(lane))
    effects.push(...this.#serve(this.#queue.lanes.values()))
    for (const lane of [...this.#queue.lanes.values()]) effects.push(...this.#preload(lane))
    return effects
  }

  place(work: Work): QueuePlace | undefined {
    const waiting = this.#queue.get(work)
    if (waiting === undefined) return undefined
    const before = worksBefore(waiting)
    return { position: before + 1, waitMs: this.#waitMs(work, waiting.queue.lane, before) }
  }

  explain(work: Work): readonly ServerQuote[] {
    const lane = this.#queue.lanes.get(work.lane)
    const candidates = this.#table.candidates(work.candidates(), work.model)
    const view = this.#view()
    const waiting = this.#queue.get(work)
    const before = waiting === undefined ? (lane?.size ?? 0) : worksBefore(waiting)
    const ask = this.#ask(work, lane === undefined ? 0 : before / drainPerMs(lane, view.now))
    const chosen = choose(ask, tiersOf(candidates), view)
    return candidates.flatMap((candidate) => {
      const isChosen = candidate.server === chosen?.server
      const cost = costOf(ask, candidate, { ...view, limitMs: Number.POSITIVE_INFINITY })
      return cost === undefined ? [] : [asQuote(cost, isChosen)]
    })
  }

  loads(): readonly ServerLoad[] {
    return [...this.#table.servers.values()].map((server) => {
      const models = [...server.runners.values()].flatMap((runner) => {
        const { model, running } = runner
        if (runner.state === 'absent' && !runner.isBusy) return []
        const state = runner.state === 'loading' ? ('loading' as const) : ('loaded' as const)
        return [{ model, state, running: running.length, slots: server.slotsOf(runner, false) }]
      })
      return {
        server: server.name,
        models,
        waiting: [...this.#queue.lanesAt(server)].reduce((sum, { size }) => sum + size, 0),
      }
    })
  }

  queues(): readonly ModelQueue[] {
    return modelQueues(this.#queue.lanes.values(), this.#clock.now())
  }

  /** Gives what is free to those lanes, in fair order; with `at`, what that upstream has free. */
  #serve(lanes: Iterable<Lane>, at?: Server): Effect[] {
    const effects: Effect[] = []
    // First what evicts nothing that others wait for: works of one model are taken together where that saves a load.
    for (const sparesQueued of [true, false]) {
      const open: Lane[] = []
      for (const lane of lanes) if (this.#isOpen(lane, sparesQueued, at)) open.push(lane)
      while (open.length > 0) {
        const index = firstOf(open)
        const lane = open[index]
        const granted = lane === undefined ? undefined : this.#serveOne(lane, sparesQueued, at)
        if (granted !== undefined) effects.push(granted)
        if (granted === undefined || lane?.size === 0) open.splice(index, 1)
      }
    }
    return effects
  }

  /** Whether a work of the lane could be sent somewhere now. */
  #isOpen(lane: Lane, sparesQueued: boolean, at: Server | undefined): boolean {
    const work = lane.heads.first?.first?.work
    if (work === undefined) return false
    if (at === undefined)
      return lane.tiers.some((tier) => tier.some((candidate) => this.#canTake(candidate, work, sparesQueued)))
    const runner = at.runners.get(lane.demand.model)
    return runner !== undefined && this.#canTake({ server: at, runner }, work, sparesQueued)
  }

  #canTake({ server, runner }: Candidate, work: Work, sparesQueued: boolean): boolean {
    if (server.isProvider) return !server.isFull
    if (!server.canStart(runner, work)) return false
    if (!sparesQueued || runner.state !== 'absent') return true
    return !isMissed(server.evictionsFor(runner).victims, server, this.#view())
  }

  /** The first of its keys that has a free place to go. */
  #serveOne(lane: Lane, sparesQueued: boolean, at: Server | undefined): Effect | undefined {
    if (!this.#isOpen(lane, sparesQueued, at)) return undefined
    const view = this.#view()
    const perMs = drainPerMs(lane, this.#clock.now())
    const heads = lane.heads.firstOf(policy.headsPerLane)
    for (const [index, queue] of heads.entries()) {
      const work = queue.first?.work
      if (work === undefined) continue
      // Who goes first does not change how long all of them wait: the last one looked at stands for the rest.
      const ahead = index === heads.length - 1 ? lane.size - 1 : index + queue.size - 1
      const ask = { ...this.#ask(work, ahead / perMs), sparesQueued }
      if (at !== undefined && !this.#isBetterAt(at, queue, ask)) continue
      const cost = choose(ask, lane.tiers, view)
      if (cost?.isReady) return this.#grantFirst(queue, cost)
      if (cost !== undefined) Object.assign(queue.best, { work, totalMs: cost.totalMs, at: view.now })
    }
    return undefined
  }

  /** Whether the news from there can change what the first of the queue would rather have. */
  #isBetterAt(server: Server, { lane, best }: KeyQueue, ask: Ask): boolean {
    const runner = server.runners.get(lane.demand.model)
    const view = this.#view()
    if (runner === undefined) return false
    const isKnown = best.work === ask.work && view.now - best.at < policy.bestAgeMs
    const limitMs = isKnown ? best.totalMs + 2 * policy.tieMs : Number.POSITIVE_INFINITY
    return costOf(ask, { server, runner }, { ...view, limitMs })?.isReady === true
  }

  #grantFirst(queue: KeyQueue, cost: Cost): Effect | undefined {
    const { first, account } = queue
    if (first === undefined) return undefined
    this.#part(first)
    return this.#grant(first.work, account, cost)
  }

  #grant(work: Work, account: Account, cost: Cost): Effect {
    const { server, runner, loadMs } = cost
    const now = this.#clock.now()
    const cold = !server.isProvider && runner.state === 'absent'
    for (const victim of cost.victims) server.unload(victim)
    if (cold) server.startLoad(runner, { now, loadMs })
    const answerMs = work.brief ? 0 : runner.answerMs
    const grant: Grant = {
      ...{ work, server, runner, account, cold, answerMs },
      ...{ grantedAt: now, prefillMs: cost.prefillMs, beganAt: null, endedAt: null, completionTokens: null },
    }
    server.start(runner, grant)
    runner.slotLimit.granted(work, now)
    if (!runner.memory.isEmpty) runner.memory.take(this.#blocksOf(work), server.slotsOf(runner, false))
    this.#grants.set(work, grant)
    this.#fair.started(account, (cost.prefillMs + answerMs) / work.share.weight)
    this.#turn += 1
    return { kind: 'grant', work, server: server.name, cold }
  }

  #preload(lane: Lane): Effect[] {
    const now = this.#clock.now()
    const place = placeToPreload(lane, now)
    if (place === undefined) return []
    const { server, runner, victims } = place
    for (const victim of victims) server.unload(victim)
    server.startLoad(runner, { now, loadMs: this.#estimates.loadMs(server.name, runner.bytes) })
    const preload = { kind: 'preload', model: runner.model, server: server.name } as const
    return [preload, ...this.#serve(this.#queue.lanesAt(server), server)]
  }

  #blocksOf({ brief, prompt }: Work): readonly number[] {
    return this.#options.affinity && !brief && prompt.tokens >= 2 * policy.blockTokens ? prompt.blocks() : NO_BLOCKS
  }

  #ask(work: Work, aheadMs = 0): Ask {
    const now = this.#clock.now()
    const age = now - work.arrivedAt
    const isOld = age > policy.oldMs && age > policy.oldTimesMean * this.#queue.meanAgeMs(now)
    return { work, aheadMs, isOld, sparesQueued: false }
  }

  #view(): ChoiceView {
    const now = this.#clock.now()
    const { affinity, spillAfterMs } = this.#options
    return { now, estimates: this.#estimates, scarcity: this.#scarcity, affinity, spillAfterMs, turn: this.#turn }
  }

  #waitMs(work: Work, lane: Lane, before: number): number {
    const cost = choose(this.#ask(work), lane.tiers, this.#view())
    return (cost?.waitMs ?? 0) + (cost?.loadMs ?? 0) + before / drainPerMs(lane, this.#clock.now())
  }

  #isHere(server: Server): boolean {
    return this.#table.servers.get(server.name) === server
  }

  #join(work: Work, lane: Lane, account: Account): Waiting {
    this.#fair.joined(account)
    return this.#queue.add(work, lane, account)
  }

  #part(waiting: Waiting): void {
    const { lane, account } = waiting.queue
    this.#queue.remove(waiting)
    this.#fair.left(account)
    this.#fair.forget(account)
    if (lane.size === 0) this.#queue.close(lane)
  }

  #refuse(waiting: Waiting, reason: RefusalReason): Effect {
    const { work, queue } = waiting
    const waitMs = reason === 'stranded' ? STRANDED_RETRY_MS : this.#waitMs(work, queue.lane, queue.lane.size - 1)
    this.#part(waiting)
    return refusal(work, reason, waitMs)
  }

  /** Asks again who may take its works. */
  #renew(lane: Lane): void {
    const work = lane.heads.first?.first?.work
    if (work === undefined) return
    lane.tiers = tiersOf(this.#table.candidates(work.candidates(), work.model))
    this.#queue.open(lane)
  }

  /** Refuses what nobody may take, or is too old. */
  #expire(lane: Lane): Effect[] {
    const effects: Effect[] = []
    const now = this.#clock.now()
    const { maxWaitMs } = this.#options
    for (const queue of [...lane.queues.values()]) {
      for (let head = queue.first; head !== undefined; head = queue.first) {
        const age = now - head.work.arrivedAt
        const isBatch = head.work.share.class === 'batch' && age <= maxWaitMs * policy.batchPatience
        this.#queue.setRank(queue, isBatch ? BATCH : INTERACTIVE)
        if (lane.tiers.length > 0 && age <= maxWaitMs) break
        effects.push(this.#refuse(head, lane.tiers.length === 0 ? 'stranded' : 'waited-too-long'))
      }
    }
    return effects
  }
}

const NO_BLOCKS: readonly number[] = []

function refusal(work: Work, reason: RefusalReason, waitMs: number): Effect {
  const retryAfterMs = Math.max(LEAST_RETRY_MS, Number.isFinite(waitMs) ? Math.ceil(waitMs) : LEAST_RETRY_MS)
  return { kind: 'refuse', work, reason, retryAfterMs }
}

/** What the work took, against what it was expected to take. A load is nobody's own doing. */
function correctionMs({ prefillMs, answerMs, beganAt, ...grant }: Grant, now: number): number {
  const expected = prefillMs + answerMs
  if (grant.completionTokens !== null && !grant.work.brief) {
    return grant.completionTokens * grant.runner.pair.decodeMsPerToken - answerMs
  }
  if (beganAt !== null) return prefillMs + ((grant.endedAt ?? now) - beganAt) - expected
  return (grant.cold ? 0 : Math.min(now - grant.grantedAt, expected)) - expected
}

function firstOf(lanes: readonly Lane[]): number {
  let first = 0
  for (let index = 1; index < lanes.length; index += 1) {
    const head = lanes[index]?.heads.first
    const best = lanes[first]?.heads.first
    if (head !== undefined && (best === undefined || isBefore(head, best))) first = index
  }
  return first
}

function asQuote({ server, waitMs, loadMs, prefillMs, networkMs, othersMs }: Cost, chosen: boolean): ServerQuote {
  return { server: server.name, queueMs: waitMs, loadMs, prefillMs, networkMs, othersMs, chosen }
}
