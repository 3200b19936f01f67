/** What the rows are measured with. */
export interface Bench {
  /** Fewer and shorter rounds: a look, not a measurement. */
  readonly quick: boolean
  /** The upstream of everything. */
  readonly stubUrl: string
  /** A word about where it is, for whoever waits. */
  say(line: string): void
}

export interface Row {
  /** For `--only`. */
  readonly name: string
  readonly title: string
  measure(bench: Bench): Promise<RowResult>
}

export interface RowResult {
  readonly measures: readonly Measure[]
  /** How it came about, in Markdown. */
  readonly details: readonly string[]
}

export interface Measure {
  readonly what: string
  readonly reach: string
  readonly measured: string
  /** Null where nothing was measured. */
  readonly reached: boolean | null
}

export function notMeasured(what: string, reach: string, why: string): Measure {
  return { what, reach, measured: `not measured: ${why}`, reached: null }
}
