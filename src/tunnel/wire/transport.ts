/** What carries batches between gateway and agent. Two implementations, one suite of tests: WebSocket, and SSE with POST. */
export interface Transport {
  readonly kind: TransportKind
  /** Sends one batch whole and in order. Never blocks and never throws; after `closed` it does nothing. */
  send(batch: Uint8Array): void
  /** The heartbeat; text, because only text is answered while a Durable Object sleeps. */
  sendText(text: 'ping' | 'pong'): void
  /** Bytes given to `send` that have not left this process. */
  buffered(): number
  /** Ends it both ways; `closed` follows, once. */
  close(code: number, reason: string): void
  /** Called once, before anything can have arrived. */
  listen(events: TransportEvents): void
}

export interface TransportEvents {
  batch(bytes: Uint8Array): void
  text(text: string): void
  /** `buffered` has become small again. */
  drained(): void
  /** Once, last, however it ended. */
  closed(code: number, reason: string): void
}

export type TransportKind = 'ws' | 'sse'
