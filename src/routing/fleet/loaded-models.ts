import type { LoadedModel } from '../dispatch/server-facts.ts'
import type { UpstreamState } from './upstream-state.ts'

/**
 * What an upstream has in its memory, by the names that requests use. Of names that share their weights, Ollama's list
 * has one: the others are loaded as well, and take nothing.
 */
export function loadedModels({ loaded, models }: Pick<UpstreamState, 'loaded' | 'models'>): readonly LoadedModel[] {
  const found = new Map<string, number>()
  for (const { canonical, raw } of loaded) {
    found.set(canonical, typeof raw['size'] === 'number' ? raw['size'] : 0)
  }
  for (const { digest } of loaded) {
    if (digest === null) continue
    for (const other of models?.values() ?? []) {
      if (other.digest === digest && !found.has(other.canonical)) found.set(other.canonical, 0)
    }
  }
  return [...found].map(([model, bytes]) => ({ model, bytes }))
}
