import { byName, type FleetModel } from '../../admin/models-by-name.ts'
import { bytesText } from '../status/amounts.ts'

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

function widthOf(rows: readonly (readonly string[])[]): number {
  const columns = rows[0]?.map((_, index) => Math.max(...rows.map((row) => (row[index] ?? '').length))) ?? []
  return columns.reduce((sum, column) => sum + column + 2, -2)
}
