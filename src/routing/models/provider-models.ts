import { createHash } from 'node:crypto'
import { globMatcher, hasWildcard } from '../../lib/glob.ts'
import { type ModelEntry, type ModelListKind, indexEntries, parseModelEntries } from './model-entry.ts'

/** What routing is told of a provider. */
export interface ProviderView {
  /** Globs over the names it lists; a name without wildcard counts as listed. Null: all it lists. */
  readonly models: readonly string[] | null
}

/** The models a provider serves: what it lists, as far as it may, and what the config names in full. */
export function servedModels(view: ProviderView, list: unknown): ReadonlyMap<string, ModelEntry> {
  const listed = parseModelEntries('v1-models', list) ?? []
  const { models } = view
  if (models === null) return indexEntries(listed.map(asOpenai))
  const patterns = models.map(globMatcher)
  const allowed = listed.filter((entry) => patterns.some((fits) => fits(String(entry.raw['id']))))
  return indexEntries([...allowed.map(asOpenai), ...statedModels(view).values()])
}

/** What the config names without a wildcard needs no list. */
export function statedModels({ models }: ProviderView): ReadonlyMap<string, ModelEntry> {
  const names = (models ?? []).filter((name) => !hasWildcard(name))
  const entries = parseModelEntries('v1-models', { data: names.map((id) => ({ id })) }) ?? []
  return indexEntries(entries.map(asOpenai))
}

/** Providers tell nothing of what they have loaded. */
export function providerList(kind: ModelListKind, models: ReadonlyMap<string, ModelEntry>): readonly ModelEntry[] {
  if (kind === 'ps') return []
  const entries = [...models.values()]
  return kind === 'v1-models' ? entries : entries.map((entry) => ({ ...entry, raw: tagOf(entry.raw) }))
}

/** Anthropic's own list has `created_at` and no `object`. */
function asOpenai(entry: ModelEntry): ModelEntry {
  const { raw } = entry
  if (raw['object'] === 'model' && typeof raw['created'] === 'number') return entry
  const createdAt = typeof raw['created_at'] === 'string' ? Date.parse(raw['created_at']) : 0
  const created = Number.isFinite(createdAt) ? Math.floor(createdAt / 1000) : 0
  return { ...entry, raw: { id: raw['id'], object: 'model', created, owned_by: raw['owned_by'] ?? 'provider' } }
}

/** An entry of `/api/tags` with every field Ollama's clients read. Its CLI cuts the digest without looking. */
function tagOf(raw: ModelEntry['raw']): Readonly<Record<string, unknown>> {
  const id = String(raw['id'])
  const created = typeof raw['created'] === 'number' ? raw['created'] : 0
  return {
    name: id,
    model: id,
    modified_at: new Date(created * 1000).toISOString(),
    size: 0,
    digest: createHash('sha256').update(id).digest('hex'),
    details: { parent_model: '', format: '', family: '', families: null, parameter_size: '', quantization_level: '' },
  }
}
