/** What one upstream would cost a work, in milliseconds. */
export interface ServerQuote {
  readonly server: string
  /** Until a slot is free. */
  readonly queueMs: number
  readonly loadMs: number
  readonly prefillMs: number
  readonly networkMs: number
  /** What it would cost others, in this work's milliseconds. */
  readonly othersMs: number
  /** The one it would get, were it to arrive now. */
  readonly chosen: boolean
}
