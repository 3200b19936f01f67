/** What dispatching is told of an upstream. */
export interface ServerFacts {
  readonly name: string
  /** Tier; lower is preferred. */
  readonly priority: number
  /** Its health probes take longer than they may: taken only where no other of its tier is left. */
  readonly slow: boolean
  /** Null: what it can hold is learnt from what it holds. */
  readonly memoryBytes: number | null
  /** Per loaded model. Null: learnt. Infinity: a provider, which loads nothing and has no slots. */
  readonly slots: number | null
  /** Requests at once, over all models: an upstream that has just come back is not trusted with all of them. */
  readonly admits: number
  /** Canonical names of the models on its disk, with the bytes each takes once loaded. */
  readonly models: ReadonlyMap<string, number>
}

/** What an upstream says is in its memory now. */
export interface LoadedModel {
  readonly model: string
  readonly bytes: number
}
