/** What an agent says of itself first. JSON on the wire, in snake case; unknown fields are ignored, lengths are bounded. */
export interface Hello {
  /** Protocol versions it speaks, best first. */
  readonly versions: readonly number[]
  /** Of the program, for people. */
  readonly software: string
  readonly agentId: string
  /** Random, made once per process: tells a reconnecting process from a second one of the same id. */
  readonly instance: string
  /** Host name, for people. */
  readonly host: string
  /** The pool it wants to join; null is the key's only one. */
  readonly pool: string | null
  /** What it lets through: scopes. */
  readonly allow: readonly string[]
  readonly maxStreams: number
  readonly windows: Windows
}

/** Bytes of DATA that may be under way to whoever says it. */
export interface Windows {
  readonly stream: number
  readonly connection: number
}

export interface HelloAck {
  readonly version: number
  readonly sessionId: string
  /** Of the gateway's process. */
  readonly serverInstance: string
  readonly software: string
  readonly pool: string
  /** Models it may serve, as patterns. */
  readonly models: readonly string[]
  readonly heartbeatMs: number
  readonly windows: Windows
}

/** How the agent is; sent after the greeting and at each change. */
export interface AgentStatus {
  /** Grows with each one. */
  readonly version: number
  readonly running: number
  readonly draining: boolean
  readonly ollama: { readonly reachable: boolean; readonly version: string | null }
  readonly models: number
}

export const PROTOCOL_VERSION = 1
/** Of the WebSocket handshake. */
export const SUBPROTOCOL = 'corral.v1'
export const defaultWindows: Windows = { stream: 256 * 1024, connection: 16 * 1024 * 1024 }
