import type { Fleet } from './fleet.ts'
import type { CreatePolicy } from './policy.ts'
import { createRandom } from './random.ts'
import { type OllamaEvents, SimulatedOllama } from './simulated-ollama.ts'
import type { Answer } from './simulated-runner.ts'
import type { SimulatedRequest } from './workload.ts'

export interface SimulationOptions {
  readonly fleet: Fleet
  readonly parallel: number
  readonly keepAliveMs: number
  readonly seed: number
  readonly createPolicy: CreatePolicy
}

/** What became of one request. */
export interface Outcome {
  readonly request: SimulatedRequest
  /** Null where it was refused. */
  readonly server: string | null
  readonly beganMs: number
  readonly endedMs: number
  readonly cachedTokens: number
}

export interface Simulation {
  readonly outcomes: readonly Outcome[]
  readonly loads: number
  readonly servers: readonly { readonly name: string; readonly busyMs: number; readonly loads: number }[]
  readonly endMs: number
}

/** Runs a workload to its end, and tells what became of each request, in the order of their arrival. */
export function simulate(requests: readonly SimulatedRequest[], options: SimulationOptions): Simulation {
  const outcomes = new Map<number, Outcome>()
  const began = new Map<number, number>()
  let nowMs = 0

  const events: OllamaEvents = {
    began(answer) {
      began.set(answer.request.id, nowMs)
      policy.began?.(answer)
    },
    ended(answer) {
      settle(answer.request, answer)
      policy.ended?.(answer)
    },
    loaded: (server, model) => policy.loaded?.(server, model),
  }
  const servers = options.fleet.servers.map(
    (spec) => new SimulatedOllama(spec, { ...options, models: options.fleet.models, events }),
  )
  const policy = options.createPolicy({
    fleet: options.fleet,
    parallel: options.parallel,
    servers,
    random: createRandom(options.seed),
    now: () => nowMs,
    send: (request, server) => server.send(request),
    refuse: (request) => settle(request, null),
  })

  function settle(request: SimulatedRequest, answer: Answer | null): void {
    if (outcomes.has(request.id)) throw new Error(`Request ${request.id} came to two ends`)
    const beganMs = answer === null ? nowMs : (began.get(request.id) ?? Number.NaN)
    const cachedTokens = answer?.cachedTokens ?? 0
    outcomes.set(request.id, { request, server: answer?.server ?? null, beganMs, endedMs: nowMs, cachedTokens })
  }

  for (let next = 0; outcomes.size < requests.length; ) {
    const arrival = requests[next]
    const ownMs = policy.nextAt ?? Number.POSITIVE_INFINITY
    const serverMs = servers.reduce((soonest, server) => Math.min(soonest, server.nextAt), ownMs)
    const dueMs = Math.min(arrival?.atMs ?? Number.POSITIVE_INFINITY, serverMs)
    if (dueMs === Number.POSITIVE_INFINITY) throw new Error(`${requests.length - outcomes.size} requests wait forever`)
    nowMs = Math.max(nowMs, dueMs)
    for (const server of servers) server.passTo(nowMs)
    for (const server of servers) if (server.nextAt <= nowMs) server.step()
    if ((policy.nextAt ?? Number.POSITIVE_INFINITY) <= nowMs) policy.wake?.()
    if (arrival !== undefined && arrival.atMs <= nowMs) {
      next++
      policy.arrived(arrival)
    }
  }
  return {
    outcomes: requests.flatMap((request) => outcomes.get(request.id) ?? []),
    loads: servers.reduce((sum, server) => sum + server.loads, 0),
    servers: servers.map(({ spec, busyMs, loads }) => ({ name: spec.name, busyMs, loads })),
    endMs: nowMs,
  }
}
