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
  #stamp = 0
  #asOf = Number.NEGATIVE_INFINITY

  constructor(table: ServerTable, lanes: ReadonlyMap<string, Lane>) {
    this.#table = table
    this.#lanes = lanes
  }

  get stamp(): number {
    return this.#stamp
  }

  /** In this work's own time: what a time of it there costs others. */
  priceOf({ loadShare, queuedShare }: Server, runner: Runner): number {
    const isPriced = runner.priceStamp === this.#stamp
    const queued = Math.max(0, queuedShare - (isPriced ? runner.queuedShare : 0))
    const load = Math.max(0, loadShare - (isPriced ? runner.loadShare : 0))
    return queued + load / (1 - Math.min(policy.maxLoadShare, load))
  }

  refresh(now: number): void {
    if (now - this.#asOf < policy.priceAgeMs && now >= this.#asOf) return
    this.#asOf = now
    this.#stamp += 1
    for (const server of this.#table.servers.values()) {
      server.queuedShare = 0
      server.loadShare = 0
    }
    this.#addQueued()
    this.#addLoad(now)
  }

  #addQueued(): void {
    for (const lane of this.#lanes.values()) {
      let count = 0
      for (const tier of lane.tiers) count += tier.length
      const share = lane.size / count
      for (const tier of lane.tiers) {
        for (const { server, runner } of tier) {
          this.#stampOf(runner)
          server.queuedShare += share
          runner.queuedShare += share
        }
      }
    }
  }

  #addLoad(now: number): void {
    for (const demand of this.#table.models.values()) {
      const perMs = demand.perMs(now)
      if (perMs * policy.demandMs < FORGOTTEN) continue
      const holders = this.#table.holdersOf(demand)
      const perHolder = perMs / holders.length ** 2
      for (const { server, runner } of holders) {
        this.#stampOf(runner)
        const share = perHolder * runner.serviceMs
        server.loadShare += share
        runner.loadShare += share
      }
    }
  }

  #stampOf(runner: Runner): void {
    if (runner.priceStamp === this.#stamp) return
    runner.priceStamp = this.#stamp
    runner.queuedShare = 0
    runner.loadShare = 0
  }
}

/** One request, several `demandMs` ago. */
const FORGOTTEN = 0.01
