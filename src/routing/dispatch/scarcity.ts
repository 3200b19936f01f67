import { policy } from './policy.ts'
import type { Runner } from './runner.ts'
import type { ServerTable } from './server-table.ts'
import type { Server } from './server.ts'
import type { Lane } from './wait-queue.ts'

/**
 * What a time at an upstream is worth to works that may want it: the more of them, and the fewer other places they have,
 * the dearer. Summed up over the fleet every now and then, read for every choice.
 */
export class Scarcity {
  readonly #table: ServerTable
  readonly #lanes: ReadonlyMap<string, Lane>
  #queuedStamp = 0
  #queuedAt = Number.NEGATIVE_INFINITY
  #loadStamp = 0
  #loadAt = Number.NEGATIVE_INFINITY

  constructor(table: ServerTable, lanes: ReadonlyMap<string, Lane>) {
    this.#table = table
    this.#lanes = lanes
  }

  /** Changes whenever the queue's part does. */
  get stamp(): number {
    return this.#queuedStamp
  }

  /** In this work's own time: what a time of it there costs others. */
  priceOf(server: Server, runner: Runner): number {
    const ownLoad = runner.loadStamp === this.#loadStamp ? runner.loadShare : 0
    const load = Math.max(0, server.loadShare - ownLoad)
    const queued = Math.max(0, server.queuedShare - this.queuedFor(runner))
    return queued + load / (1 - Math.min(policy.maxLoadShare, load))
  }

  /** Works that wait for the model, as far as they are this upstream's share. */
  queuedFor(runner: Runner): number {
    return runner.queuedStamp === this.#queuedStamp ? runner.queuedShare : 0
  }

  refresh(now: number): void {
    if (Math.abs(now - this.#queuedAt) < policy.priceAgeMs) return
    this.#queuedAt = now
    this.#queuedStamp += 1
    for (const server of this.#table.servers.values()) server.queuedShare = 0
    for (const lane of this.#lanes.values()) this.#addQueued(lane)
    if (Math.abs(now - this.#loadAt) < policy.loadAgeMs) return
    this.#loadAt = now
    this.#loadStamp += 1
    for (const server of this.#table.servers.values()) server.loadShare = 0
    this.#addLoad(now)
  }

  #addQueued(lane: Lane): void {
    let count = 0
    for (const tier of lane.tiers) count += tier.length
    const share = lane.size / count
    for (const tier of lane.tiers) {
      for (const { server, runner } of tier) {
        runner.queuedShare = this.queuedFor(runner) + share
        runner.queuedStamp = this.#queuedStamp
        server.queuedShare += share
      }
    }
  }

  /** Of what is asked for and not held there: what is, has slots of its own. */
  #addLoad(now: number): void {
    for (const demand of this.#table.models.values()) {
      const perMs = demand.perMs(now)
      if (perMs * policy.demandMs < FORGOTTEN) continue
      const holders = this.#table.holdersOf(demand)
      for (const { server, runner } of holders) {
        if (runner.state !== 'absent') continue
        runner.loadShare = (perMs * runner.serviceMs) / holders.length ** 2
        runner.loadStamp = this.#loadStamp
        server.loadShare += runner.loadShare
      }
    }
  }
}

/** One request, several `demandMs` ago. */
const FORGOTTEN = 0.01
