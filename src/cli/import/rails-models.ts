import { ConfigError } from '../../config/config-error.ts'
import { parseModelName } from '../../lib/model-name.ts'
import { parked, remark, setting, yamlText, type Line, type Remark } from './annotated-yaml.ts'
import { createTaker, isTree, textOf, truthOf, type Tree } from './foreign-tree.ts'
import { leftover, shown, tellRest } from './leftovers.ts'
import { findHost, type RailsHost } from './rails-hosts.ts'
import { toGigabytes } from './rails-upstreams.ts'

export interface RailsModels {
  /** What goes into `models`. */
  readonly lines: readonly Line[]
  readonly byUpstream: ReadonlyMap<string, readonly string[]>
  readonly cacheTtlSeconds: unknown
}

interface Assignment {
  readonly model: string
  readonly hosts: readonly RailsHost[]
}

const reasons = {
  default_memory_gb: 'limits of memory are not used by this version yet',
}

const alwaysCached = 'lists of models are always kept, for routing.model_ttl'

/** `model_config` of their file. Throws where an assignment names a server that the file does not have. */
export function readModelConfig(written: unknown, hosts: readonly RailsHost[]): RailsModels {
  const taker = createTaker(isTree(written) ? written : {})
  const { assignments, remarks } = readAssignments(taker.take('explicit_assignments'), hosts)
  const cacheTtlSeconds = taker.take('cache_ttl_seconds')
  const isCached = taker.take('cache_model_info')
  const byUpstream = new Map<string, string[]>()
  for (const { model, hosts } of assignments) {
    for (const { name } of hosts) byUpstream.set(name, [...(byUpstream.get(name) ?? []), model])
  }
  const lines: Line[] = [
    ...remarks,
    ...(assignments.length === 0 ? [] : [setting('assignments', { section: assignments.flatMap(assignmentLines) })]),
    ...overrideLines(taker.take('memory_overrides')),
    ...patternLines(taker.take('memory_patterns')),
    ...(truthOf(isCached) === false ? [leftover('model_config.cache_model_info', false, alwaysCached)] : []),
    ...tellRest(taker, 'model_config', reasons),
    ...(written === undefined || isTree(written) ? [] : [leftover('model_config', written)]),
  ]
  return { lines, byUpstream, cacheTtlSeconds }
}

function readAssignments(
  written: unknown,
  hosts: readonly RailsHost[],
): { readonly assignments: readonly Assignment[]; readonly remarks: readonly Remark[] } {
  if (written !== undefined && !isTree(written)) {
    return { assignments: [], remarks: [leftover('model_config.explicit_assignments', written)] }
  }
  const assignments: Assignment[] = []
  const remarks: Remark[] = []
  const unknown: string[] = []
  const seen = new Map<string, string>()
  for (const [model, target] of Object.entries(written ?? {})) {
    const place = `model_config.explicit_assignments.${JSON.stringify(model)}`
    const name = parseModelName(model)
    const before = name.kind === 'invalid' ? undefined : seen.get(name.canonical)
    const found = [target].flat().map((id: unknown) => ({ id, host: findHost(hosts, textOf(id)) }))
    for (const { id, host } of found) if (host === undefined) unknown.push(unknownServer(model, id, hosts))
    if (name.kind === 'invalid') {
      remarks.push(leftover(place, target, 'this is not the name of a model'))
    } else if (before === undefined) {
      seen.set(name.canonical, model)
      assignments.push({ model, hosts: [...new Set(found.flatMap(({ host }) => host ?? []))] })
    } else {
      remarks.push(leftover(place, target, `the same model as ${JSON.stringify(before)}, which is assigned already`))
    }
  }
  if (unknown.length > 0) throw new ConfigError(unknown)
  return { assignments, remarks }
}

function unknownServer(model: string, id: unknown, hosts: readonly RailsHost[]): string {
  const there = hosts.length === 0 ? 'there are none' : `there are ${hosts.map(({ ids }) => ids[0]).join(', ')}`
  const what = `model_config.explicit_assignments sends ${JSON.stringify(model)} to ${shown(id)}`
  return `${what}, which is neither a server nor an external host: ${there}`
}

function assignmentLines({ model, hosts }: Assignment): Line[] {
  const line = setting(
    model,
    hosts.map(({ name }) => name),
  )
  if (hosts.some(({ isOff }) => !isOff)) return [line]
  const isServer = hosts.some(({ kind }) => kind === 'server')
  const instead = isServer ? '; there another server answered in its place' : ''
  return [remark(`Nobody serves it while ${hosts[0]?.name ?? 'it'} is not enabled${instead}.`), line]
}

function overrideLines(written: unknown): Line[] {
  const place = 'model_config.memory_overrides'
  if (written === undefined) return []
  if (!isTree(written)) return [leftover(place, written)]
  const sizes = Object.entries(written).map(([model, value]) => [model, toGigabytes(value)] as const)
  const lines = sizes.flatMap(([model, size]) => (size === undefined ? [] : [`  ${yamlText(model)}: ${size}`]))
  const wrong = sizes.filter(([, size]) => size === undefined)
  return [
    ...(lines.length === 0 ? [] : [parked('memory:', 'memory_overrides', lines)]),
    ...wrong.map(([model]) => leftover(`${place}.${model}`, written[model], 'it should be a number of GB')),
  ]
}

function patternLines(written: unknown): Line[] {
  const place = 'model_config.memory_patterns'
  if (written === undefined) return []
  if (!Array.isArray(written)) return [leftover(place, written)]
  const lines = written.map((item: unknown) => (isTree(item) ? patternLine(item) : undefined))
  const read = lines.filter((line) => line !== undefined)
  const wrong = written.filter((_item, index) => lines[index] === undefined) as unknown[]
  return [
    ...(read.length === 0 ? [] : [parked('memory_patterns:', 'memory_patterns', read)]),
    ...wrong.map((item) => leftover(place, item, 'it should have a pattern and a memory_gb')),
  ]
}

function patternLine({ pattern, memory_gb, ...more }: Tree): string | undefined {
  const size = toGigabytes(memory_gb)
  if (typeof pattern !== 'string' || size === undefined || Object.keys(more).length > 0) return undefined
  return `  - {match: ${JSON.stringify(pattern)}, memory: ${size}}`
}
