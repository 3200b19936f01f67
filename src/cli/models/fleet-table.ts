import type { FleetModels } from '../../admin/model-schemas.ts'
import { bytesText } from '../status/amounts.ts'
import { byName } from './sync-plan.ts'

type Upstream = FleetModels['upstreams'][number]

/** One model and the upstreams that have it, or should. */
export interface FleetModel {
  readonly name: string
  /** Under this one name there are different files: some are older than others. */
  readonly differs: boolean
  readonly upstreams: readonly ModelPlace[]
}

export interface ModelPlace {
  readonly name: string
  /** `missing`: it is desired there and is not there. */
  readonly state: 'there' | 'loaded' | 'missing'
  readonly size: number | null
  readonly digest: string | null
}

/** All models of the fleet by name, each with where it is. */
export function modelsOf(upstreams: readonly Upstream[]): FleetModel[] {
  const places = new Map<string, ModelPlace[]>()
  const add = (model: string, place: ModelPlace): void => {
    places.set(model, [...(places.get(model) ?? []), place])
  }
  for (const upstream of upstreams) {
    const there = upstream.models
    for (const { name, size, digest, loaded } of there ?? []) {
      add(name, { name: upstream.name, state: loaded ? 'loaded' : 'there', size, digest })
    }
    for (const name of upstream.desired ?? []) {
      if (there?.some((model) => model.name === name) !== false) continue
      add(name, { name: upstream.name, state: 'missing', size: null, digest: null })
    }
  }
  return [...places]
    .map(([name, at]) => ({ name, differs: digestsOf(at).size > 1, upstreams: at }))
    .toSorted((one, other) => byName(one.name, other.name))
}

/** The rows of a table, the heading first: a column per upstream, or one for all where that is too wide. */
export function fleetTable(models: readonly FleetModel[], width: number): string[][] {
  const names = [...new Set(models.flatMap(({ upstreams }) => upstreams.map(({ name }) => name)))].toSorted(byName)
  const wide = [
    ['MODEL', 'SIZE', ...names],
    ...models.map((model) => [model.name, sizeText(model), ...names.map((name) => cellOf(model, name))]),
  ]
  if (widthOf(wide) <= width) return wide
  return [['MODEL', 'SIZE', 'ON'], ...models.map((model) => [model.name, sizeText(model), placesText(model)])]
}

function placesText(model: FleetModel): string {
  const texts = model.upstreams.map((place) => {
    const cell = cellOf(model, place.name)
    return cell === 'yes' ? place.name : `${place.name} (${cell})`
  })
  return texts.join(', ')
}

function cellOf(model: FleetModel, upstream: string): string {
  const place = model.upstreams.find(({ name }) => name === upstream)
  if (place === undefined) return '-'
  if (place.state === 'missing') return 'missing'
  const word = place.state === 'loaded' ? 'loaded' : 'yes'
  return model.differs ? `${word} ${shortDigest(place.digest)}` : word
}

/** Where they differ, the largest: what a server needs room for. */
function sizeText({ upstreams }: FleetModel): string {
  const sizes = upstreams.flatMap(({ size }) => size ?? [])
  return sizes.length === 0 ? '-' : bytesText(Math.max(...sizes))
}

function shortDigest(digest: string | null): string {
  const plain = (digest ?? '').replace(/^sha256:/, '').replaceAll(/[^\w-]/g, '')
  return plain === '' ? '?' : plain.slice(0, 12)
}

function digestsOf(places: readonly ModelPlace[]): Set<string> {
  return new Set(places.flatMap(({ digest }) => digest ?? []))
}

function widthOf(rows: readonly (readonly string[])[]): number {
  const columns = rows[0]?.map((_, index) => Math.max(...rows.map((row) => (row[index] ?? '').length))) ?? []
  return columns.reduce((sum, column) => sum + column + 2, -2)
}
