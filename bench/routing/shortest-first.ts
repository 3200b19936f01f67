import {
  decodeMsPerToken,
  holds,
  loadedBytes,
  loadMs,
  MAX_LOADED,
  type ModelSpec,
  prefillMsPerToken,
  type ServerSpec,
} from './fleet.ts'
import type { Policy, World } from './policy.ts'
import { createPrices, type Prices } from './prices.ts'
import type { SimulatedOllama } from './simulated-ollama.ts'
import type { Answer } from './simulated-runner.ts'
import type { SimulatedRequest } from './workload.ts'

/** A millisecond of waiting outweighs so much of a request's own length. */
const AGEING = 0.02
const SWAP_WEIGHT = 3
/** A model that another server has loaded is missed less. */
const ELSEWHERE = 0.3

interface Site {
  readonly server: SimulatedOllama
  readonly spec: ServerSpec
  readonly holdings: Map<string, Holding>
  /** What those before it in the queue, who want the same model there, will take. */
  readonly ahead: Map<string, number>
}

interface Holding {
  readonly model: ModelSpec
  readonly running: Map<number, Running>
  /** Until then it loads. */
  loadedAtMs: number
  usedMs: number
}

interface Running {
  readonly totalMs: number
  readonly startMs: number
}

interface Offer {
  readonly site: Site
  readonly cost: number
  readonly isReady: boolean
  readonly victims: readonly Holding[]
}

/**
 * How well it could be done by somebody who knew how long each answer will be and every rate: one queue, the shortest
 * first with ageing, each to the server with the least cost, others' included. No product could do this.
 */
export class ShortestFirst implements Policy {
  readonly #world: World
  readonly #sites: readonly Site[]
  readonly #models: ReadonlyMap<string, ModelSpec>
  readonly #prices: Prices
  readonly #waiting = new Set<SimulatedRequest>()
  /** How many of them want each model. */
  readonly #queued = new Map<string, number>()

  constructor(world: World, meanRequest: { promptTokens: number; answerTokens: number }) {
    this.#world = world
    this.#models = new Map(world.fleet.models.map((model) => [model.name, model]))
    this.#sites = world.servers.map((server) => ({ server, spec: server.spec, holdings: new Map(), ahead: new Map() }))
    this.#prices = createPrices(world.fleet, meanRequest)
  }

  arrived(request: SimulatedRequest): void {
    this.#waiting.add(request)
    this.#countQueued(request, 1)
    this.#prices.arrived(request.model, this.#world.now())
    this.#assign()
  }

  began(answer: Answer): void {
    const holding = this.#holding(answer)
    if (holding !== undefined) holding.loadedAtMs = Math.min(holding.loadedAtMs, this.#world.now())
    this.#assign()
  }

  ended(answer: Answer): void {
    const holding = this.#holding(answer)
    holding?.running.delete(answer.request.id)
    if (holding !== undefined) holding.usedMs = this.#world.now()
    this.#assign()
  }

  #holding(answer: Answer): Holding | undefined {
    return this.#sites.find((site) => site.spec.name === answer.server)?.holdings.get(answer.request.model)
  }

  #assign(): void {
    const nowMs = this.#world.now()
    const ordered = [...this.#waiting]
      .map((request) => ({ request, rank: this.#lengthMs(request) - AGEING * (nowMs - request.atMs) }))
      .toSorted((a, b) => a.rank - b.rank)
    this.#forgetUnloaded()
    for (const { ahead } of this.#sites) ahead.clear()
    for (const { request } of ordered) {
      const offer = this.#bestOffer(request, nowMs)
      if (offer === undefined) continue
      if (!offer.isReady) {
        const { site } = offer
        const workMs = ownMs(site.spec, this.#model(request), request) / this.#world.parallel
        site.ahead.set(request.model, (site.ahead.get(request.model) ?? 0) + workMs)
        continue
      }
      this.#waiting.delete(request)
      this.#countQueued(request, -1)
      this.#send(request, offer, nowMs)
    }
  }

  #countQueued({ model }: SimulatedRequest, by: number): void {
    this.#queued.set(model, (this.#queued.get(model) ?? 0) + by)
  }

  /** What was idle for long is gone by itself. */
  #forgetUnloaded(): void {
    for (const { server, holdings } of this.#sites)
      for (const name of holdings.keys()) if (!server.has(name)) holdings.delete(name)
  }

  #send(request: SimulatedRequest, { site, victims }: Offer, nowMs: number): void {
    const model = this.#model(request)
    for (const victim of victims) site.holdings.delete(victim.model.name)
    let holding = site.holdings.get(model.name)
    if (holding === undefined) {
      holding = { model, running: new Map(), loadedAtMs: nowMs + loadMs(model), usedMs: nowMs }
      site.holdings.set(model.name, holding)
    }
    const startMs = Math.max(nowMs, holding.loadedAtMs)
    holding.running.set(request.id, { totalMs: ownMs(site.spec, model, request), startMs })
    this.#world.send(request, site.server)
  }

  #bestOffer(request: SimulatedRequest, nowMs: number): Offer | undefined {
    const model = this.#model(request)
    let best: Offer | undefined
    for (const site of this.#sites) {
      if (!holds(site.spec, model)) continue
      const offer = this.#offer(request, site, nowMs)
      if (best === undefined || offer.cost < best.cost) best = offer
    }
    return best
  }

  #offer(request: SimulatedRequest, site: Site, nowMs: number): Offer {
    const model = this.#model(request)
    const place = this.#place(site, model, nowMs)
    const others = [...site.holdings.values()].filter((other) => other.model !== model && other.running.size > 0)
    const workMs = ownMs(site.spec, model, request)
    const prefillMs = request.promptTokens * prefillMsPerToken(site.spec, model) * (1 + others.length)
    let delayMs = 0
    for (const other of others)
      for (const running of other.running.values()) delayMs += Math.min(remainingMs(running, nowMs), workMs)
    const price = this.#prices.of(site.spec, model, { queued: this.#queued, nowMs })
    const swapMs = place.victims.reduce((sum, victim) => sum + this.#missedMs(victim.model, site, nowMs), 0)
    const cost = place.waitMs + place.loadMs + prefillMs + SWAP_WEIGHT * swapMs + workMs * price + delayMs
    return { site, cost, isReady: place.isReady, victims: place.victims }
  }

  /** When it could start there, and what must go for it. */
  #place(site: Site, model: ModelSpec, nowMs: number): Pick<Offer, 'isReady' | 'victims'> & Times {
    const holding = site.holdings.get(model.name)
    if (holding !== undefined) {
      const isReady = holding.running.size < this.#world.parallel
      const loadsFor = Math.max(0, holding.loadedAtMs - nowMs)
      const waitMs = isReady ? 0 : soonest(holding, nowMs) + (site.ahead.get(model.name) ?? 0)
      return { waitMs, loadMs: isReady ? loadsFor : 0, isReady, victims: [] }
    }
    const victims = victimsFor(site, model)
    const waits = victims.map((victim) => latest(victim, nowMs))
    const loading = Math.max(0, ...[...site.holdings.values()].map(({ loadedAtMs }) => loadedAtMs - nowMs))
    const waitMs = Math.max(loading, ...waits, 0)
    const aheadMs = waitMs === 0 ? 0 : (site.ahead.get(model.name) ?? 0)
    return { waitMs: waitMs + aheadMs, loadMs: loadMs(model), isReady: waitMs === 0, victims }
  }

  #missedMs(model: ModelSpec, at: Site, nowMs: number): number {
    const isElsewhere = this.#sites.some((site) => site !== at && site.holdings.has(model.name))
    const chance = (this.#queued.get(model.name) ?? 0) > 0 ? 1 : this.#prices.chanceSoon(model.name, nowMs)
    return loadMs(model) * chance * (isElsewhere ? ELSEWHERE : 1)
  }

  #lengthMs(request: SimulatedRequest): number {
    const times = this.#sites
      .filter(({ spec }) => holds(spec, this.#model(request)))
      .map(({ spec }) => ownMs(spec, this.#model(request), request))
    return Math.min(...times)
  }

  #model(request: SimulatedRequest): ModelSpec {
    const model = this.#models.get(request.model)
    if (model === undefined) throw new Error(`The fleet has no model "${request.model}"`)
    return model
  }
}

interface Times {
  readonly waitMs: number
  readonly loadMs: number
}

function ownMs(server: ServerSpec, model: ModelSpec, request: SimulatedRequest): number {
  const { promptTokens, answerTokens } = request
  return promptTokens * prefillMsPerToken(server, model) + answerTokens * decodeMsPerToken(server, model)
}

/** Something is always left of what has not ended. */
function remainingMs({ totalMs, startMs }: Running, nowMs: number): number {
  return Math.max(startMs + totalMs - nowMs, totalMs / 10)
}

function soonest(holding: Holding, nowMs: number): number {
  return Math.min(...[...holding.running.values()].map((running) => remainingMs(running, nowMs)))
}

function latest(holding: Holding, nowMs: number): number {
  return Math.max(0, ...[...holding.running.values()].map((running) => remainingMs(running, nowMs)))
}

/** Idle ones first, of these the one that was not used for longest. */
function victimsFor(site: Site, model: ModelSpec): Holding[] {
  const order = [...site.holdings.values()].toSorted(
    (a, b) => Number(a.running.size > 0) - Number(b.running.size > 0) || a.usedMs - b.usedMs,
  )
  const victims: Holding[] = []
  let bytes = order.reduce((sum, holding) => sum + loadedBytes(holding.model), loadedBytes(model))
  let count = order.length + 1
  for (const holding of order) {
    if (bytes <= site.spec.memoryBytes && count <= MAX_LOADED) break
    victims.push(holding)
    bytes -= loadedBytes(holding.model)
    count--
  }
  return victims
}
