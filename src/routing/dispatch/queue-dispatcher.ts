import type { QueuePlace } from '../../proxy/router.ts'
import { Allocator, type AllocatorDeps } from './allocator.ts'
import { tiersOf } from './candidate.ts'
import { choose } from './choose.ts'
import { type Cost, costOf } from './cost.ts'
import type { DispatchOptions } from './dispatch-options.ts'
import type { ServerLoad } from './server-load.ts'
import type { ServerQuote } from './server-quote.ts'
import { type Effect, NO_EFFECTS, type RefusalReason } from './effect.ts'
import type { Account } from './fair-share.ts'
import { policy } from './policy.ts'
import type { Grant } from './grant.ts'
import { type ModelQueue, modelQueues } from './model-queue.ts'
import type { LoadedModel, ServerFacts } from './server-facts.ts'
import type { Server } from './server.ts'
import { leastMs, timeOf, worksAt } from './wait-estimate.ts'
import { BATCH, INTERACTIVE, Lane, type Waiting } from './lane.ts'
import type { Work } from './work.ts'
import { type WorksAhead, worksAhead } from './works-ahead.ts'

const LEAST_RETRY_MS = 1_000
const STRANDED_RETRY_MS = 3_000

export class QueueDispatcher {
  readonly #places: Allocator

  constructor(deps: AllocatorDeps, options: DispatchOptions) {
    this.#places = new Allocator(deps, options)
  }

  get waiting(): number {
    return this.#places.queue.size
  }

  configure(options: DispatchOptions): Effect[] {
    this.#places.options = options
    return this.reconsider()
  }

  setServers(servers: readonly ServerFacts[]): Effect[] {
    this.#places.table.set(servers)
    return this.reconsider()
  }

  sawLoaded(name: string, loaded: readonly LoadedModel[]): Effect[] {
    const server = this.#places.table.servers.get(name)
    if (server === undefined || server.isProvider) return NO_EFFECTS
    for (const { model } of loaded) if (server.facts.models.has(model)) this.#places.table.runnerOf(server, model)
    server.saw(loaded, this.#places.setTime())
    return this.#places.serveAt(server)
  }

  arrive(work: Work): Effect[] {
    const { prompt, model, key } = work
    const now = this.#places.setTime()
    const demand = this.#places.table.demandOf(model)
    demand.asked(prompt.tokens, now)
    this.#places.scarcity.asked(demand, now)
    const account = this.#places.fair.accountOf(key)
    const effects = this.#place(work, account)
    this.#places.fair.forget(account)
    return effects
  }

  #place(work: Work, account: Account): Effect[] {
    const known = this.#places.queue.lanes.get(work.lane)
    if (known === undefined) {
      const tiers = this.#places.table.tiers(work.candidates(), work.model)
      const cost = choose(this.#places.ask(work), tiers, this.#places.view())
      if (cost === undefined) return [refusal(work, 'stranded', STRANDED_RETRY_MS)]
      if (cost.isReady) return [this.#places.grant(work, account, cost)]
      const lane = new Lane(work.lane, this.#places.table.demandOf(work.model))
      lane.tiers = tiers
      this.#places.queue.open(lane)
      this.#join(work, lane, account)
      return this.#refuseTooMany(work)
    }
    const waiting = this.#join(work, known, account)
    // Behind the first ones nothing changes for anybody.
    const isSeen = waiting.before === undefined && known.heads.firstOf(policy.headsPerLane).includes(waiting.queue)
    const effects = isSeen ? this.#places.serve([known]) : []
    effects.push(...this.#refuseTooMany(work))
    return effects
  }

  #refuseTooMany(work: Work): Effect[] {
    const waiting = this.#places.queue.get(work)
    if (waiting === undefined) return []
    if (this.#places.now - work.arrivedAt > this.#places.options.maxWaitMs) {
      return [this.#refuse(waiting, 'waited-too-long')]
    }
    if (this.#places.queue.size <= this.#places.options.maxLength) return []
    return [this.#refuse(this.#places.oneTooMany(waiting), 'queue-full')]
  }

  leave(work: Work): Effect[] {
    const waiting = this.#places.queue.get(work)
    if (waiting !== undefined) this.#places.part(waiting)
    return NO_EFFECTS
  }

  began(work: Work): Effect[] {
    const grant = this.#places.grantOf(work)
    if (grant === undefined || grant.beganAt !== null) return NO_EFFECTS
    const { server, runner } = grant
    const now = this.#places.setTime()
    grant.beganAt = now
    if (server.facts.slots === null) runner.slotLimit.began(work, now)
    if (server.isProvider || runner.state === 'loaded' || !this.#isHere(server)) return NO_EFFECTS
    server.becameLoaded(runner, now)
    return this.#places.serveAt(server)
  }

  ended(work: Work, completionTokens: number | null): Effect[] {
    const grant = this.#places.grantOf(work)
    if (grant === undefined || grant.endedAt !== null) return NO_EFFECTS
    grant.endedAt = this.#places.setTime()
    grant.completionTokens = completionTokens
    grant.runner.slotLimit.ended(work, grant.endedAt)
    return NO_EFFECTS
  }

  released(work: Work): Effect[] {
    const grant = this.#places.grantOf(work)
    if (grant === undefined) return NO_EFFECTS
    const { server, runner, account } = grant
    const now = this.#places.setTime()
    this.#places.takeBack(grant)
    if (grant.beganAt !== null) runner.memory.keep(this.#places.blocksOf(work), server.slotsOf(runner, false))
    server.release(runner, grant, now)
    if (!this.#isHere(server)) server.unload(runner)
    this.#places.fair.ended(account, correctionMs(grant, now) / work.share.weight)
    if (this.#places.granted === 0 && this.#places.queue.size === 0) this.#places.fair.reset()
    else this.#places.fair.forget(account)
    return this.#places.serveAt(server)
  }

  reconsider(): Effect[] {
    if (this.#places.queue.size === 0) return NO_EFFECTS
    const now = this.#places.setTime()
    for (const server of this.#places.table.servers.values()) server.believeLoaded(now)
    for (const lane of this.#places.queue.closeAll()) this.#renew(lane)
    const effects = [...this.#places.queue.lanes.values()].flatMap((lane) => this.#expire(lane))
    this.#places.reserve()
    effects.push(...this.#places.serve([...this.#places.queue.lanes.values()]))
    for (const lane of [...this.#places.queue.lanes.values()]) effects.push(...this.#places.preload(lane))
    return effects
  }

  place(work: Work): QueuePlace | undefined {
    const waiting = this.#places.queue.get(work)
    if (waiting === undefined) return undefined
    this.#places.setTime()
    const { works, worksHere } = this.#worksAhead(waiting)
    return { position: works + 1, waitMs: this.#places.waitMs(work, waiting.queue.lane, worksHere) }
  }

  explain(work: Work): readonly ServerQuote[] {
    this.#places.setTime()
    const lane = this.#places.queue.lanes.get(work.lane)
    const candidates = this.#places.table.candidates(work.candidates(), work.model)
    const tiers = tiersOf(candidates)
    const view = this.#places.view()
    const waiting = this.#places.queue.get(work)
    const before = waiting === undefined ? worksAt(tiers) : this.#worksAhead(waiting).worksHere
    const inLane = waiting === undefined ? (lane?.size ?? 0) : worksAhead(waiting, [waiting.queue.lane]).works
    // Who is chosen depends on what its lane has waiting, how long that takes on what all have.
    const chosen = choose(this.#places.ask(work, timeOf(inLane, tiers)), tiers, view)
    const ask = this.#places.ask(work, timeOf(before, tiers))
    return candidates.flatMap((candidate) => {
      const isChosen = candidate.server === chosen?.server
      const cost = costOf(ask, candidate, { ...view, limitMs: Number.POSITIVE_INFINITY })
      if (cost === undefined) return []
      const waitMs = cost.isReady ? cost.waitMs : Math.max(cost.waitMs, leastMs(before, [[candidate]]))
      return [asQuote({ ...cost, waitMs }, isChosen)]
    })
  }

  #worksAhead(waiting: Waiting): WorksAhead {
    return worksAhead(waiting, this.#places.queue.lanesOf(waiting.queue.lane.demand))
  }

  loads(): readonly ServerLoad[] {
    return [...this.#places.table.servers.values()].map((server) => {
      const models = [...server.runners.values()].flatMap((runner) => {
        const { model, running } = runner
        if (runner.state === 'absent' && !runner.isBusy) return []
        const state = runner.state === 'loading' ? ('loading' as const) : ('loaded' as const)
        return [{ model, state, running: running.length, slots: server.slotsOf(runner, false) }]
      })
      return {
        server: server.name,
        models,
        waiting: [...this.#places.queue.lanesAt(server)].reduce((sum, { size }) => sum + size, 0),
      }
    })
  }

  queues(): readonly ModelQueue[] {
    return modelQueues(this.#places.queue.lanes.values(), this.#places.setTime())
  }

  #isHere(server: Server): boolean {
    return this.#places.table.servers.get(server.name) === server
  }

  #join(work: Work, lane: Lane, account: Account): Waiting {
    this.#places.fair.joined(account)
    return this.#places.queue.add(work, lane, account)
  }

  #refuse(waiting: Waiting, reason: RefusalReason): Effect {
    const { work, queue } = waiting
    // All that waits there but itself.
    const before = worksAt(queue.lane.tiers) - 1
    const waitMs = reason === 'stranded' ? STRANDED_RETRY_MS : this.#places.waitMs(work, queue.lane, before)
    this.#places.part(waiting)
    return refusal(work, reason, waitMs)
  }

  /** Asks again who may take its works. */
  #renew(lane: Lane): void {
    const work = lane.heads.first?.first?.work
    if (work === undefined) return
    lane.tiers = this.#places.table.tiers(work.candidates(), work.model)
    this.#places.queue.open(lane)
  }

  /** Refuses what nobody may take, or is too old. */
  #expire(lane: Lane): Effect[] {
    const effects: Effect[] = []
    const { now } = this.#places
    const { maxWaitMs } = this.#places.options
    for (const queue of [...lane.queues.values()]) {
      for (let head = queue.first; head !== undefined; head = queue.first) {
        const age = now - head.work.arrivedAt
        const isBatch = head.work.share.class === 'batch' && age <= maxWaitMs * policy.batchPatience
        this.#places.queue.setRank(queue, isBatch ? BATCH : INTERACTIVE)
        if (lane.tiers.length > 0 && age <= maxWaitMs) break
        effects.push(this.#refuse(head, lane.tiers.length === 0 ? 'stranded' : 'waited-too-long'))
      }
    }
    return effects
  }
}

function refusal(work: Work, reason: RefusalReason, waitMs: number): Effect {
  const retryAfterMs = Math.max(LEAST_RETRY_MS, Number.isFinite(waitMs) ? Math.ceil(waitMs) : LEAST_RETRY_MS)
  return { kind: 'refuse', work, reason, retryAfterMs }
}

/** What the work took, against what it was expected to take. A load is nobody's own doing. */
function correctionMs(grant: Grant, now: number): number {
  const { prefillMs, answerMs, beganAt } = grant
  const expected = prefillMs + answerMs
  if (grant.completionTokens !== null && !grant.work.brief) {
    return grant.completionTokens * grant.runner.pair.decodeMsPerToken - answerMs
  }
  if (beganAt !== null) return prefillMs + ((grant.endedAt ?? now) - beganAt) - expected
  return (grant.cold ? 0 : Math.min(now - grant.grantedAt, expected)) - expected
}

function asQuote({ server, waitMs, loadMs, prefillMs, networkMs, othersMs }: Cost, chosen: boolean): ServerQuote {
  return { server: server.name, queueMs: waitMs, loadMs, prefillMs, networkMs, othersMs, chosen }
}
