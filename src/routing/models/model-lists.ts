import { parseAnyModelName } from '../../lib/model-name.ts'
import type { ModelEntry, ModelListKind } from './model-entry.ts'
import type { ModelAlias } from './model-names.ts'

/** What a caller may see. */
export interface ListView {
  /** `remote`: a stub that runs on another host. */
  visible(canonical: string, remote: boolean): boolean
}

export interface MergeOptions {
  readonly view: ListView
  readonly aliases: readonly ModelAlias[]
}

type RawEntry = Readonly<Record<string, unknown>>

/**
 * One list of several, the most preferred upstream's first. Entries stay the upstream's own objects; a model that
 * several have is listed once. Ordered as Ollama does: newest first, in `ps` the one that stays longest.
 */
export function mergeModelLists(
  kind: ModelListKind,
  lists: readonly (readonly ModelEntry[])[],
  { view, aliases }: MergeOptions,
): RawEntry[] {
  const entries = mergeEntries(lists).filter((entry) => view.visible(entry.canonical, entry.remote))
  // What is loaded is the target; an alias beside it would count its memory twice.
  const named = kind === 'ps' ? entries : withAliases(kind, entries, aliases)
  const times = new Map(named.map((entry) => [entry, timeOf(kind, entry.raw)]))
  return named.toSorted((a, b) => (times.get(b) ?? 0) - (times.get(a) ?? 0)).map((entry) => entry.raw)
}

/** The list as Ollama frames it. `data` is never null, unlike Ollama's: its SDKs iterate over it. */
export function modelListBody(kind: ModelListKind, entries: readonly RawEntry[]): string {
  return kind === 'v1-models'
    ? `${JSON.stringify({ object: 'list', data: entries })}\n`
    : JSON.stringify({ models: entries })
}

/** The entry behind `GET /v1/models/NAME`, under the name that was asked for, as Ollama answers. */
export function findV1Model(entries: readonly RawEntry[], name: string): RawEntry | undefined {
  const wanted = canonicalOf(name)
  const entry = wanted === undefined ? undefined : entries.find((each) => canonicalOf(each['id']) === wanted)
  return entry === undefined ? undefined : { ...entry, id: name }
}

function mergeEntries(lists: readonly (readonly ModelEntry[])[]): ModelEntry[] {
  const byName = new Map<string, ModelEntry>()
  for (const entry of lists.flat()) if (!byName.has(entry.canonical)) byName.set(entry.canonical, entry)
  return [...byName.values()]
}

/** An alias hides a model of its own name, because requests for that name get the target. */
function withAliases(
  kind: ModelListKind,
  entries: readonly ModelEntry[],
  aliases: readonly ModelAlias[],
): ModelEntry[] {
  const hidden = new Set(aliases.map((alias) => alias.canonical))
  const listed = new Map(entries.map((entry) => [entry.canonical, entry]))
  const copies = aliases.flatMap((alias): ModelEntry[] => {
    const target = listed.get(alias.target.canonical)
    return target === undefined
      ? []
      : [{ ...target, canonical: alias.canonical, raw: renamed(kind, target.raw, alias.name) }]
  })
  return [...entries.filter((entry) => !hidden.has(entry.canonical)), ...copies]
}

function renamed(kind: ModelListKind, raw: RawEntry, name: string): RawEntry {
  return kind === 'v1-models' ? { ...raw, id: name } : { ...raw, name, model: name }
}

function timeOf(kind: ModelListKind, raw: RawEntry): number {
  if (kind === 'v1-models') return typeof raw['created'] === 'number' ? raw['created'] : 0
  const text = raw[kind === 'ps' ? 'expires_at' : 'modified_at']
  return (typeof text === 'string' && Date.parse(text)) || 0
}

function canonicalOf(name: unknown): string | undefined {
  const parsed = parseAnyModelName(typeof name === 'string' ? name : '')
  return parsed.kind === 'invalid' ? undefined : parsed.canonical
}
