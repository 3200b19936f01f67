/** Where a request for what a client asks for would go, and why. */
export interface RouteExplanation extends ModelExplanation {
  /** Canonical; `model` is the one that would run. */
  readonly asked: string
  /** What makes it another than was asked for. */
  readonly because: 'alias' | 'fallback' | null
  /** The model that a fallback stands in for: what speaks against each upstream; null where none stands in. */
  readonly insteadOf: Pick<ModelExplanation, 'model' | 'upstreams'> | null
}

/** Why a request for a model would go where it goes, upstream by upstream. */
export interface ModelExplanation {
  /** Canonical, after aliases and fallbacks. */
  readonly model: string
  /** The upstream that would get it now; null where none can. */
  readonly selected: string | null
  /** Nobody has it: a request would be a 404. */
  readonly missing: boolean
  /** Every upstream, the selected one first, then as they would be preferred. */
  readonly upstreams: readonly UpstreamVerdict[]
}

export interface UpstreamVerdict {
  readonly name: string
  readonly eligible: boolean
  /** One plain sentence part: `its disk does not have the model`, `selected`, `would answer 3.2 s later`. */
  readonly reason: string
  /** Null where it was dropped. */
  readonly expected: ExpectedTimes | null
}

/** In milliseconds. */
export interface ExpectedTimes {
  /** Until a slot is free. */
  readonly queue: number
  readonly load: number
  readonly prefill: number
  readonly network: number
  readonly total: number
}
