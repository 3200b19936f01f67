import { type MeanRequest, serviceMs } from './capacity.ts'
import { type Fleet, holds, type ModelSpec, type ServerSpec } from './fleet.ts'

/** What it costs those who can go nowhere else, when somebody takes a server that he need not take. */
export interface Prices {
  arrived(model: string, nowMs: number): void
  /** Per millisecond of the server's time. */
  of(server: ServerSpec, model: ModelSpec, at: { queued: ReadonlyMap<string, number>; nowMs: number }): number
  /** That the model is asked for within a minute. */
  chanceSoon(model: string, nowMs: number): number
}

const MEMORY_MS = 120_000
const SOON_MS = 60_000
const MOST_LOAD = 0.95

export function createPrices(fleet: Fleet, mean: MeanRequest): Prices {
  const rates = new Map<string, { perMs: number; atMs: number }>()
  const able = new Map(
    fleet.models.map((model) => [model.name, fleet.servers.filter((server) => holds(server, model)).length]),
  )

  function rate(model: string, nowMs: number): number {
    const known = rates.get(model)
    return known === undefined ? 0 : known.perMs * Math.exp(-(nowMs - known.atMs) / MEMORY_MS)
  }

  return {
    arrived(model, nowMs) {
      rates.set(model, { perMs: rate(model, nowMs) + 1 / MEMORY_MS, atMs: nowMs })
    },
    of(server, model, { queued, nowMs }) {
      const others = fleet.models.filter((other) => other !== model && holds(server, other))
      const waiting = others.reduce((sum, { name }) => sum + (queued.get(name) ?? 0) / (able.get(name) ?? 1), 0)
      const load = others.reduce((sum, other) => {
        return sum + (rate(other.name, nowMs) * serviceMs(server, other, mean)) / (able.get(other.name) ?? 1) ** 2
      }, 0)
      return waiting + load / (1 - Math.min(MOST_LOAD, load))
    },
    chanceSoon: (model, nowMs) => 1 - Math.exp(-rate(model, nowMs) * SOON_MS),
  }
}
