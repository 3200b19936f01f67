import type { QueueShare } from '../../auth/principal.ts'
import type { Prompt } from '../../proxy/prompt.ts'

/** One request that wants a slot of an upstream that has its model. The same object from its arrival to its release. */
export interface Work {
  /** Canonical. */
  readonly model: string
  /** Who it counts against: the id of a key. */
  readonly key: string
  readonly share: QueueShare
  readonly prompt: Prompt
  /** Embeddings and the like: one short computation without an answer that grows. */
  readonly brief: boolean
  readonly arrivedAt: number
  /** Works of one lane ask for one model, and the same upstreams may take them. */
  readonly lane: string
  /** Names of the upstreams that may take it now, of every tier. Asked of one work for its whole lane. */
  candidates(): readonly string[]
  /** Where the dispatcher has its notes of it. */
  waitingAt?: number | undefined
  grantAt?: number | undefined
}
