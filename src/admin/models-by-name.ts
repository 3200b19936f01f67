import type { FleetModels } from './model-schemas.ts'

export type FleetUpstream = FleetModels['upstreams'][number]

/** One model and the upstreams that have it, or should. */
export type FleetModel = FleetModels['models'][number]

type ModelPlace = FleetModel['upstreams'][number]

/** All models of the fleet by name, each with where it is. */
export function modelsOf(upstreams: readonly FleetUpstream[]): FleetModel[] {
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

export function byName(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}

function digestsOf(places: readonly ModelPlace[]): Set<string> {
  return new Set(places.flatMap(({ digest }) => digest ?? []))
}
