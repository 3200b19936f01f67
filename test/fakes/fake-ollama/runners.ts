import type { InstalledModel } from './model-store.ts'
import { ClientGone, OllamaError, SERVER_BUSY } from './ollama-error.ts'
import type { ReadyOptions } from './options.ts'
import { createSlotPool, type SlotPool } from './slots.ts'

/** A model in memory. */
export interface Runner {
  readonly model: InstalledModel
  readonly contextLength: number
  readonly sizeBytes: number
  readonly slots: SlotPool
  keepAliveMs: number
  /** Rewritten only when the runner falls idle, so it may lie in the past during a long answer. */
  expiresAt: number
  users: number
  timer: NodeJS.Timeout | undefined
}

export interface RunnerRequest {
  readonly model: InstalledModel
  readonly contextLength: number
  readonly keepAliveMs: number | undefined
  readonly signal: AbortSignal
}

export interface Runners {
  /** A use of the loaded model; `release` is owed. Loaded models are served while another one loads. */
  acquire(request: RunnerRequest): Promise<{ readonly runner: Runner; release(): void }>
  /** Lets a model go as soon as its last request has ended. */
  expire(model: InstalledModel): void
  loaded(): readonly Runner[]
  /** Resolves when no model is being loaded. */
  settled(): Promise<void>
  /** Slots of every model that states none of its own, loaded or to come. */
  setParallel(count: number): void
  readonly pending: number
  /** Loads that were begun. */
  readonly loads: number
  stop(): void
}

interface PendingLoad {
  readonly request: RunnerRequest
  grant(runner: Runner): void
  refuse(error: Error): void
}

export const DEFAULT_SIZE_BYTES = 540_608
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** What Ollama 0.24 needed until a model that had lost a slot was gone. */
const HEAL_MS = 500

/** Ollama's scheduler: one queue for everything that must be loaded, one load at a time. */
export function createRunners(options: ReadyOptions): Runners {
  const runners: Runner[] = []
  const queue: PendingLoad[] = []
  let working = false
  let parallel = options.parallel
  let loads = 0
  let loading: Promise<unknown> | undefined
  let somethingIdle: (() => void) | undefined

  function fitting(request: RunnerRequest): Runner | undefined {
    return runners.find((r) => r.model.digest === request.model.digest && r.contextLength === request.contextLength)
  }

  function use(runner: Runner, request: RunnerRequest): { runner: Runner; release(): void } {
    runner.users += 1
    clearTimeout(runner.timer)
    if (request.keepAliveMs !== undefined) runner.keepAliveMs = request.keepAliveMs
    let released = false
    return {
      runner,
      release() {
        if (released) return
        released = true
        runner.users -= 1
        if (runner.users === 0) becomeIdle(runner)
      },
    }
  }

  function becomeIdle(runner: Runner): void {
    runner.expiresAt = Date.now() + runner.keepAliveMs
    clearTimeout(runner.timer)
    if (runner.keepAliveMs === 0) unload(runner)
    else if (runner.keepAliveMs !== Infinity) {
      runner.timer = setTimeout(() => unload(runner), Math.min(runner.keepAliveMs, LONGEST_TIMER_MS))
    }
    somethingIdle?.()
  }

  function unload(runner: Runner): void {
    clearTimeout(runner.timer)
    const index = runners.indexOf(runner)
    if (index >= 0) runners.splice(index, 1)
    somethingIdle?.()
  }

  async function acquire(request: RunnerRequest): Promise<{ runner: Runner; release(): void }> {
    const present = fitting(request)
    if (present !== undefined) return use(present, request)
    if (queue.length >= options.maxQueue) throw new OllamaError(503, SERVER_BUSY)
    return use(await enqueue(request), request)
  }

  function enqueue(request: RunnerRequest): Promise<Runner> {
    return new Promise((resolve, reject) => {
      const leave = (): void => reject(new ClientGone())
      const settle = (): void => request.signal.removeEventListener('abort', leave)
      queue.push({
        request,
        grant: (runner) => (settle(), resolve(runner)),
        refuse: (error) => (settle(), reject(error)),
      })
      request.signal.addEventListener('abort', leave, { once: true })
      void work()
    })
  }

  async function work(): Promise<void> {
    if (working) return
    working = true
    for (let pending = queue[0]; pending !== undefined; pending = queue[0]) {
      await serve(pending)
      queue.splice(queue.indexOf(pending), 1)
    }
    working = false
  }

  async function serve(pending: PendingLoad): Promise<void> {
    const { request } = pending
    try {
      const runner = fitting(request) ?? (await load(request))
      if (runner !== undefined) pending.grant(runner)
    } catch (error) {
      pending.refuse(error instanceof Error ? error : new Error(String(error)))
    }
    // Whoever was granted takes the runner in a later microtask; let that happen before the next one may evict it.
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Undefined where the client left: its load is thrown away, and whoever waits next starts it again. */
  async function load(request: RunnerRequest): Promise<Runner | undefined> {
    const fileBytes = request.model.spec.sizeBytes ?? DEFAULT_SIZE_BYTES
    const sizeBytes = fileBytes + options.contextBytes
    if (sizeBytes > options.memoryBytes) throw new OllamaError(500, tooLarge(sizeBytes, options.memoryBytes))
    while (!request.signal.aborted && !hasRoom(request, sizeBytes)) await evictOrWait(request)
    loads += 1
    loading = loadTime((fileBytes / options.loadBytesPerSecond) * 1000 + options.loadFixedMs, request.signal)
    await loading
    loading = undefined
    if (request.signal.aborted) return undefined
    const runner: Runner = {
      model: request.model,
      contextLength: request.contextLength,
      sizeBytes,
      slots: createSlotPool(request.model.spec.parallel ?? parallel),
      keepAliveMs: request.keepAliveMs ?? options.keepAliveMs,
      expiresAt: Date.now() + (request.keepAliveMs ?? options.keepAliveMs),
      users: 0,
      timer: undefined,
    }
    runners.push(runner)
    return runner
  }

  function hasRoom(request: RunnerRequest, sizeBytes: number): boolean {
    const used = runners.reduce((sum, runner) => sum + runner.sizeBytes, 0)
    const reload = runners.some((runner) => runner.model.digest === request.model.digest)
    return !reload && runners.length < options.maxLoaded && used + sizeBytes <= options.memoryBytes
  }

  async function evictOrWait(request: RunnerRequest): Promise<void> {
    const same = runners.find((runner) => runner.model.digest === request.model.digest)
    const candidates = same === undefined ? runners : [same]
    const idle = candidates.filter((runner) => runner.users === 0)
    const victim = idle.toSorted((a, b) => a.expiresAt - b.expiresAt)[0]
    if (victim !== undefined) return unload(victim)
    await new Promise<void>((resolve) => {
      somethingIdle = resolve
      request.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    somethingIdle = undefined
  }

  function expire(model: InstalledModel): void {
    for (const runner of runners.filter((candidate) => candidate.model.digest === model.digest)) {
      runner.keepAliveMs = 0
      if (runner.users === 0) unload(runner)
      else setTimeout(() => runner.slots.heal(), HEAL_MS).unref()
    }
  }

  return {
    acquire,
    expire,
    loaded: () => runners.toSorted((a, b) => b.expiresAt - a.expiresAt),
    async settled() {
      while (loading !== undefined) await loading
    },
    setParallel(count) {
      parallel = count
      for (const { model, slots } of runners) if (model.spec.parallel === undefined) slots.resize(count)
    },
    get pending() {
      return queue.length
    },
    get loads() {
      return loads
    },
    stop: () => runners.forEach((runner) => clearTimeout(runner.timer)),
  }
}

function loadTime(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}

function tooLarge(sizeBytes: number, memoryBytes: number): string {
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`
  return `model requires more system memory (${gib(sizeBytes)}) than is available (${gib(memoryBytes)})`
}
