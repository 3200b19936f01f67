import type { Dialect } from '../dialects/dialect.ts'
import type { ResponseSink, UpstreamRequest } from '../proxy/upstream.ts'
import { Http1Attempt } from './http1/attempt.ts'
import { createConnectionPool } from './http1/connection-pool.ts'
import { type FixedParts, headerLines, requestHead } from './http1/request-head.ts'
import { relayUpgrade } from './http1/upgrade.ts'
import {
  destinationOf,
  IDLE_CONNECTIONS,
  type ServerOptions,
  type ServerSettings,
  type ServerUpstream,
} from './server-upstream.ts'

const ALL_DIALECTS: ReadonlySet<Dialect> = new Set<Dialect>(['ollama', 'openai', 'responses', 'anthropic'])

/** An Ollama by URL, over HTTP/1.1: Ollama speaks no other. */
export function createOllamaUpstream(settings: ServerSettings, options: ServerOptions): ServerUpstream {
  const destination = destinationOf(settings, options)
  const fixed = fixedParts(settings, options.instanceId)
  const pool = createConnectionPool(destination, IDLE_CONNECTIONS)
  return {
    id: settings.name,
    speaks: () => ALL_DIALECTS,
    send: (request: UpstreamRequest, sink: ResponseSink) =>
      new Http1Attempt(pool, { request, head: requestHead(request, fixed) }, sink),
    upgrade: (request, socket) => relayUpgrade(destination, requestHead(request, fixed), socket),
    close: () => pool.close(),
  }
}

/** `Host: localhost:11434` passes Ollama's check against DNS rebinding wherever it is bound; https needs the real name. */
function fixedParts(settings: ServerSettings, instanceId: string): FixedParts {
  const url = new URL(settings.url)
  const host = url.protocol === 'https:' ? url.host : 'localhost:11434'
  const headers = ['Host', host, 'Accept-Encoding', 'identity', 'corral-instance', instanceId, ...settings.headers]
  const names = new Set(headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
  return { pathPrefix: url.pathname.replace(/\/$/, ''), lines: headerLines(headers), names }
}
