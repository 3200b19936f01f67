import type { Dialect } from '../dialects/dialect.ts'
import type { Attempt, DuplexPort, ResponseSink, Upstream, UpstreamRequest } from '../proxy/upstream.ts'
import { Http1Attempt } from './http1/attempt.ts'
import { createConnectionPool } from './http1/connection-pool.ts'
import type { Destination } from './http1/connection.ts'
import { type FixedParts, headerLines, requestHead } from './http1/request-head.ts'
import { relayUpgrade } from './http1/upgrade.ts'
import type { UpstreamSettings } from './settings.ts'

export interface OllamaUpstreamOptions {
  readonly connectTimeoutMs: number
  /** Marks every request, so that a gateway that is its own upstream is found out. */
  readonly instanceId: string
}

export interface OllamaUpstream extends Upstream {
  upgrade(request: UpstreamRequest, socket: DuplexPort): Attempt
  close(): void
}

const IDLE_CONNECTION_MS = 60_000
const MAX_IDLE_CONNECTIONS = 256
const ALL_DIALECTS: ReadonlySet<Dialect> = new Set<Dialect>(['ollama', 'openai', 'responses', 'anthropic'])

/** An Ollama by URL, over HTTP/1.1: Ollama speaks no other. */
export function createOllamaUpstream(settings: UpstreamSettings, options: OllamaUpstreamOptions): OllamaUpstream {
  const destination = destinationOf(settings, options.connectTimeoutMs)
  const fixed = fixedParts(settings, options.instanceId)
  const pool = createConnectionPool(destination, { idleMs: IDLE_CONNECTION_MS, maxIdle: MAX_IDLE_CONNECTIONS })
  return {
    id: settings.name,
    speaks: () => ALL_DIALECTS,
    send: (request: UpstreamRequest, sink: ResponseSink) =>
      new Http1Attempt(pool, { request, head: requestHead(request, fixed) }, sink),
    upgrade: (request, socket) => relayUpgrade(destination, requestHead(request, fixed), socket),
    close: () => pool.close(),
  }
}

function destinationOf(settings: UpstreamSettings, connectTimeoutMs: number): Destination {
  const url = new URL(settings.url)
  const secure = url.protocol === 'https:'
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (secure ? 443 : 80)),
    tls: secure ? { ca: settings.ca } : null,
    connectTimeoutMs,
  }
}

/** `Host: localhost:11434` passes Ollama's check against DNS rebinding wherever it is bound; https needs the real name. */
function fixedParts(settings: UpstreamSettings, instanceId: string): FixedParts {
  const url = new URL(settings.url)
  const host = url.protocol === 'https:' ? url.host : 'localhost:11434'
  const headers = ['Host', host, 'Accept-Encoding', 'identity', 'corral-instance', instanceId, ...settings.headers]
  const names = new Set(headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
  return { pathPrefix: url.pathname.replace(/\/$/, ''), lines: headerLines(headers), names }
}
