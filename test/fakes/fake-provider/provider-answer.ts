export type Field = readonly [name: string, value: string]

/** What a provider is about to say, as data, so that a fault can change it. */
export interface ProviderAnswer {
  readonly status: number
  readonly headers: readonly Field[]
  /** Written apart; in a chunked body each is a chunk of its own. */
  readonly chunks: readonly (string | Uint8Array)[]
  /** `close`: the body ends with the connection. */
  readonly framing: 'length' | 'chunked' | 'close'
}

export function jsonAnswer(status: number, body: object, headers: readonly Field[] = []): ProviderAnswer {
  const type = ['Content-Type', 'application/json'] as const
  return { status, headers: [type, ...headers], chunks: [JSON.stringify(body)], framing: 'length' }
}

export function streamAnswer(events: readonly string[], headers: readonly Field[] = []): ProviderAnswer {
  const type = ['Content-Type', 'text/event-stream; charset=utf-8'] as const
  return { status: 200, headers: [type, ...headers], chunks: events, framing: 'chunked' }
}
