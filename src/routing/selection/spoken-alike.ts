import type { Dialect } from '../../dialects/dialect.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'
import { has } from './verdict.ts'

/** The APIs in which those that have the model are the same ones: where all speak them all, it is one queue. */
export function spokenAlike(model: string, dialect: Dialect, upstreams: readonly UpstreamState[]): readonly Dialect[] {
  const holders = upstreams.filter((state) => state.enabled && has(state, model))
  const spoken = holders.map(({ upstream }) => upstream.speaks(model))
  const all = new Set([dialect, ...spoken.flatMap((each) => [...each])])
  return [...all].filter((other) => spoken.every((each) => each.has(other) === each.has(dialect))).toSorted()
}
