/** A whole that is told of again when it has changed. */
export interface Snapshot {
  readonly version: number
  /** As JSON. */
  readonly text: string
}

export interface ChangingSnapshot {
  /** Undefined: nobody knows it yet. */
  readonly now: Snapshot | undefined
  set(value: object): void
}

/** Time that passes alone is no change. */
const UPTIME = /"uptime_seconds":\d+/

export function createSnapshot(): ChangingSnapshot {
  let now: Snapshot | undefined
  let essence = ''
  return {
    get now() {
      return now
    },
    set(value) {
      const text = JSON.stringify(value)
      const next = text.replace(UPTIME, '')
      if (next === essence) return
      essence = next
      now = { version: (now?.version ?? 0) + 1, text }
    },
  }
}
