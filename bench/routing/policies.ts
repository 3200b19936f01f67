import type { MeanRequest } from './capacity.ts'
import { Corral } from './corral.ts'
import { wrongBy } from './exact-estimates.ts'
import { type Knowledge, learntKnowledge, toldKnowledge } from './knowledge.ts'
import type { CreatePolicy, World } from './policy.ts'
import type { Random } from './random.ts'
import { atRandom, leastConnections, loadedFirst, staticPlacement } from './sent-at-once.ts'
import { ShortestFirst } from './shortest-first.ts'

export interface PolicyEntry {
  readonly title: string
  /** What it may know of the load besides what it sees. */
  create(mean: MeanRequest): CreatePolicy
}

const RIGHT = () => () => 1

export const POLICIES = {
  random: { title: 'random', create: () => atRandom },
  'least-connections': { title: 'least connections', create: () => leastConnections },
  'loaded-first': { title: 'loaded first, then least connections', create: () => loadedFirst },
  static: { title: 'hand-tuned placement, then least connections', create: () => staticPlacement },
  'shortest-first': {
    title: 'shortest first, lengths and rates known',
    create: (mean) => (world) => new ShortestFirst(world, mean),
  },
  corral: { title: 'Corral', create: () => corral((world) => learntKnowledge(world, null), true) },
  'corral-slots': {
    title: 'Corral, slots stated',
    create: () => corral((world) => learntKnowledge(world, world.parallel), true),
  },
  'corral-fifo': {
    title: 'Corral, one key for all',
    create: () => corral((world) => learntKnowledge(world, null), false),
  },
  'corral-told': { title: 'Corral, told all rates and slots', create: (mean) => told(mean, RIGHT) },
  'corral-wrong': { title: 'Corral, told rates wrong by x0.5 to x2', create: (mean) => told(mean, wrongBy) },
} as const satisfies Record<string, PolicyEntry>

export type PolicyName = keyof typeof POLICIES

function corral(knowledgeOf: (world: World) => Knowledge, fair: boolean): CreatePolicy {
  return (world) => new Corral(world, { knowledge: knowledgeOf(world), fair })
}

function told({ answerTokens }: MeanRequest, factorOf: (random: Random) => () => number): CreatePolicy {
  return corral((world) => toldKnowledge(world, answerTokens, factorOf(world.random)), true)
}
