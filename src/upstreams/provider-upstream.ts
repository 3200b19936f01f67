import type { Dialect } from '../dialects/dialect.ts'
import type { RawHeaders } from '../lib/raw-headers.ts'
import type { UpstreamRequest } from '../proxy/upstream.ts'
import { createCountsAsking } from './counts-asking.ts'
import { Http1Attempt } from './http1/attempt.ts'
import { createConnectionPool } from './http1/connection-pool.ts'
import { type FixedParts, headerLines, requestHead } from './http1/request-head.ts'
import { ProviderSink } from './provider-sink.ts'
import type { ProviderSettings, ProviderType } from './provider-settings.ts'
import { lookUpPublic } from './public-lookup.ts'
import {
  destinationOf,
  IDLE_CONNECTIONS,
  type ServerOptions,
  type ServerSettings,
  type ServerUpstream,
} from './server-upstream.ts'

const dialects: Readonly<Record<ProviderType, ReadonlySet<Dialect>>> = {
  openai: new Set<Dialect>(['openai', 'responses']),
  'openai-compatible': new Set<Dialect>(['openai']),
  anthropic: new Set<Dialect>(['anthropic']),
}

/** What a request says that names no version of its own. */
const ANTHROPIC_VERSION = '2023-06-01'

/** A model server of somebody else, asked in its own API with the gateway's own key. */
export function createProviderUpstream(
  settings: ServerSettings,
  provider: ProviderSettings,
  options: ServerOptions,
): ServerUpstream {
  const lookup = provider.allowPrivate ? {} : { lookup: lookUpPublic }
  const pool = createConnectionPool({ ...destinationOf(settings, options), ...lookup }, IDLE_CONNECTIONS)
  const fixed = fixedParts(settings, provider, options)
  const spoken = dialects[provider.type]
  return {
    id: settings.name,
    speaks: () => spoken,
    send: createCountsAsking((request, sink) => {
      const asked = toProviderRequest(request, provider.type)
      const guard = new ProviderSink(sink, provider.apiKey)
      return guard.watch(new Http1Attempt(pool, { request: asked, head: requestHead(asked, fixed) }, guard))
    }),
    close: () => pool.close(),
  }
}

/** The url of a provider ends in its version, so that of a target. */
function toProviderRequest(request: UpstreamRequest, type: ProviderType): UpstreamRequest {
  const target = targetFor(request.target.replace(/^\/v1(?=[/?]|$)/, ''), type)
  const isDated = type !== 'anthropic' || hasHeader(request.headers, 'anthropic-version')
  const headers = isDated ? request.headers : [...request.headers, 'anthropic-version', ANTHROPIC_VERSION]
  return { ...request, target, headers }
}

/** Anthropic's list has twenty models to a page unless it is asked for more; all fit on the largest. */
function targetFor(target: string, type: ProviderType): string {
  return type === 'anthropic' && target === '/models' ? '/models?limit=1000' : target
}

function fixedParts(settings: ServerSettings, provider: ProviderSettings, options: ServerOptions): FixedParts {
  const url = new URL(settings.url)
  const headers = ['Host', url.host, 'Accept-Encoding', 'identity', ...settings.headers, ...credentials(provider)]
  // A public provider has no use for it; a server of one's own may be a gateway, or this one.
  if (provider.type === 'openai-compatible') headers.push('corral-instance', options.instanceId)
  const names = new Set(headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
  return { pathPrefix: url.pathname.replace(/\/$/, ''), lines: headerLines(headers), names }
}

function credentials({ type, apiKey }: ProviderSettings): RawHeaders {
  if (apiKey === null) return []
  return type === 'anthropic' ? ['x-api-key', apiKey.reveal()] : ['Authorization', `Bearer ${apiKey.reveal()}`]
}

function hasHeader(headers: RawHeaders, name: string): boolean {
  return headers.some((each, index) => index % 2 === 0 && each.toLowerCase() === name)
}
