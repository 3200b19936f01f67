export interface ModelSettings {
  /** What a client asks for, and the model it gets. Names as they were written. */
  readonly aliases: Readonly<Record<string, string>>
  /** Model to names of the upstreams that serve it. */
  readonly assignments: Readonly<Record<string, readonly string[]>>
  /** Model to models that answer in its place, in order. */
  readonly fallbacks: Readonly<Record<string, readonly string[]>>
  /** The first whose `match` fits governs. */
  readonly policies: readonly ModelPolicy[]
}

export interface ModelPolicy {
  /** Glob over canonical model names. */
  readonly match: string
  readonly numCtx: 'allow' | 'strip' | number
  /** A value is what Ollama takes: a duration as text, or seconds (negative: for ever). */
  readonly keepAlive: 'allow' | 'strip' | string | number
}
