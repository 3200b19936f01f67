import { NO_PROMPT } from '../../../proxy/prompt.ts'
import type { DispatchOptions } from '../dispatch-options.ts'
import { createDispatcher, type Dispatcher } from '../dispatcher.ts'
import type { Effect } from '../effect.ts'
import type { ServerFacts } from '../server-facts.ts'
import type { Work } from '../work.ts'
import { OPTIONS, serverFacts } from './dispatch-bed.ts'

interface Held {
  readonly model: string
  readonly running: Set<Work>
  usedAt: number
}

/** An Ollama as far as its memory goes: it evicts what is idle, never what runs, and loads one model at a time. */
interface Host {
  facts: ServerFacts
  readonly held: Map<string, Held>
  loading: { readonly model: string; readonly until: number; readonly isPreload: boolean } | undefined
}

export interface Arrival {
  readonly model: string
  readonly key: string
  readonly tokens: number
  readonly batch: boolean
  /** Which upstreams may take it, as bits. */
  readonly among: number
  readonly brief: boolean
  /** How long ago it arrived: it may be a second attempt. */
  readonly agoMs: number
}

/** A dispatcher among hosts that hold it to what it may do: each effect is checked when it comes. */
export class CheckedFleet {
  now = 1_000_000
  readonly dispatcher: Dispatcher
  readonly waiting: Work[] = []
  readonly running = new Map<Work, { readonly host: Host; began: boolean; ended: boolean }>()
  readonly #all: readonly ServerFacts[]
  #hosts = new Map<string, Host>()

  constructor(all: readonly ServerFacts[], options: DispatchOptions = OPTIONS) {
    this.#all = all
    const pair = { prefillMsPerToken: 1, decodeMsPerToken: 10, outputTokens: 50 }
    this.dispatcher = createDispatcher(
      {
        clock: { now: () => this.now },
        estimates: {
          pair: (server) => ({ ...pair, decodeMsPerToken: 5 + 5 * this.#all.findIndex(({ name }) => name === server) }),
          networkMs: () => 1,
          loadMs: (_server, bytes) => bytes / 1e6,
        },
      },
      options,
    )
    this.setServers(() => true)
  }

  setServers(isThere: (index: number) => boolean): void {
    const hosts = new Map<string, Host>()
    for (const facts of this.#all.filter((_, index) => isThere(index))) {
      hosts.set(facts.name, this.#hosts.get(facts.name) ?? { facts, held: new Map(), loading: undefined })
    }
    this.#hosts = hosts
    this.#carryOut(this.dispatcher.setServers([...hosts.values()].map(({ facts }) => facts)))
  }

  arrive({ model, key, tokens, batch, among, brief, agoMs }: Arrival): void {
    const candidates = (): string[] =>
      [...this.#hosts.keys()].filter((name) => {
        const index = this.#all.findIndex((facts) => facts.name === name)
        return (among & (1 << index)) !== 0 && this.#all[index]?.models.has(model)
      })
    const share = { class: batch ? 'batch' : 'interactive', weight: 1 } as const
    const prompt = { ...NO_PROMPT, tokens }
    const arrivedAt = this.now - agoMs
    const work: Work = { model, key, share, prompt, brief, arrivedAt, lane: `${model} ${among}`, candidates }
    this.waiting.push(work)
    this.#carryOut(this.dispatcher.arrive(work))
  }

  began(work: Work): void {
    const run = this.running.get(work)
    if (run === undefined || run.began) return
    run.began = true
    if (run.host.loading?.model === work.model) run.host.loading = undefined
    this.#carryOut(this.dispatcher.began(work))
  }

  ended(work: Work): void {
    const run = this.running.get(work)
    if (run === undefined) return
    run.ended = true
    this.#carryOut(this.dispatcher.ended(work, run.began ? 20 : null))
  }

  released(work: Work): void {
    const run = this.running.get(work)
    if (run === undefined) return
    this.running.delete(work)
    const { host } = run
    const held = host.held.get(work.model)
    held?.running.delete(work)
    if (held !== undefined) held.usedAt = this.now
    const wasLoading = host.loading?.model === work.model && held?.running.size === 0
    if (wasLoading && host.loading?.isPreload === false) {
      host.held.delete(work.model)
      host.loading = undefined
    }
    this.#carryOut(this.dispatcher.released(work))
  }

  leave(work: Work): void {
    const at = this.waiting.indexOf(work)
    if (at >= 0) this.waiting.splice(at, 1)
    this.#carryOut(this.dispatcher.leave(work))
  }

  pass(ms: number): void {
    this.now += ms
    for (const host of this.#hosts.values()) {
      if (host.loading?.isPreload && host.loading.until <= this.now) host.loading = undefined
    }
    this.#carryOut(this.dispatcher.reconsider())
  }

  lists(): void {
    for (const [name, host] of this.#hosts) {
      const loaded = [...host.held.keys()].filter((model) => model !== host.loading?.model)
      const list = loaded.map((model) => ({ model, bytes: host.facts.models.get(model) ?? 0 }))
      this.#carryOut(this.dispatcher.sawLoaded(name, list))
    }
  }

  configure(options: DispatchOptions): void {
    this.#carryOut(this.dispatcher.configure(options))
  }

  /** Lets everything end. */
  drain(): void {
    for (let round = 0; this.waiting.length + this.running.size > 0; round += 1) {
      check(round < 5_000, 'everything that waits gets its turn')
      for (const work of [...this.running.keys()]) {
        this.began(work)
        this.now += 100
        this.ended(work)
        this.released(work)
      }
      this.pass(1_000)
    }
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'grant') this.#granted(effect)
      else if (effect.kind === 'refuse') this.#refused(effect)
      else this.#load(this.#host(effect.server), effect.model, true)
    }
    check(this.dispatcher.waiting === this.waiting.length, 'as many wait as were not answered')
  }

  #granted({ work, server, cold }: Extract<Effect, { kind: 'grant' }>): void {
    check(work.candidates().includes(server), 'only who may take it')
    this.#takeFromQueue(work)
    const host = this.#host(server)
    const isProvider = host.facts.slots === Number.POSITIVE_INFINITY
    if (!isProvider) {
      check(cold !== host.held.has(work.model), 'what is loaded is known')
      if (cold) this.#load(host, work.model, false)
    }
    const held = host.held.get(work.model) ?? { model: work.model, running: new Set(), usedAt: this.now }
    host.held.set(work.model, held)
    held.running.add(work)
    held.usedAt = this.now
    check(held.running.size <= (host.facts.slots ?? (work.brief ? 4 : 1)), 'no more than there are slots')
    this.running.set(work, { host, began: false, ended: false })
    const all = [...host.held.values()].reduce((sum, { running }) => sum + running.size, 0)
    check(all <= host.facts.admits, 'no more at once than it admits')
  }

  #refused({ work, reason, retryAfterMs }: Extract<Effect, { kind: 'refuse' }>): void {
    check(retryAfterMs >= 1_000 && Number.isFinite(retryAfterMs), 'a time to come back')
    if (reason === 'stranded') check(work.candidates().length === 0, 'stranded where nobody may take it')
    const at = this.waiting.indexOf(work)
    check(at >= 0, 'refused once, and not while it runs')
    this.waiting.splice(at, 1)
  }

  #takeFromQueue(work: Work): void {
    const at = this.waiting.indexOf(work)
    check(at >= 0, 'granted once')
    const isOvertaken = this.waiting.some(
      (other, index) =>
        other.lane === work.lane &&
        other.key === work.key &&
        (other.arrivedAt < work.arrivedAt || (other.arrivedAt === work.arrivedAt && index < at)),
    )
    check(!isOvertaken, 'in the order of their arrival')
    this.waiting.splice(at, 1)
  }

  #load(host: Host, model: string, isPreload: boolean): void {
    check(host.loading === undefined, 'one load at a time')
    const bytesOf = (name: string): number => host.facts.models.get(name) ?? 0
    const memory = host.facts.memoryBytes ?? Number.POSITIVE_INFINITY
    for (;;) {
      const bytes = [...host.held.keys()].reduce((sum, name) => sum + bytesOf(name), bytesOf(model))
      if (host.held.size === 0 || (bytes <= memory && host.held.size < 3)) break
      const idle = [...host.held.values()].filter(({ running }) => running.size === 0)
      const [oldest] = idle.toSorted((a, b) => a.usedAt - b.usedAt)
      if (oldest === undefined) throw new Error('busy models are not evicted')
      host.held.delete(oldest.model)
    }
    host.held.set(model, { model, running: new Set(), usedAt: this.now })
    host.loading = { model, until: this.now + bytesOf(model) / 1e6, isPreload }
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name)
    if (host === undefined) throw new Error(`There is no upstream "${name}"`)
    return host
  }
}

/** Four unequal upstreams, one of them a provider, and four models that do not fit all at once. */
export function smallFleet(slots: number | null): readonly ServerFacts[] {
  const bytes = { a: 4e9, b: 8e9, c: 12e9, d: 20e9 }
  const models = (...names: (keyof typeof bytes)[]): Map<string, number> =>
    new Map(names.map((name) => [name, bytes[name]]))
  return [
    serverFacts('big', { slots, models: models('a', 'b', 'c', 'd') }),
    serverFacts('small', { slots: 2, memoryBytes: 12e9, models: models('a', 'b', 'c'), admits: 3 }),
    serverFacts('unknown', { slots, memoryBytes: null, models: models('a', 'b', 'c', 'd') }),
    serverFacts('provider', { slots: Number.POSITIVE_INFINITY, priority: 2, models: models('d') }),
  ]
}

/** Not `expect`: this is asked some hundred thousand times. */
function check(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(`Broken: ${what}`)
}
