import type { RawHeaders } from '../../lib/raw-headers.ts'
import type { ResetCode } from './codes.ts'
import type { AgentStatus, Hello, HelloAck } from './greeting.ts'

/** Of the whole link. They leave before any data. */
export type LinkFrame =
  | { readonly type: 'hello'; readonly hello: Hello }
  | { readonly type: 'hello-ack'; readonly ack: HelloAck }
  | { readonly type: 'status'; readonly status: AgentStatus }
  | {
      readonly type: 'goaway'
      readonly lastStream: number
      readonly code: number
      readonly reconnectInMs: number
      readonly tryForMs: number
      readonly reason: string
    }
  | { readonly type: 'ping' | 'pong'; readonly opaque: Uint8Array }
  /** Batches up to this one have arrived. */
  | { readonly type: 'ack'; readonly seq: number }
  /** For people; may be ignored. */
  | { readonly type: 'event'; readonly level: 'info' | 'warn'; readonly text: string }

/** Of one stream; their order within the stream is kept. */
export type StreamFrame =
  | { readonly type: 'request'; readonly request: RequestHead; readonly end: boolean }
  /** The agent lives and owns the request. */
  | { readonly type: 'accept' }
  | { readonly type: 'info'; readonly status: number; readonly headers: RawHeaders }
  | { readonly type: 'response'; readonly status: number; readonly headers: RawHeaders; readonly end: boolean }
  | { readonly type: 'data'; readonly bytes: Uint8Array; readonly end: boolean }
  | { readonly type: 'trailers'; readonly headers: RawHeaders }
  | { readonly type: 'reset'; readonly code: ResetCode; readonly retrySafe: boolean; readonly reason: string }
  /** After a reset by the gateway: the agent's upstream has really stopped. */
  | { readonly type: 'cancelled' }

export interface RequestHead {
  readonly method: string
  /** Origin-form, as the agent's Ollama shall see it. */
  readonly target: string
  readonly headers: RawHeaders
  /** Bytes of the body; null: there is none, or nobody knows. */
  readonly length: number | null
  /** Must not be sent twice (`UpstreamRequest.once`). */
  readonly once: boolean
}
