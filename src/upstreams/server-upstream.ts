import type { Upstream } from '../proxy/upstream.ts'
import type { PoolOptions } from './http1/connection-pool.ts'
import type { Destination } from './http1/connection.ts'
import type { UpstreamSettings } from './settings.ts'

/** An upstream that is reached by URL. */
export interface ServerUpstream extends Upstream {
  close(): void
}

export type ServerSettings = Pick<UpstreamSettings, 'name' | 'url' | 'headers' | 'ca'>

export interface ServerOptions {
  readonly connectTimeoutMs: number
  /** Marks requests, so that a gateway that is its own upstream is found out. */
  readonly instanceId: string
}

export const IDLE_CONNECTIONS: PoolOptions = { idleMs: 60_000, maxIdle: 256 }

export function destinationOf(settings: ServerSettings, { connectTimeoutMs }: ServerOptions): Destination {
  const url = new URL(settings.url)
  const secure = url.protocol === 'https:'
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (secure ? 443 : 80)),
    tls: secure ? { ca: settings.ca } : null,
    connectTimeoutMs,
  }
}
