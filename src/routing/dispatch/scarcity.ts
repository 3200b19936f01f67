import type { ModelDemand } from './demand.ts'
import { policy } from './policy.ts'
import type { Runner } from './runner.ts'
import type { ServerTable } from './server-table.ts'
import type { Server } from './server.ts'

/**
 * What a time at an upstream is worth to works that may want it: the more of them, and the fewer other places they have,
 * the dearer. Each event changes its own part of the sums, so that a choice only reads.
 */
export class Scarcity {
  readonly #table: ServerTable
  #next = 0
  #weighed: ModelDemand | undefined
  #weighedAt = 0

  constructor(table: ServerTable) {
    this.#table = table
  }

  /** In this work's own time: what a time of it there costs others. What is loaded there has slots of its own. */
  priceOf(server: Server, runner: Runner): number {
    const load = Math.max(0, server.loadShare - (runner.state === 'absent' ? runner.loadShare : 0))
    const queued = Math.max(0, server.queuedShare - runner.queuedShare)
    return queued + load / (1 - Math.min(policy.maxLoadShare, load))
  }

  /** A model was asked for. In turns, the others are asked for less than they were. */
  asked(demand: ModelDemand, now: number): void {
    // Within a millisecond hardly anything changes, and that much with the next one.
    if (demand === this.#weighed && now === this.#weighedAt) return
    this.#weighed = demand
    this.#weighedAt = now
    this.#weigh(demand, now)
    const { modelList } = this.#table
    this.#next = (this.#next + 1) % modelList.length
    const other = modelList[this.#next]
    if (other !== undefined && other !== demand) this.#weigh(other, now)
  }

  #weigh(demand: ModelDemand, now: number): void {
    const holders = this.#table.holdersOf(demand)
    const perHolder = demand.perMs(now) / holders.length ** 2
    for (const { server, runner } of holders) {
      const share = perHolder * runner.serviceMs
      if (runner.state === 'absent') server.loadShare += share - runner.loadShare
      runner.loadShare = share
    }
  }
}
