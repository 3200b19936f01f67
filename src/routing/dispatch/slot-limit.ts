import type { Work } from './work.ts'

/** How many works one model on one upstream runs at once, where nobody stated it. It hears what becomes of each. */
export interface SlotLimit {
  /** With so many running: more than that means that one more may start. */
  limit(running: number): number
  /** Slots that are there without a doubt; what `limit` allows beyond is a try. Absent: nothing is tried. */
  readonly believed?: number
  granted(work: Work, at: number): void
  began(work: Work, at: number): void
  ended(work: Work, at: number): void
}

export type CreateSlotLimit = (server: string, model: string) => SlotLimit

/** What an Ollama does that was not told otherwise. */
export const oneSlot: CreateSlotLimit = () => ({ limit: () => 1, granted() {}, began() {}, ended() {} })
