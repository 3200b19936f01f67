import type { RunOrder } from './one-run.ts'
import { FLEETS } from './fleet.ts'
import { POLICIES, type PolicyName } from './policies.ts'

/** One case, under several seeds. */
export type Case = Omit<RunOrder, 'seed' | 'atMost'>

/** Constants and placements were chosen with these. */
export const TUNING_SEEDS: readonly number[] = [1, 2, 3]
/** What is published was measured with these, and nothing was ever chosen by them. */
export const REPORT_SEEDS: readonly number[] = [101, 102, 103, 104, 105]

export const UTILISATIONS: readonly number[] = [0.4, 0.6, 0.8]
export const OVERLOAD = 1.2
export const PARALLELS: readonly number[] = [1, 2]

const COMPARED: readonly PolicyName[] = (Object.keys(POLICIES) as PolicyName[]).filter(
  (name) => !['corral-fifo', 'corral-told', 'corral-wrong'].includes(name),
)

export function fullPlan(): Case[] {
  const cases: Case[] = []
  for (const { name: fleet } of FLEETS)
    for (const parallel of PARALLELS) {
      for (const utilisation of UTILISATIONS)
        for (const policy of COMPARED) cases.push({ fleet, parallel, utilisation, policy, heavyUser: false })
      for (const policy of ['least-connections', 'corral'] as const)
        cases.push({ fleet, parallel, utilisation: OVERLOAD, policy, heavyUser: false })
    }
  for (const parallel of PARALLELS) {
    for (const utilisation of UTILISATIONS)
      for (const policy of ['corral-told', 'corral-wrong'] as const)
        cases.push({ fleet: 'mixed', parallel, utilisation, policy, heavyUser: false })
    for (const policy of ['least-connections', 'corral-fifo', 'corral'] as const)
      for (const utilisation of [0.6, 0.8])
        cases.push({ fleet: 'mixed', parallel, utilisation, policy, heavyUser: true })
  }
  return cases
}

/** One look: one fleet, one load. */
export function quickPlan(): Case[] {
  return (Object.keys(POLICIES) as PolicyName[]).map((policy) => {
    return { fleet: 'mixed', parallel: 1, utilisation: 0.6, policy, heavyUser: false }
  })
}
