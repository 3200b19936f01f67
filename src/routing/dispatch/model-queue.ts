import type { Lane } from './lane.ts'

/** What waits for one model. */
export interface ModelQueue {
  readonly model: string
  readonly waiting: number
  /** Of the one that has waited longest. */
  readonly longestWaitMs: number
}

/** Models with the most waiting first. */
export function modelQueues(lanes: Iterable<Lane>, now: number): readonly ModelQueue[] {
  const byModel = new Map<string, ModelQueue>()
  for (const lane of lanes) {
    for (const { first, size } of lane.queues.values()) {
      if (first === undefined) continue
      const { model, arrivedAt } = first.work
      const { waiting, longestWaitMs } = byModel.get(model) ?? { waiting: 0, longestWaitMs: 0 }
      const longest = Math.max(longestWaitMs, now - arrivedAt)
      byModel.set(model, { model, waiting: waiting + size, longestWaitMs: longest })
    }
  }
  return [...byModel.values()].toSorted((a, b) => b.waiting - a.waiting)
}
