/** Why a connection could not be opened, for people. */
export class DialError extends Error {
  /** `refused`: the gateway was there and does not want this agent; `unusable`: not over this transport. */
  readonly kind: 'unreachable' | 'refused' | 'unusable'

  constructor(kind: DialError['kind'], message: string) {
    super(message)
    this.name = 'DialError'
    this.kind = kind
  }
}
