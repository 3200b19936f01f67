import { PLAIN_SHARE } from '../../src/auth/principal.ts'
import { BLOCK_TOKENS } from '../../src/lib/prompt-block.ts'
import type { Prompt } from '../../src/proxy/prompt.ts'
import { createDispatcher, type Dispatcher } from '../../src/routing/dispatch/dispatcher.ts'
import type { Effect } from '../../src/routing/dispatch/effect.ts'
import type { ServerFacts } from '../../src/routing/dispatch/server-facts.ts'
import type { Work } from '../../src/routing/dispatch/work.ts'
import { type Fleet, holds, type ServerSpec } from './fleet.ts'
import type { Knowledge } from './knowledge.ts'
import type { Policy, World } from './policy.ts'
import type { SimulatedOllama } from './simulated-ollama.ts'
import type { Answer } from './simulated-runner.ts'
import type { SimulatedRequest } from './workload.ts'

export interface CorralOptions {
  readonly knowledge: Knowledge
  /** Off: everybody is one key, and who came first is first. */
  readonly fair: boolean
}

export const MAX_WAIT_MS = 300_000
export const MAX_LENGTH = 512
const TICK_MS = 1000
const LIST_MS = 5000

/** The product's own dispatcher, told what the gateway would tell it, when it would. */
export class Corral implements Policy {
  readonly #world: World
  readonly #options: CorralOptions
  readonly #dispatcher: Dispatcher
  readonly #servers: ReadonlyMap<string, SimulatedOllama>
  readonly #candidates: ReadonlyMap<string, readonly string[]>
  readonly #requests = new Map<Work, SimulatedRequest>()
  readonly #works = new Map<number, Work>()
  #listAtMs = 0
  #tickAtMs = Number.POSITIVE_INFINITY

  constructor(world: World, options: CorralOptions) {
    this.#world = world
    this.#options = options
    this.#servers = new Map(world.servers.map((server) => [server.spec.name, server]))
    this.#candidates = candidatesByModel(world.fleet)
    this.#dispatcher = createDispatcher(
      { ...options.knowledge, clock: { now: world.now } },
      { maxLength: MAX_LENGTH, maxWaitMs: MAX_WAIT_MS, spillAfterMs: 20_000, affinity: true },
    )
    this.#tellServers()
  }

  get nextAt(): number {
    return Math.min(this.#listAtMs, this.#tickAtMs)
  }

  wake(): void {
    const nowMs = this.#world.now()
    if (this.#listAtMs <= nowMs) {
      this.#listAtMs = nowMs + LIST_MS
      for (const server of this.#servers.values()) this.#list(server)
    }
    if (this.#tickAtMs <= nowMs) {
      this.#tickAtMs = Number.POSITIVE_INFINITY
      this.#carryOut(this.#dispatcher.reconsider())
    }
  }

  arrived(request: SimulatedRequest): void {
    const work = asWork(request, this.#candidates.get(request.model) ?? [], this.#options.fair)
    this.#requests.set(work, request)
    this.#works.set(request.id, work)
    this.#carryOut(this.#dispatcher.arrive(work))
  }

  began(answer: Answer): void {
    const work = this.#workOf(answer)
    this.#options.knowledge.began(work)
    this.#carryOut(this.#dispatcher.began(work))
  }

  ended(answer: Answer): void {
    const work = this.#workOf(answer)
    this.#forget(work, answer.request)
    this.#options.knowledge.answered(work, answer)
    this.#carryOut(this.#dispatcher.ended(work, answer.request.answerTokens))
    this.#carryOut(this.#dispatcher.released(work))
  }

  #tellServers(): void {
    const { fleet } = this.#world
    const facts = fleet.servers.map((spec) => factsOf(fleet, spec, this.#options.knowledge))
    this.#carryOut(this.#dispatcher.setServers(facts))
  }

  #list(server: SimulatedOllama): void {
    const loaded = server.loadedModels()
    if (this.#options.knowledge.sawLoaded(server.spec.name, loaded)) this.#tellServers()
    this.#carryOut(this.#dispatcher.sawLoaded(server.spec.name, loaded))
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'preload') this.#server(effect.server).preload(effect.model)
      else this.#decided(effect)
    }
    if (this.#dispatcher.waiting === 0) this.#tickAtMs = Number.POSITIVE_INFINITY
    else if (this.#tickAtMs === Number.POSITIVE_INFINITY) this.#tickAtMs = this.#world.now() + TICK_MS
  }

  #decided(effect: Exclude<Effect, { kind: 'preload' }>): void {
    const request = this.#requests.get(effect.work)
    if (request === undefined) throw new Error('A work was decided on that does not wait')
    if (effect.kind === 'grant') {
      this.#options.knowledge.granted(effect.work, effect.server, effect.cold)
      this.#world.send(request, this.#server(effect.server))
      return
    }
    this.#forget(effect.work, request)
    this.#world.refuse(request)
  }

  #server(name: string): SimulatedOllama {
    const found = this.#servers.get(name)
    if (found === undefined) throw new Error(`There is no server "${name}"`)
    return found
  }

  #workOf({ request }: Answer): Work {
    const work = this.#works.get(request.id)
    if (work === undefined) throw new Error(`Request ${request.id} was answered without being granted`)
    return work
  }

  #forget(work: Work, request: SimulatedRequest): void {
    this.#requests.delete(work)
    this.#works.delete(request.id)
  }
}

function factsOf(fleet: Fleet, spec: ServerSpec, knowledge: Knowledge): ServerFacts {
  const models = fleet.models.filter((model) => holds(spec, model))
  return {
    name: spec.name,
    priority: 1,
    slow: false,
    memoryBytes: spec.memoryBytes,
    slots: knowledge.slots,
    admits: Number.POSITIVE_INFINITY,
    models: new Map(models.map(({ name }) => [name, knowledge.bytesOf(spec.name, name)])),
  }
}

function candidatesByModel(fleet: Fleet): Map<string, readonly string[]> {
  return new Map(
    fleet.models.map((model) => {
      const able = fleet.servers.filter((server) => holds(server, model))
      return [model.name, able.map((server) => server.name)]
    }),
  )
}

function asWork(request: SimulatedRequest, candidates: readonly string[], fair: boolean): Work {
  return {
    model: request.model,
    key: fair ? `user-${request.user}` : 'everybody',
    share: PLAIN_SHARE,
    prompt: promptOf(request),
    brief: false,
    arrivedAt: request.atMs,
    lane: request.model,
    candidates: () => candidates,
  }
}

/** The gateway counts bytes, not tokens: off by up to a quarter. */
const TOKEN_ERROR = 0.25

function promptOf({ id, conversation, promptTokens }: SimulatedRequest): Prompt {
  const error = ((Math.imul(id + 1, 0x9e3779b1) >>> 0) / 2 ** 32) * 2 - 1
  const tokens = Math.max(1, Math.round(promptTokens * (1 + TOKEN_ERROR * error)))
  let blocks: readonly number[] | undefined
  return {
    tokens,
    // A conversation only grows: what it said at one place is the same in all its prompts.
    blocks: () =>
      (blocks ??= Array.from({ length: Math.floor(tokens / BLOCK_TOKENS) }, (_, at) => digest(conversation, at))),
  }
}

function digest(conversation: number, at: number): number {
  return Math.imul(conversation + 1, 0x85ebca6b) ^ Math.imul(at + 1, 0xc2b2ae35)
}
