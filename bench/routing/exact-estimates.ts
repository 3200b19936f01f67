import type { Estimates, PairEstimates } from '../../src/routing/learning/estimates.ts'
import { decodeMsPerToken, type Fleet, loadedBytes, loadMs, prefillMsPerToken } from './fleet.ts'
import type { Random } from './random.ts'

/** The fleet's true rates, each times a factor of its own: 1 where nothing is wrong with them. */
export function exactEstimates(fleet: Fleet, meanAnswerTokens: number, factor: () => number): Estimates {
  const pairs = new Map<string, PairEstimates>()
  const bandwidths = new Map<string, number>()
  for (const server of fleet.servers) {
    bandwidths.set(server.name, factor())
    for (const model of fleet.models)
      pairs.set(`${server.name} ${model.name}`, {
        prefillMsPerToken: prefillMsPerToken(server, model) * factor(),
        decodeMsPerToken: decodeMsPerToken(server, model) * factor(),
        outputTokens: meanAnswerTokens,
      })
  }
  return {
    pair(server, model) {
      const pair = pairs.get(`${server} ${model}`)
      if (pair === undefined) throw new Error(`There is no ${model} on ${server}`)
      return pair
    },
    networkMs: () => 0,
    loadMs: (server, bytes) => trueLoadMs(fleet, bytes) * (bandwidths.get(server) ?? 1),
  }
}

/** Between half and twice, evenly on a logarithmic scale. */
export function wrongBy(random: Random): () => number {
  return () => 2 ** (random() * 2 - 1)
}

/** The models of a fleet differ in size where they differ in load time. */
function trueLoadMs(fleet: Fleet, bytes: number): number {
  const sizes = fleet.models.map((model) => ({ off: Math.abs(loadedBytes(model) - bytes), ms: loadMs(model) }))
  return sizes.toSorted((a, b) => a.off - b.off)[0]?.ms ?? 0
}
