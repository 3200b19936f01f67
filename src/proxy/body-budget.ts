/** All request bodies held in memory at one time, together. */
export interface BodyBudget {
  /** False: there is no room, and nothing was taken. */
  take(bytes: number): boolean
  give(bytes: number): void
}

export function createBodyBudget(totalBytes: number): BodyBudget {
  let used = 0
  return {
    take(bytes) {
      if (used + bytes > totalBytes) return false
      used += bytes
      return true
    },
    give(bytes) {
      used -= bytes
    },
  }
}
