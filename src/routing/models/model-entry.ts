import { parseAnyModelName } from '../../lib/model-name.ts'

/** One model in an upstream's own list, as the upstream wrote it. */
export interface ModelEntry {
  readonly canonical: string
  /** It is a stub that runs on another host, whatever its name says. */
  readonly remote: boolean
  readonly digest: string | null
  /** All fields in the upstream's order. */
  readonly raw: Readonly<Record<string, unknown>>
}

export type ModelListKind = 'tags' | 'ps' | 'v1-models'

/** Lenient: entries that no request could name are left out. Undefined when it is no such list at all. */
export function parseModelEntries(kind: ModelListKind, value: unknown): ModelEntry[] | undefined {
  if (!isRecord(value)) return undefined
  const list = value[kind === 'v1-models' ? 'data' : 'models']
  // Ollama's /v1/models says null where there are none.
  if (list === null) return []
  if (!Array.isArray(list)) return undefined
  return list.flatMap((raw: unknown) => {
    if (!isRecord(raw)) return []
    const name = textOf(raw[kind === 'v1-models' ? 'id' : 'name']) ?? textOf(raw['model'])
    const parsed = parseAnyModelName(name ?? '')
    if (parsed.kind === 'invalid') return []
    const remote = textOf(raw['remote_host']) !== undefined
    return [{ canonical: parsed.canonical, remote, digest: textOf(raw['digest']) ?? null, raw }]
  })
}

export function indexEntries(entries: readonly ModelEntry[]): ReadonlyMap<string, ModelEntry> {
  const byName = new Map<string, ModelEntry>()
  for (const entry of entries) if (!byName.has(entry.canonical)) byName.set(entry.canonical, entry)
  return byName
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
