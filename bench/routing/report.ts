import { percentile } from '../parts/statistics.ts'
import type { Fleet } from './fleet.ts'
import { jainOfShares } from './jain.ts'
import type { Outcome, Simulation } from './simulate.ts'
import { HEAVY_USER } from './workload.ts'

/** One simulated run in numbers. Times in seconds, from the arrival. */
export interface Report {
  readonly requests: number
  readonly refused: number
  readonly firstToken: Spread
  readonly endToEnd: Spread
  readonly models: Readonly<Record<string, Spread>>
  readonly loadsPer100: number
  /** Of the tokens of all prompts, those that a slot still knew. */
  readonly prefixShare: number
  /** Of the time, per server: loading or answering. */
  readonly busy: Readonly<Record<string, number>>
  readonly light: Spread
  readonly heavy: Spread
  /** Jain's index over what each user got of the share that was due to it; 1 is even. */
  readonly jain: number
  /** More and more were waiting, to the end: what it says of times is of this run's length only. */
  readonly isUnstable: boolean
}

export interface Spread {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export function reportOn(fleet: Fleet, simulation: Simulation): Report {
  const { outcomes } = simulation
  const served = outcomes.filter((outcome) => outcome.server !== null)
  const promptTokens = served.reduce((sum, { request }) => sum + request.promptTokens, 0)
  const knownTokens = served.reduce((sum, outcome) => sum + outcome.cachedTokens, 0)
  return {
    requests: outcomes.length,
    refused: outcomes.length - served.length,
    firstToken: spread(served.map(firstTokenSeconds)),
    endToEnd: spread(served.map(({ request, endedMs }) => (endedMs - request.atMs) / 1000)),
    models: Object.fromEntries(
      fleet.models.map(({ name }) => [
        name,
        spread(served.filter(({ request }) => request.model === name).map(firstTokenSeconds)),
      ]),
    ),
    loadsPer100: (100 * simulation.loads) / outcomes.length,
    prefixShare: knownTokens / promptTokens,
    busy: Object.fromEntries(simulation.servers.map(({ name, busyMs }) => [name, busyMs / simulation.endMs])),
    light: spread(served.filter(({ request }) => request.user !== HEAVY_USER).map(firstTokenSeconds)),
    heavy: spread(served.filter(({ request }) => request.user === HEAVY_USER).map(firstTokenSeconds)),
    jain: jainOfShares(fleet, outcomes),
    isUnstable: isUnstable(outcomes),
  }
}

function firstTokenSeconds({ request, beganMs }: Outcome): number {
  return (beganMs - request.atMs) / 1000
}

function spread(values: readonly number[]): Spread {
  return {
    p50: percentile(values, 50),
    p95: percentile(values, 95),
    p99: percentile(values, 99),
    max: percentile(values, 100),
  }
}

/** So many in the house are a burst, not a trend. */
const FEW = 40

/** In the last quarter of the arrivals there are more in the house than in the second one, and more than a few. */
function isUnstable(outcomes: readonly Outcome[]): boolean {
  const quarter = Math.floor(outcomes.length / 4)
  const last = meanInHouse(outcomes, quarter * 3)
  return last > FEW && last > meanInHouse(outcomes, quarter)
}

/** As seen by a quarter of the arrivals, from this one on. */
function meanInHouse(outcomes: readonly Outcome[], from: number): number {
  const ends = outcomes.map((outcome) => outcome.endedMs).toSorted((a, b) => a - b)
  const seen = outcomes.slice(from, from + Math.floor(outcomes.length / 4))
  let ended = 0
  let sum = 0
  for (const [index, { request }] of seen.entries()) {
    while ((ends[ended] ?? Number.POSITIVE_INFINITY) <= request.atMs) ended++
    sum += from + index - ended
  }
  return seen.length === 0 ? 0 : sum / seen.length
}
