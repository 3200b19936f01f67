import type { Estimates } from '../learning/estimates.ts'
import { type Candidate, tiersOf } from './candidate.ts'
import type { CapacityOf } from './capacity.ts'
import { ModelDemand } from './demand.ts'
import type { Lane } from './lane.ts'
import { Runner } from './runner.ts'
import type { ServerFacts } from './server-facts.ts'
import { Server } from './server.ts'
import type { CreateSlotLimit } from './slot-limit.ts'

export interface ServerTableDeps {
  readonly estimates: Estimates
  readonly createSlotLimit: CreateSlotLimit
  readonly capacityOf: CapacityOf
}

interface KnownTiers {
  readonly names: readonly string[]
  readonly tiers: Lane['tiers']
}

/** The upstreams and the models there are. */
export class ServerTable {
  servers: ReadonlyMap<string, Server> = new Map()
  readonly modelList: ModelDemand[] = []
  readonly #models = new Map<string, ModelDemand>()
  readonly #deps: ServerTableDeps
  /** By model, then by the name of the upstream. */
  #candidates = new Map<string, Map<string, Candidate>>()
  /** Of each model, of the last list of names. */
  readonly #tiers = new Map<string, KnownTiers>()
  #holders = new Map<ModelDemand, readonly Candidate[]>()

  constructor(deps: ServerTableDeps) {
    this.#deps = deps
  }

  set(all: readonly ServerFacts[]): void {
    const next = new Map<string, Server>()
    for (const facts of all) {
      const server = this.servers.get(facts.name) ?? new Server(facts, () => this.#deps.capacityOf(facts.name))
      server.facts = facts
      for (const runner of server.runners.values()) {
        const bytes = facts.models.get(runner.model)
        if (runner.state === 'absent') server.learnBytes(runner, bytes ?? runner.bytes)
      }
      next.set(facts.name, server)
    }
    for (const server of this.servers.values()) {
      if (next.has(server.name)) continue
      for (const runner of [...server.held]) server.unload(runner)
    }
    this.servers = next
    this.#holders = new Map()
    this.#candidates = new Map()
    this.#tiers.clear()
  }

  demandOf(model: string): ModelDemand {
    let demand = this.#models.get(model)
    if (demand === undefined) {
      demand = new ModelDemand(model)
      this.#models.set(model, demand)
      this.modelList.push(demand)
    }
    return demand
  }

  runnerOf(server: Server, model: string): Runner {
    const known = server.runners.get(model)
    if (known !== undefined) return known
    const { name, facts } = server
    const runner = new Runner(model, {
      pair: this.#deps.estimates.pair(name, model),
      slotLimit: this.#deps.createSlotLimit(name, model),
      demand: this.demandOf(model),
      bytes: facts.models.get(model) ?? 0,
    })
    server.add(runner)
    return runner
  }

  /** Whoever asks has the same list until something has changed. */
  tiers(names: readonly string[], model: string): Lane['tiers'] {
    const known = this.#tiers.get(model)
    if (known?.names === names) return known.tiers
    const tiers = tiersOf(this.candidates(names, model))
    this.#tiers.set(model, { names, tiers })
    return tiers
  }

  candidates(names: readonly string[], model: string): readonly Candidate[] {
    let known = this.#candidates.get(model)
    if (known === undefined) {
      known = new Map()
      this.#candidates.set(model, known)
    }
    const candidates: Candidate[] = []
    for (const name of names) {
      const candidate = known.get(name) ?? this.#candidate(known, name, model)
      if (candidate === undefined) continue
      candidates.push(candidate)
    }
    return candidates
  }

  #candidate(known: Map<string, Candidate>, name: string, model: string): Candidate | undefined {
    const server = this.servers.get(name)
    if (server === undefined) return undefined
    const candidate = { server, runner: this.runnerOf(server, model) }
    known.set(name, candidate)
    return candidate
  }

  /** Upstreams that could hold the model. */
  holdersOf(demand: ModelDemand): readonly Candidate[] {
    let holders = this.#holders.get(demand)
    if (holders === undefined) {
      const { model } = demand
      const able = [...this.servers.values()].filter(({ isProvider, facts }) => {
        const bytes = facts.models.get(model)
        return !isProvider && bytes !== undefined && bytes <= (facts.memoryBytes ?? Number.POSITIVE_INFINITY)
      })
      holders = able.map((server) => ({ server, runner: this.runnerOf(server, model) }))
      this.#holders.set(demand, holders)
    }
    return holders
  }
}
