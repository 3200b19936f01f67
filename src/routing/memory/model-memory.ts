import { parseAnyModelName } from '../../lib/model-name.ts'
import { patternMatcher } from '../../lib/pattern.ts'
import type { ModelSettings } from '../../proxy/settings.ts'
import type { ModelEntry } from '../models/model-entry.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'
import { estimateBytes } from './estimate-bytes.ts'

/**
 * How many bytes a model takes on an upstream once it is loaded. What the upstream said when it had it loaded holds,
 * then the size on its disk, then `models.memory`, then `memory_patterns`, then what the name tells.
 */
export interface ModelMemory {
  configure(settings: Pick<ModelSettings, 'memory' | 'memoryPatterns'>): void
  /** 0 where nothing tells, and where it runs on somebody else's machine. */
  bytesOf(state: Pick<UpstreamState, 'name' | 'provider' | 'models'>, canonical: string): number
  /** The upstream's own list of what is loaded. True where some size is news. */
  sawLoaded(server: string, loaded: readonly ModelEntry[]): boolean
  /** Forgets all other upstreams. */
  keep(servers: ReadonlySet<string>): void
}

/** Models come and go. */
const MAX_SEEN_OF_SERVER = 1000
const MAX_NAMES = 10_000

export function createModelMemory(): ModelMemory {
  /** By digest where there is one: lists of loaded models may give another name of the same weights. */
  const seen = new Map<string, Map<string, number>>()
  const named = new Map<string, number>()
  let stated = new Map<string, number>()
  let patterns: readonly { matches(canonical: string): boolean; readonly bytes: number }[] = []

  const ofName = (canonical: string): number => {
    const known = named.get(canonical)
    if (known !== undefined) return known
    const pattern = patterns.find(({ matches }) => matches(canonical))
    const bytes = stated.get(canonical) ?? pattern?.bytes ?? estimateBytes(canonical)
    if (named.size >= MAX_NAMES) named.clear()
    named.set(canonical, bytes)
    return bytes
  }

  return {
    configure({ memory, memoryPatterns }) {
      stated = new Map(Object.entries(memory).map(([name, bytes]) => [canonicalOf(name), bytes]))
      patterns = memoryPatterns.map(({ match, memoryBytes }) => ({
        matches: patternMatcher(match),
        bytes: memoryBytes,
      }))
      named.clear()
    },
    bytesOf({ name, provider, models }, canonical) {
      const entry = models?.get(canonical)
      if (provider !== null || entry?.remote === true) return 0
      const sizes = seen.get(name)
      const loaded = sizes?.get(entry?.digest ?? canonical)
      return loaded ?? (sizeOf(entry) || ofName(canonical))
    },
    sawLoaded(server, loaded) {
      const sizes = seen.get(server) ?? new Map<string, number>()
      seen.set(server, sizes)
      let isNews = false
      for (const entry of loaded) {
        const bytes = sizeOf(entry)
        const key = entry.digest ?? entry.canonical
        if (bytes === 0 || sizes.get(key) === bytes) continue
        isNews = true
        if (sizes.size >= MAX_SEEN_OF_SERVER) sizes.clear()
        sizes.set(key, bytes)
      }
      return isNews
    },
    keep(servers) {
      for (const server of seen.keys()) if (!servers.has(server)) seen.delete(server)
    },
  }
}

function sizeOf(entry: ModelEntry | undefined): number {
  const size = entry?.raw['size']
  return typeof size === 'number' && Number.isFinite(size) && size > 0 ? size : 0
}

function canonicalOf(name: string): string {
  const parsed = parseAnyModelName(name)
  return parsed.kind === 'invalid' ? name : parsed.canonical
}
