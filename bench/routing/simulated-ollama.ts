import { loadedBytes, loadMs, MAX_LOADED, type ModelSpec, type ServerSpec } from './fleet.ts'
import { type Answer, SimulatedRunner } from './simulated-runner.ts'
import type { SimulatedRequest } from './workload.ts'

export interface OllamaEvents {
  began(answer: Answer): void
  ended(answer: Answer): void
  loaded(server: string, model: string): void
}

export interface OllamaOptions {
  readonly models: readonly ModelSpec[]
  readonly parallel: number
  /** Unloaded when it was idle for so long. */
  readonly keepAliveMs: number
  readonly events: OllamaEvents
}

interface Pending {
  readonly model: ModelSpec
  /** Undefined: only a load is wanted. */
  readonly answer: Answer | undefined
}

/** A server as Ollama 0.24 is, on a clock that only `passTo` moves. */
export class SimulatedOllama {
  readonly spec: ServerSpec
  /** Sent and not yet ended, wherever they wait. */
  inFlight = 0
  loads = 0
  /** How long it loaded or answered. */
  busyMs = 0
  /** When something happens next; infinity where nothing does. */
  nextAt = Number.POSITIVE_INFINITY
  readonly #options: OllamaOptions
  readonly #runners = new Map<string, SimulatedRunner>()
  readonly #pending: Pending[] = []
  #loading: { readonly runner: SimulatedRunner; readonly untilMs: number } | undefined
  #nowMs = 0
  #activeModels = 0

  constructor(spec: ServerSpec, options: OllamaOptions) {
    this.spec = spec
    this.#options = options
  }

  /** Time passes, not beyond `nextAt`. */
  passTo(ms: number): void {
    const passedMs = ms - this.#nowMs
    this.#nowMs = ms
    if (this.#loading !== undefined || this.#activeModels > 0) this.busyMs += passedMs
    for (const runner of this.#runners.values()) runner.passTime(passedMs, this.#activeModels)
  }

  /** What is due now happens, and is told when all is as it will be. */
  step(): void {
    const { events } = this.#options
    const loaded = this.#finishLoad()
    const finished = [...this.#runners.values()].map((runner) => runner.finishPhases(this.#nowMs))
    const ended = finished.flatMap((phases) => phases.ended)
    this.inFlight -= ended.length
    for (const runner of this.#runners.values()) runner.startStreams(this.#nowMs)
    this.#workOff()
    this.#expire()
    this.#plan()
    if (loaded !== undefined) events.loaded(this.spec.name, loaded)
    for (const { began } of finished) began.forEach((answer) => events.began(answer))
    ended.forEach((answer) => events.ended(answer))
  }

  send(request: SimulatedRequest): void {
    this.inFlight++
    const { name } = this.spec
    this.#take(request.model, { request, server: name, cachedTokens: 0, loadMs: 0, promptMs: 0, answerMs: 0 })
  }

  /** A request without a prompt: it only loads. */
  preload(model: string): void {
    this.#take(model, undefined)
  }

  /** Loaded or being loaded. */
  has(model: string): boolean {
    return this.#runners.has(model)
  }

  /** As `/api/ps` says. */
  loadedModels(): { readonly model: string; readonly bytes: number }[] {
    return [...this.#runners.values()]
      .filter((runner) => !runner.isLoading)
      .map(({ model }) => ({ model: model.name, bytes: loadedBytes(model) }))
  }

  #take(name: string, answer: Answer | undefined): void {
    const model = this.#options.models.find((candidate) => candidate.name === name)
    if (model === undefined) throw new Error(`${this.spec.name} has no model "${name}"`)
    const runner = this.#runners.get(name)
    // Whoever asks for what is loaded passes by those who wait for a load.
    if (runner === undefined) this.#pending.push({ model, answer })
    else this.#enter(runner, answer)
    this.#workOff()
    this.#plan()
  }

  #enter(runner: SimulatedRunner, answer: Answer | undefined): void {
    if (answer !== undefined) runner.enqueue(answer)
    runner.startStreams(this.#nowMs)
  }

  /** In order, one at a time: the first one that needs a load and cannot have it holds up those behind it. */
  #workOff(): void {
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      if (this.#loading !== undefined) return
      const runner = this.#runners.get(first.model.name)
      if (runner !== undefined) this.#enter(runner, first.answer)
      else if (!this.#startLoad(first)) return
      this.#pending.shift()
    }
  }

  #startLoad({ model, answer }: Pending): boolean {
    while (!this.#hasRoom(model)) {
      const idle = [...this.#runners.values()].filter((runner) => runner.isIdle)
      const [oldest] = idle.toSorted((a, b) => a.idleMs - b.idleMs)
      if (oldest === undefined) return false
      this.#runners.delete(oldest.model.name)
    }
    const runner = new SimulatedRunner(this.spec, model, { parallel: this.#options.parallel, nowMs: this.#nowMs })
    if (answer !== undefined) {
      answer.loadMs = loadMs(model)
      runner.enqueue(answer)
    }
    this.#runners.set(model.name, runner)
    this.#loading = { runner, untilMs: this.#nowMs + loadMs(model) }
    this.loads++
    return true
  }

  #hasRoom(model: ModelSpec): boolean {
    let bytes = loadedBytes(model)
    for (const runner of this.#runners.values()) bytes += loadedBytes(runner.model)
    return this.#runners.size < MAX_LOADED && bytes <= this.spec.memoryBytes
  }

  #finishLoad(): string | undefined {
    if (this.#loading === undefined || this.#loading.untilMs > this.#nowMs) return undefined
    const { runner } = this.#loading
    this.#loading = undefined
    runner.isLoading = false
    runner.idleMs = this.#nowMs
    return runner.model.name
  }

  #expire(): void {
    for (const runner of this.#runners.values())
      if (runner.isIdle && runner.idleMs + this.#options.keepAliveMs <= this.#nowMs)
        this.#runners.delete(runner.model.name)
  }

  #plan(): void {
    this.#activeModels = 0
    for (const runner of this.#runners.values()) if (runner.isActive) this.#activeModels++
    this.nextAt = this.#loading?.untilMs ?? Number.POSITIVE_INFINITY
    for (const runner of this.#runners.values()) {
      this.nextAt = Math.min(this.nextAt, this.#nowMs + runner.nextInMs(this.#activeModels))
      if (runner.isIdle) this.nextAt = Math.min(this.nextAt, runner.idleMs + this.#options.keepAliveMs)
    }
  }
}
