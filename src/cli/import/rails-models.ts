import { ConfigError } from '../../config/config-error.ts'
import { parseModelName, type ModelName } from '../../lib/model-name.ts'
import { patternProblem } from '../../lib/pattern.ts'
import { remark, setting, type Line, type Remark, type Section } from './annotated-yaml.ts'
import { createTaker, isTree, textOf, truthOf } from './foreign-tree.ts'
import { leftover, shown, tellRest } from './leftovers.ts'
import { findHost, type RailsHost } from './rails-hosts.ts'
import { notGigabytes, toGigabytes } from './rails-upstreams.ts'

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
  default_memory_gb: 'of a model that nothing tells the size of, Corral estimates it from its name',
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
  const told: Remark[] = []
  const lines: Line[] = []
  const seen = new Set<string>()
  for (const [model, value] of Object.entries(written)) {
    const size = toGigabytes(value)
    const name = parseModelName(model)
    const problem = overrideProblem({ name, size, seen })
    if (name.kind !== 'invalid') seen.add(name.canonical)
    if (problem === undefined && size !== undefined) lines.push(setting(model, size))
    else told.push(leftover(`${place}.${JSON.stringify(model)}`, value, problem))
  }
  return [...told, ...(lines.length === 0 ? [] : [remark(overridesCount), setting('memory', { section: lines })])]
}

const overridesCount = 'They count for a model whose size no server tells; there they went before its size.'

interface Override {
  readonly name: ModelName
  readonly size: string | undefined
  readonly seen: ReadonlySet<string>
}

function overrideProblem({ name, size, seen }: Override): string | undefined {
  if (name.kind === 'invalid') return 'this is not the name of a model'
  if (seen.has(name.canonical)) return 'its memory is said already'
  return size === undefined ? notGigabytes : undefined
}

function patternLines(written: unknown): Line[] {
  const place = 'model_config.memory_patterns'
  if (written === undefined) return []
  if (!Array.isArray(written)) return [leftover(place, written)]
  const told: Remark[] = []
  const items: Section[] = []
  for (const item of written as unknown[]) {
    const read = patternItem(item)
    if (typeof read === 'string') told.push(leftover(place, item, read))
    else items.push(read)
  }
  return [...told, ...(items.length === 0 ? [] : [setting('memory_patterns', { items })])]
}

/** One item of `models.memory_patterns`, or why it is none. */
function patternItem(item: unknown): Section | string {
  const { pattern, memory_gb, ...more } = isTree(item) ? item : {}
  const size = toGigabytes(memory_gb)
  if (typeof pattern !== 'string' || size === undefined || Object.keys(more).length > 0)
    return 'it should have a pattern and a memory_gb'
  const problem = patternProblem(pattern)
  return problem === undefined ? [setting('match', pattern), setting('memory', size)] : `the pattern ${problem}`
}
