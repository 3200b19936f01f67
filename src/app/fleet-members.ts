import type { UpstreamMember } from '../routing/fleet/upstream-state.ts'
import type { Log } from '../lib/log.ts'
import { createOllamaUpstream } from '../upstreams/ollama-upstream.ts'
import { createProviderUpstream } from '../upstreams/provider-upstream.ts'
import type { ProviderSettings } from '../upstreams/provider-settings.ts'
import type { ServerOptions, ServerUpstream } from '../upstreams/server-upstream.ts'
import type { UpstreamSettings } from '../upstreams/settings.ts'
import { sendMagicPacket } from '../upstreams/magic-packet.ts'

export interface FleetOptions extends ServerOptions {
  readonly log: Log
}

/** The upstreams of a config as members of a fleet; objects outlive a reload that does not change them. */
export interface FleetMembers {
  readonly members: readonly UpstreamMember[]
  find(name: string): ServerUpstream | undefined
  /** Closes those that `next` does not use. */
  retire(next: FleetMembers | null): void
}

export function createFleetMembers(
  settings: readonly UpstreamSettings[],
  options: FleetOptions,
  previous: { readonly members: FleetMembers; readonly settings: readonly UpstreamSettings[] } | null,
): FleetMembers {
  const upstreams = new Map<string, ServerUpstream>()
  for (const each of settings) {
    const before = previous?.settings.find((other) => other.name === each.name)
    const kept = before !== undefined && isSameServer(before, each) ? previous?.members.find(each.name) : undefined
    upstreams.set(each.name, kept ?? createUpstream(each, options))
  }
  return {
    members: settings.flatMap((each) => {
      const upstream = upstreams.get(each.name)
      return upstream === undefined ? [] : [toMember(upstream, each, options.log)]
    }),
    find: (name) => upstreams.get(name),
    retire(next) {
      for (const [name, upstream] of upstreams) if (next?.find(name) !== upstream) upstream.close()
    },
  }
}

function createUpstream(settings: UpstreamSettings, options: FleetOptions): ServerUpstream {
  const { provider } = settings
  return provider === null
    ? createOllamaUpstream(settings, options)
    : createProviderUpstream(settings, provider, options)
}

function toMember(upstream: ServerUpstream, settings: UpstreamSettings, log: Log): UpstreamMember {
  const { name, priority, enabled, maxResponseTimeMs, memoryBytes, slots, provider, wake } = settings
  const failed = (error: Error): void => log.warn({ upstream: name, error: error.message }, 'wake packet was not sent')
  return {
    upstream,
    priority,
    enabled,
    maxResponseTimeMs,
    memoryBytes,
    slots,
    provider: provider === null ? undefined : { models: provider.models },
    wake: wake === null ? undefined : { waitMs: wake.waitMs, send: () => sendMagicPacket(wake, failed) },
  }
}

function isSameServer(a: UpstreamSettings, b: UpstreamSettings): boolean {
  return (
    a.url === b.url &&
    a.ca === b.ca &&
    a.headers.join('\n') === b.headers.join('\n') &&
    isSameProvider(a.provider, b.provider)
  )
}

function isSameProvider(a: ProviderSettings | null, b: ProviderSettings | null): boolean {
  if (a === null || b === null) return a === b
  return (
    a.type === b.type &&
    a.allowPrivate === b.allowPrivate &&
    a.apiKey?.reveal() === b.apiKey?.reveal() &&
    a.models?.join('\n') === b.models?.join('\n')
  )
}
