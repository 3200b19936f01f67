import type { Fleet } from './fleet.ts'
import { createRandom, pickOne, pickWeighted, type Random } from './random.ts'
import type { TraceEntry } from './trace-entry.ts'

/** One request of a simulated run. */
export interface SimulatedRequest {
  readonly id: number
  readonly atMs: number
  readonly model: string
  readonly user: number
  readonly conversation: number
  readonly promptTokens: number
  readonly answerTokens: number
  /** How much of the prompt is what its conversation has said before. */
  readonly sharedTokens: number
}

export interface WorkloadOptions {
  readonly seed: number
  readonly perSecond: number
  /** One of the users asks ten times as often as each of the others. */
  readonly heavyUser: boolean
  /** Fewer than a third of the trace: for a quick look. */
  readonly atMost?: number
}

export const USERS = 10
export const HEAVY_USER = 0
const HEAVY_WEIGHT = 10
const KEPT_SHARE = 1 / 3
/** How often a request would go on with a conversation, if there is one that it could. */
const CONTINUES = 0.7
const LOOKS = 6
const SHORTEST_PAUSE_MS = 15_000
const LONGEST_PAUSE_MS = 600_000

interface Conversation {
  readonly id: number
  readonly model: string
  readonly user: number
  tokens: number
  lastMs: number
}

/** A part of the trace by chance, stretched to the rate, each request with a model, a user and a conversation. */
export function makeWorkload(trace: readonly TraceEntry[], fleet: Fleet, options: WorkloadOptions): SimulatedRequest[] {
  const random = createRandom(options.seed)
  const kept = trace.filter(() => random() < KEPT_SHARE).slice(0, options.atMost)
  const startMs = kept[0]?.atMs ?? 0
  const stretch = ((kept.length / options.perSecond) * 1000) / ((kept.at(-1)?.atMs ?? 0) - startMs)
  const conversations = createConversations(fleet, { heavyUser: options.heavyUser, random })
  return kept.map((entry, id) => {
    const atMs = (entry.atMs - startMs) * stretch
    const { conversation, sharedTokens } = conversations.next(atMs, entry.promptTokens)
    const { promptTokens, answerTokens } = entry
    conversation.tokens = promptTokens + answerTokens
    const { model, user } = conversation
    return { id, atMs, model, user, conversation: conversation.id, promptTokens, answerTokens, sharedTokens }
  })
}

interface Conversations {
  next(atMs: number, promptTokens: number): { conversation: Conversation; sharedTokens: number }
}

function createConversations(fleet: Fleet, options: { heavyUser: boolean; random: Random }): Conversations {
  const { random } = options
  const modelShares = fleet.models.map((model) => model.share)
  const userShares = Array.from({ length: USERS }, (_, user) =>
    options.heavyUser && user === HEAVY_USER ? HEAVY_WEIGHT : 1,
  )
  let recent: Conversation[] = []
  let count = 0

  function find(atMs: number, promptTokens: number): Conversation | undefined {
    recent = recent.filter((conversation) => atMs - conversation.lastMs <= LONGEST_PAUSE_MS)
    for (let look = 0; look < LOOKS && recent.length > 0; look++) {
      const candidate = pickOne(recent, random)
      const hasPaused = atMs - candidate.lastMs >= SHORTEST_PAUSE_MS
      if (hasPaused && candidate.tokens < promptTokens) return candidate
    }
    return undefined
  }

  function open(): Conversation {
    const model = fleet.models[pickWeighted(modelShares, random)]?.name ?? ''
    const conversation = { id: count++, model, user: pickWeighted(userShares, random), tokens: 0, lastMs: 0 }
    recent.push(conversation)
    return conversation
  }

  return {
    next(atMs, promptTokens) {
      const known = random() < CONTINUES ? find(atMs, promptTokens) : undefined
      const conversation = known ?? open()
      const sharedTokens = conversation.tokens
      conversation.lastMs = atMs
      return { conversation, sharedTokens }
    },
  }
}
