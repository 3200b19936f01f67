import { holds } from './fleet.ts'
import type { CreatePolicy, World } from './policy.ts'
import { pickOne } from './random.ts'
import type { SimulatedOllama } from './simulated-ollama.ts'

/** Policies that send each request when it arrives, and leave the waiting to the server. */

export const atRandom: CreatePolicy = (world) => sentTo(world, (model) => pickOne(holders(world, model), world.random))

export const leastConnections: CreatePolicy = (world) =>
  sentTo(world, (model) => leastBusy(holders(world, model), world))

export const loadedFirst: CreatePolicy = (world) =>
  sentTo(world, (model) => {
    const all = holders(world, model)
    const loaded = all.filter((server) => server.has(model))
    return leastBusy(loaded.length > 0 ? loaded : all, world)
  })

/** Each model has its servers, chosen by somebody who knows the load. */
export const staticPlacement: CreatePolicy = (world) =>
  sentTo(world, (model) => {
    const placed = world.servers.filter(({ spec }) => world.fleet.placement[spec.name]?.includes(model))
    return leastBusy(placed, world)
  })

function sentTo(world: World, choose: (model: string) => SimulatedOllama): ReturnType<CreatePolicy> {
  return { arrived: (request) => world.send(request, choose(request.model)) }
}

function holders(world: World, model: string): readonly SimulatedOllama[] {
  const wanted = world.fleet.models.find((candidate) => candidate.name === model)
  return wanted === undefined ? [] : world.servers.filter(({ spec }) => holds(spec, wanted))
}

function leastBusy(servers: readonly SimulatedOllama[], { random }: World): SimulatedOllama {
  const fewest = Math.min(...servers.map((server) => server.inFlight))
  return pickOne(
    servers.filter((server) => server.inFlight === fewest),
    random,
  )
}
