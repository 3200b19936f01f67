import type { Clock } from '../../lib/clock.ts'
import type { QueuePlace } from '../../proxy/router.ts'
import type { Estimates } from '../learning/estimates.ts'
import { type CapacityOf, threeModels } from './capacity.ts'
import { asQuote, type Choice, quote } from './cost.ts'
import type { Effect } from './effect.ts'
import type { Lane } from './lane.ts'
import { type Grant, Runner } from './runner.ts'
import type { LoadedModel, ServerFacts } from './server-facts.ts'
import { Server } from './server.ts'
import { type CreateSlotLimit, oneSlot } from './slot-limit.ts'
import type { Work } from './work.ts'

export interface DispatcherDeps {
  readonly clock: Clock
  readonly estimates: Estimates
  /** For upstreams whose slots nobody stated; without it each model has one. */
  readonly createSlotLimit?: CreateSlotLimit
  readonly capacityOf?: CapacityOf
}

export interface DispatchOptions {
  readonly maxLength: number
  readonly maxWaitMs: number
  /** A worse tier is used when the better one's wait is longer than this. */
  readonly spillAfterMs: number
  readonly affinity: boolean
}

/**
 * Decides which waiting work goes where, and when. Events in, effects out: it starts nothing, sets no timer and reads
 * the time only from its clock, so that a simulator drives the same code. Every event returns what is to be done.
 */
export interface Dispatcher {
  configure(options: DispatchOptions): Effect[]
  /** The whole fleet. What runs at those that stay, goes on; of those that left, nothing is remembered. */
  setServers(servers: readonly ServerFacts[]): Effect[]
  /** What an upstream's own list of loaded models says; it may be older than what was sent there since. */
  sawLoaded(server: string, loaded: readonly LoadedModel[]): Effect[]
  /** Grants it, refuses it, or keeps it waiting. */
  arrive(work: Work): Effect[]
  /** A waiting work waits no more. Does nothing for one that was granted. */
  leave(work: Work): Effect[]
  /** The first byte of a granted work's answer. */
  began(work: Work): Effect[]
  /** Its answer has ended; `completionTokens` where the upstream said. The slot may not be free yet. */
  ended(work: Work, completionTokens: number | null): Effect[]
  /** Its slot is free, in whatever way it ended. Exactly once for every granted work. */
  released(work: Work): Effect[]
  /** Who may take what has changed, or a second has passed: looks at everything that waits. */
  reconsider(): Effect[]
  /** How many wait. */
  readonly waiting: number
  place(work: Work): QueuePlace | undefined
  /** What each of the work's candidates would cost it now; nothing changes. */
  explain(work: Work): readonly ServerQuote[]
  loads(): readonly ServerLoad[]
}

/** What one upstream would cost a work, in milliseconds. */
export interface ServerQuote {
  readonly server: string
  /** Until a slot is free. */
  readonly queueMs: number
  readonly loadMs: number
  readonly prefillMs: number
  readonly networkMs: number
  /** What it would cost others, in this work's milliseconds. */
  readonly othersMs: number
  /** The one it would get, were it to arrive now. */
  readonly chosen: boolean
}

/** What an upstream is doing. */
export interface ServerLoad {
  readonly server: string
  /** Models that are loaded or being loaded. */
  readonly models: readonly ModelLoad[]
  /** Waiting works that it could take. */
  readonly waiting: number
}

export interface ModelLoad {
  readonly model: string
  readonly state: 'loading' | 'loaded'
  readonly running: number
  readonly slots: number
}

export function createDispatcher(deps: DispatcherDeps, initial: DispatchOptions): Dispatcher {
  const { clock, estimates, createSlotLimit = oneSlot, capacityOf = threeModels } = deps
  let options = initial
  let waiting = 0
  let turn = 0
  let servers = new Map<string, Server>()
  const lanes = new Map<string, Lane>()
  const grants = new Map<Work, Grant & { readonly server: Server }>()

  const runnerOf = (server: Server, model: string): Runner => {
    const known = server.runners.get(model)
    if (known !== undefined) return known
    const { name, facts, isProvider } = server
    const runner = new Runner(name, model, {
      pair: estimates.pair(name, model),
      slotLimit: createSlotLimit(name, model),
      bytes: facts.models.get(model) ?? 0,
    })
    if (isProvider) runner.state = 'loaded'
    server.runners.set(model, runner)
    return runner
  }

  const candidatesOf = (work: Work): Lane['candidates'] =>
    work.candidates().flatMap((name) => {
      const server = servers.get(name)
      return server === undefined ? [] : [[server, runnerOf(server, work.model)] as const]
    })

  const laneOf = (work: Work): Lane => {
    let lane = lanes.get(work.lane)
    if (lane === undefined) {
      lane = { name: work.lane, model: work.model, waiting: [], candidates: candidatesOf(work) }
      lanes.set(work.lane, lane)
    }
    return lane
  }

  const bestOf = (work: Work, candidates: Lane['candidates']): Choice | undefined => {
    const now = clock.now()
    let best: Choice | undefined
    turn += 1
    for (let index = 0; index < candidates.length; index += 1) {
      const candidate = candidates[(index + turn) % candidates.length]
      if (candidate === undefined) continue
      const choice = quote(work, candidate, { estimates, now })
      if (best === undefined || choice.totalMs < best.totalMs) best = choice
    }
    return best
  }

  const grant = (work: Work, choice: Choice): Effect => {
    const { server, runner } = choice
    const now = clock.now()
    const cold = runner.state === 'absent'
    if (cold) {
      for (const victim of choice.victims) victim.state = 'absent'
      runner.state = 'loading'
      runner.loadStartedAt = now
      runner.loadMs = choice.loadMs
    }
    const granted = {
      work,
      runner,
      server,
      grantedAt: now,
      prefillMs: choice.prefillMs,
      cold,
      beganAt: null,
      isEnded: false,
    }
    runner.grants.push(granted)
    runner.lastUsedAt = now
    runner.slotLimit.granted(work, now)
    server.running += 1
    grants.set(work, granted)
    return { kind: 'grant', work, server: server.name, cold }
  }

  const serve = (lane: Lane): Effect[] => {
    const effects: Effect[] = []
    const left = lane.waiting.filter((work) => {
      const choice = bestOf(work, lane.candidates)
      if (choice === undefined || !choice.isReady) return true
      effects.push(grant(work, choice))
      return false
    })
    waiting -= lane.waiting.length - left.length
    lane.waiting = left
    if (left.length === 0) lanes.delete(lane.name)
    return effects
  }

  const serveAll = (): Effect[] => [...lanes.values()].flatMap(serve)

  const refuse = (work: Work, reason: 'queue-full' | 'waited-too-long' | 'stranded'): Effect => ({
    kind: 'refuse',
    work,
    reason,
    retryAfterMs: reason === 'stranded' ? 1_000 : Math.max(1_000, waitOf(work)),
  })

  const waitOf = (work: Work): number => {
    const best = bestOf(work, laneOf(work).candidates)
    return best === undefined ? 0 : best.waitMs + best.loadMs
  }

  const expire = (): Effect[] => {
    const effects: Effect[] = []
    const now = clock.now()
    for (const lane of lanes.values()) {
      const [first] = lane.waiting
      if (first !== undefined) lane.candidates = candidatesOf(first)
      lane.waiting = lane.waiting.filter((work) => {
        const reason = lane.candidates.length === 0 ? 'stranded' : 'waited-too-long'
        if (reason === 'waited-too-long' && now - work.arrivedAt <= options.maxWaitMs) return true
        effects.push(refuse(work, reason))
        waiting -= 1
        return false
      })
      if (lane.waiting.length === 0) lanes.delete(lane.name)
    }
    return effects
  }

  return {
    configure(next) {
      options = next
      return [...expire(), ...serveAll()]
    },
    setServers(all) {
      const next = new Map<string, Server>()
      for (const facts of all) {
        const server = servers.get(facts.name) ?? new Server(facts, () => capacityOf(facts.name))
        server.facts = facts
        for (const runner of server.runners.values()) runner.bytes = facts.models.get(runner.model) ?? runner.bytes
        next.set(facts.name, server)
      }
      for (const server of servers.values()) server.isGone = !next.has(server.name)
      servers = next
      return [...expire(), ...serveAll()]
    },
    sawLoaded(name, loaded) {
      const server = servers.get(name)
      if (server === undefined) return []
      for (const { model } of loaded) runnerOf(server, model)
      server.saw(loaded, clock.now())
      return serveAll()
    },
    arrive(work) {
      const lane = laneOf(work)
      const choice = bestOf(work, lane.candidates)
      if (choice === undefined) {
        if (lane.waiting.length === 0) lanes.delete(lane.name)
        return [refuse(work, 'stranded')]
      }
      if (lane.waiting.length === 0 && choice.isReady) {
        lanes.delete(lane.name)
        return [grant(work, choice)]
      }
      if (waiting >= options.maxLength) {
        const refused = refuse(work, 'queue-full')
        if (lane.waiting.length === 0) lanes.delete(lane.name)
        return [refused]
      }
      lane.waiting.push(work)
      waiting += 1
      return serve(lane)
    },
    leave(work) {
      const lane = lanes.get(work.lane)
      const at = lane?.waiting.indexOf(work) ?? -1
      if (lane === undefined || at < 0) return []
      lane.waiting.splice(at, 1)
      waiting -= 1
      if (lane.waiting.length === 0) lanes.delete(lane.name)
      return []
    },
    began(work) {
      const granted = grants.get(work)
      if (granted === undefined || granted.beganAt !== null) return []
      const now = clock.now()
      granted.beganAt = now
      granted.runner.state = 'loaded'
      granted.runner.slotLimit.began(work, now)
      return serveAll()
    },
    ended(work) {
      const granted = grants.get(work)
      if (granted === undefined || granted.isEnded) return []
      granted.isEnded = true
      granted.runner.slotLimit.ended(work, clock.now())
      return []
    },
    released(work) {
      const granted = grants.get(work)
      if (granted === undefined) return []
      const { runner, server } = granted
      grants.delete(work)
      runner.grants.splice(runner.grants.indexOf(granted), 1)
      runner.lastUsedAt = clock.now()
      server.running -= 1
      if (runner.state === 'loading' && granted.cold) runner.state = 'absent'
      return serveAll()
    },
    reconsider: () => [...expire(), ...serveAll()],
    get waiting() {
      return waiting
    },
    place(work) {
      const at = lanes.get(work.lane)?.waiting.indexOf(work) ?? -1
      return at < 0 ? undefined : { position: at + 1, waitMs: waitOf(work) * (at + 1) }
    },
    explain(work) {
      const now = clock.now()
      const choices = candidatesOf(work).map((candidate) => quote(work, candidate, { estimates, now }))
      const [best] = choices.toSorted((a, b) => a.totalMs - b.totalMs)
      return choices.map((choice) => asQuote(choice, choice === best))
    },
    loads: () =>
      [...servers.values()].map((server) => ({
        server: server.name,
        models: [...server.runners.values()].flatMap(({ model, state, grants: running }) => {
          if (state === 'absent') return []
          return [{ model, state, running: running.length, slots: server.facts.slots ?? 1 }]
        }),
        waiting: [...lanes.values()].reduce(
          (sum, lane) => sum + (lane.candidates.some(([at]) => at === server) ? lane.waiting.length : 0),
          0,
        ),
      })),
  }
}
