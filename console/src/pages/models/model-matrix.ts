import type { FleetModels } from '../../admin-types.ts'

export type UpstreamWithModels = FleetModels['upstreams'][number]
export type ModelOnUpstream = NonNullable<UpstreamWithModels['models']>[number]

export type Cell =
  | { readonly kind: 'has'; readonly model: ModelOnUpstream; readonly wanted: boolean; readonly odd: boolean }
  /** It should be there and is not. */
  | { readonly kind: 'lacks' }
  | { readonly kind: 'none' }
  /** Its list was never read. */
  | { readonly kind: 'unknown' }

export interface ModelRow {
  readonly name: string
  /** On the disk of the first that says; null: nobody does. */
  readonly size: number | null
  /** One for each upstream, in their order. */
  readonly cells: readonly Cell[]
  /** Not the same bits everywhere. */
  readonly differs: boolean
  readonly holders: number
  readonly loaded: number
  readonly missing: number
}

export interface ModelMatrix {
  readonly columns: readonly string[]
  readonly rows: readonly ModelRow[]
}

/** Which server has what: a row for each model that is anywhere, or should be. */
export function modelMatrix(upstreams: readonly UpstreamWithModels[]): ModelMatrix {
  const names = new Set(
    upstreams.flatMap(({ models, desired }) => [...(models ?? []).map(({ name }) => name), ...(desired ?? [])]),
  )
  const rows = [...names].toSorted(byName).map((name) => rowOf(name, upstreams))
  return { columns: upstreams.map(({ name }) => name), rows }
}

function rowOf(name: string, upstreams: readonly UpstreamWithModels[]): ModelRow {
  const found = upstreams.map(({ models }) => models?.find((model) => model.name === name))
  const digests = found.flatMap((model) => model?.digest ?? [])
  const usual = mostFrequent(digests)
  const differs = new Set(digests).size > 1
  const cells = upstreams.map(({ models, desired }, place): Cell => {
    const wanted = desired?.includes(name) ?? false
    const model = found[place]
    if (model !== undefined)
      return { kind: 'has', model, wanted, odd: differs && model.digest !== null && model.digest !== usual }
    if (models === null) return { kind: 'unknown' }
    return { kind: wanted ? 'lacks' : 'none' }
  })
  return {
    name,
    size: found.find((model) => model?.size != null)?.size ?? null,
    cells,
    differs,
    holders: found.filter((model) => model !== undefined).length,
    loaded: found.filter((model) => model?.loaded === true).length,
    missing: cells.filter(({ kind }) => kind === 'lacks').length,
  }
}

/** Without `sha256:`, as many characters as tell two apart. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12)
}

/** The first of those that most have. */
function mostFrequent(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0]
}

function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
