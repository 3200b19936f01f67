import { formatByteSize } from '../lib/byte-size.ts'
import { parseAnyModelName } from '../lib/model-name.ts'
import { patternMatcher } from '../lib/pattern.ts'
import type { SettingPath } from '../lib/settings-context.ts'
import { dotted } from './schema.ts'
import type { Settings } from './settings.ts'

/** What can be meant and probably is not, one line each. */
export function settingWarnings(settings: Settings): string[] {
  return [...idleWarnings(settings), ...memoryWarnings(settings)]
}

/** Lines that do nothing, or let a model run nowhere, until an upstream they name is used again. */
function idleWarnings({ models, upstreams }: Settings): string[] {
  const disabled = new Set(upstreams.filter(({ enabled }) => !enabled).map(({ name }) => name))
  const lines: Line[] = [
    ...Object.entries(models.assignments).map(([model, names]): Line => [['models', 'assignments', model], names]),
    ...models.keepWarm.map(({ upstreams: names }, index): Line => [['models', 'keep_warm', index], names ?? []]),
    ...Object.keys(models.desired).map((name): Line => [['models', 'desired', name], [name]]),
  ]
  return lines.flatMap(([path, names]) => {
    if (names.length === 0 || !names.every((name) => disabled.has(name))) return []
    return [`${dotted(path)} names only ${names.join(', ')}, which ${names.length === 1 ? 'is' : 'are'} not enabled`]
  })
}

type Line = [path: SettingPath, names: readonly string[]]

function memoryWarnings({ models, upstreams, agents }: Settings): string[] {
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
