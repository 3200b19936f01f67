import type { Work } from './work.ts'

/** What a decision wants done. Whoever told the dispatcher of an event carries out what comes back, in order. */
export type Effect =
  | { readonly kind: 'grant'; readonly work: Work; readonly server: string; readonly cold: boolean }
  | { readonly kind: 'refuse'; readonly work: Work; readonly reason: RefusalReason; readonly retryAfterMs: number }
  /** Load it there now, for what waits. */
  | { readonly kind: 'preload'; readonly model: string; readonly server: string }

export const NO_EFFECTS: Effect[] = []

/** `stranded`: nobody who may take it is left. */
export type RefusalReason = 'queue-full' | 'waited-too-long' | 'stranded'
