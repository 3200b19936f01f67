import { nominalCapacity } from './capacity.ts'
import { findFleet } from './fleet.ts'
import { POLICIES, type PolicyName } from './policies.ts'
import { type Report, reportOn } from './report.ts'
import { simulate } from './simulate.ts'
import type { TraceEntry } from './trace-entry.ts'
import { makeWorkload, type SimulatedRequest } from './workload.ts'

export interface RunOrder {
  readonly fleet: string
  readonly parallel: number
  /** Of the nominal capacity. */
  readonly utilisation: number
  readonly heavyUser: boolean
  readonly policy: PolicyName
  readonly seed: number
  readonly atMost?: number
}

/** OLLAMA_KEEP_ALIVE where nobody set it. */
const KEEP_ALIVE_MS = 300_000
/** Somebody who places models by hand has them stay. */
const FOREVER_MS = Number.POSITIVE_INFINITY
/** About what conversations spare: the capacity shall not hang on how well a policy finds that again. */
const REUSABLE_SHARE = 0.23

/** The same order gives the same report. */
export function runOnce(trace: readonly TraceEntry[], order: RunOrder): Report {
  const fleet = findFleet(order.fleet)
  const simulation = simulate(workloadOf(trace, order), {
    fleet,
    parallel: order.parallel,
    keepAliveMs: order.policy === 'static' ? FOREVER_MS : KEEP_ALIVE_MS,
    seed: order.seed,
    createPolicy: POLICIES[order.policy].create(meanOf(trace)),
  })
  return reportOn(fleet, simulation)
}

/** What is asked for in a run, whoever answers it. */
export function workloadOf(trace: readonly TraceEntry[], order: Omit<RunOrder, 'policy'>): SimulatedRequest[] {
  const fleet = findFleet(order.fleet)
  const mean = meanOf(trace)
  const capacity = nominalCapacity(fleet, { ...mean, promptTokens: mean.promptTokens * (1 - REUSABLE_SHARE) })
  return makeWorkload(trace, fleet, { ...order, perSecond: capacity * order.utilisation })
}

function meanOf(trace: readonly TraceEntry[]): { promptTokens: number; answerTokens: number } {
  const sum = (of: (entry: TraceEntry) => number): number => trace.reduce((total, entry) => total + of(entry), 0)
  return {
    promptTokens: sum((entry) => entry.promptTokens) / trace.length,
    answerTokens: sum((entry) => entry.answerTokens) / trace.length,
  }
}
