/** What upstreams are expected to do, in milliseconds. Dispatching reads it; learning, or a simulator, writes it. */
export interface Estimates {
  /** One live object per pair: its fields change as more is learnt, so that a reader looks it up once. */
  pair(server: string, model: string): PairEstimates
  /** Time on the network, there and back. */
  networkMs(server: string): number
  /** Until a model of so many bytes is loaded. */
  loadMs(server: string, bytes: number): number
}

export interface PairEstimates {
  readonly prefillMsPerToken: number
  readonly decodeMsPerToken: number
  /** Mean length of this model's answers, in tokens. */
  readonly outputTokens: number
}
