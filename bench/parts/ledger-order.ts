/** What the driver of the ledger is told, as JSON. */
export interface LedgerOrder {
  /** Where the store is made. */
  readonly folder: string
  readonly rowsPerSecond: number
  readonly seconds: number
}

/** What it says when it is done. */
export interface LedgerOutcome {
  readonly recorded: number
  /** Until the last of them was written. */
  readonly seconds: number
  /** The most that waited at any moment. */
  readonly mostWaiting: number
  readonly lost: number
  readonly delayP50Ms: number
  readonly delayP99Ms: number
  /** Of the whole process, both threads. */
  readonly cpuUsPerRow: number
  readonly bytesPerRow: number
}
