import type { UpstreamMember } from '../routing/upstream-state.ts'
import { createOllamaUpstream, type OllamaUpstream, type OllamaUpstreamOptions } from '../upstreams/ollama-upstream.ts'
import type { UpstreamSettings } from '../upstreams/settings.ts'

/** The upstreams of a config as members of a fleet; objects outlive a reload that does not change them. */
export interface FleetMembers {
  readonly members: readonly UpstreamMember[]
  find(name: string): OllamaUpstream | undefined
  /** Closes those that `next` does not use. */
  retire(next: FleetMembers | null): void
}

export function createFleetMembers(
  settings: readonly UpstreamSettings[],
  options: OllamaUpstreamOptions,
  previous: { readonly members: FleetMembers; readonly settings: readonly UpstreamSettings[] } | null,
): FleetMembers {
  const upstreams = new Map<string, OllamaUpstream>()
  for (const each of settings) {
    const before = previous?.settings.find((other) => other.name === each.name)
    const kept = before !== undefined && isSameServer(before, each) ? previous?.members.find(each.name) : undefined
    upstreams.set(each.name, kept ?? createOllamaUpstream(each, options))
  }
  return {
    members: settings.flatMap(({ name, priority, enabled, maxResponseTimeMs }) => {
      const upstream = upstreams.get(name)
      return upstream === undefined ? [] : [{ upstream, priority, enabled, maxResponseTimeMs }]
    }),
    find: (name) => upstreams.get(name),
    retire(next) {
      for (const [name, upstream] of upstreams) if (next?.find(name) !== upstream) upstream.close()
    },
  }
}

function isSameServer(a: UpstreamSettings, b: UpstreamSettings): boolean {
  return a.url === b.url && a.ca === b.ca && a.headers.join('\n') === b.headers.join('\n')
}
