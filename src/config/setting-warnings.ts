import { formatByteSize } from '../lib/byte-size.ts'
import { parseAnyModelName } from '../lib/model-name.ts'
import { patternMatcher } from '../lib/pattern.ts'
import { dotted } from './schema.ts'
import type { Settings } from './settings.ts'

/** What can be meant and probably is not, one line each. */
export function settingWarnings({ models, upstreams, agents }: Settings): string[] {
  const memory = new Map([...upstreams, ...agents.pools].map((each) => [each.name, each.memoryBytes]))
  const needed = statedMemory(models)
  return Object.entries(models.assignments).flatMap(([model, names]) => {
    const bytes = needed(model)
    if (bytes === undefined) return []
    const small = names.filter((name) => (memory.get(name) ?? Infinity) < bytes)
    if (small.length === 0) return []
    const setting = dotted(['models', 'assignments', model])
    return [`${setting} holds although ${small.join(', ')} has less memory than the ${formatByteSize(bytes)} it takes`]
  })
}

function statedMemory({ memory, memoryPatterns }: Settings['models']): (model: string) => number | undefined {
  const stated = new Map(Object.entries(memory).map(([model, bytes]) => [canonicalOf(model), bytes]))
  const patterns = memoryPatterns.map(({ match, memoryBytes }) => ({ fits: patternMatcher(match), memoryBytes }))
  return (model) => {
    const canonical = canonicalOf(model)
    return stated.get(canonical) ?? patterns.find(({ fits }) => fits(canonical))?.memoryBytes
  }
}

function canonicalOf(name: string): string {
  const model = parseAnyModelName(name)
  return model.kind === 'invalid' ? name : model.canonical
}
