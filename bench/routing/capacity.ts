import { decodeMsPerToken, type Fleet, holds, type ModelSpec, prefillMsPerToken, type ServerSpec } from './fleet.ts'
import { maximise } from './linear-programme.ts'

export interface MeanRequest {
  readonly promptTokens: number
  readonly answerTokens: number
}

/**
 * Requests per second that the fleet could serve at best, were nothing ever loaded and no prompt ever known, one
 * stream per server. Utilisation is named against it, so that it means the same for every policy.
 */
export function nominalCapacity(fleet: Fleet, mean: MeanRequest): number {
  const pairs = fleet.models.flatMap((model, row) =>
    fleet.servers.flatMap((server, column) =>
      holds(server, model) ? [{ row, column, ms: serviceMs(server, model, mean) }] : [],
    ),
  )
  // One unknown per pair, its rate, and the rate of the whole as the last one.
  const servers = fleet.servers.map((_, column) => ({
    factors: [...pairs.map((pair) => (pair.column === column ? pair.ms / 1000 : 0)), 0],
    atMost: 1,
  }))
  const models = fleet.models.map((model, row) => ({
    factors: [...pairs.map((pair) => (pair.row === row ? -1 : 0)), shareOf(model, fleet)],
    atMost: 0,
  }))
  return maximise([...pairs.map(() => 0), 1], [...servers, ...models])
}

/** Without a wait or a load. */
export function serviceMs(server: ServerSpec, model: ModelSpec, size: MeanRequest): number {
  return size.promptTokens * prefillMsPerToken(server, model) + size.answerTokens * decodeMsPerToken(server, model)
}

function shareOf(model: ModelSpec, fleet: Fleet): number {
  return model.share / fleet.models.reduce((sum, { share }) => sum + share, 0)
}
