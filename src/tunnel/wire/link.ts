import type { Clock } from '../../lib/clock.ts'
import type { LinkFrame, StreamFrame } from './frame.ts'
import type { Windows } from './greeting.ts'
import type { Transport, TransportKind } from './transport.ts'

/**
 * One connection between gateway and agent: numbered batches of frames over a transport, credits per stream and for the
 * whole, control before data, data in turns, liveness. Knows nothing of HTTP or of who is who.
 */
export interface Link {
  readonly kind: TransportKind
  /** Sends a frame of the link, before any data that waits. */
  send(frame: LinkFrame): void
  /** Opens a stream of ours (odd for the gateway, even for the agent), or takes the other side's into account. */
  stream(id: number, receiver: StreamReceiver): LinkStream
  /** What the other side grants, said in its greeting: to be called before the first stream. */
  grant(windows: Windows): void
  /** Last measured, in milliseconds; null before the first measurement. */
  readonly roundTripMs: number | null
  /** Nothing was heard for so long; for whoever shall not send new work there. */
  silentMs(): number
  close(code: number, reason: string): void
}

export interface LinkStream {
  readonly id: number
  /** Sends a frame of this stream; in order with its data. `data` frames go by `data` below. */
  send(frame: Exclude<StreamFrame, { type: 'data' }>): void
  /** Sends bytes as credit allows; false: enough waits, until `drained`. The bytes must not change afterwards. */
  data(bytes: Uint8Array, end: boolean): boolean
  /** The consumer has taken that many of the received bytes: their credit goes back to the sender. */
  taken(bytes: number): void
  /** Nothing more is said or heard by us: what was sent already still leaves in order, then it is forgotten like `release`. */
  finish(): void
  /** Forgets it: unsent data is dropped, credit of untaken bytes goes back to the connection, later frames are ignored. */
  release(): void
}

export interface StreamReceiver {
  frame(frame: StreamFrame): void
  /** There is room for data again. */
  drained(): void
}

export interface LinkEvents {
  /** A frame of the link; pings, pongs and acks are dealt with below. */
  frame(frame: LinkFrame): void
  /** A `request` frame on a stream nobody knows: the other side opens one. Only the agent gets these. */
  opened(id: number, frame: Extract<StreamFrame, { type: 'request' }>): void
  /** Once: the transport has ended, by either side. No stream hears anything after it. */
  closed(code: number, reason: string): void
}

export interface LinkDeps {
  readonly clock: Clock
  /** Calls `run` once after `delayMs`, unless the returned function is called first. */
  startTimer(delayMs: number, run: () => void): () => void
  /** Runs soon, after what is going on now: frames of one turn leave in one batch. */
  defer(run: () => void): void
}

export interface LinkOptions {
  readonly role: 'gateway' | 'agent'
  /** What we grant the other side. */
  readonly windows: Windows
  readonly heartbeatMs: number
}
