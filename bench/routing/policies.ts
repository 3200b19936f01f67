import { Corral } from './corral.ts'
import { exactEstimates, wrongBy } from './exact-estimates.ts'
import type { CreatePolicy, World } from './policy.ts'
import { atRandom, leastConnections, loadedFirst, staticPlacement } from './sent-at-once.ts'

export interface PolicyEntry {
  readonly title: string
  /** What it may know of the load besides what it sees. */
  create(meanAnswerTokens: number): CreatePolicy
}

const TRUE = (): number => 1

export const POLICIES = {
  random: { title: 'random', create: () => atRandom },
  'least-connections': { title: 'least connections', create: () => leastConnections },
  'loaded-first': { title: 'loaded first, then least connections', create: () => loadedFirst },
  static: { title: 'hand-tuned placement, then least connections', create: () => staticPlacement },
  'corral-fifo': { title: 'Corral, one key for all', create: (mean) => corralWith(mean, { fair: false }) },
  'corral-wrong': { title: 'Corral, rates wrong by x0.5 to x2', create: (mean) => corralWith(mean, { wrong: true }) },
  corral: { title: 'Corral', create: (mean) => corralWith(mean, {}) },
} as const satisfies Record<string, PolicyEntry>

export type PolicyName = keyof typeof POLICIES

function corralWith(meanAnswerTokens: number, options: { fair?: boolean; wrong?: boolean }): CreatePolicy {
  return (world: World) => {
    const factor = options.wrong === true ? wrongBy(world.random) : TRUE
    return new Corral(world, {
      estimates: exactEstimates(world.fleet, meanAnswerTokens, factor),
      slots: world.parallel,
      fair: options.fair ?? true,
    })
  }
}
