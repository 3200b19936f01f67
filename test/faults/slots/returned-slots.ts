import { expect } from 'vitest'
import { rawRequest } from '../../system/harness/raw-request.ts'
import { MODELS } from './exchange-plan.ts'
import { countsOf, isAtRest, shownStatus, slotsTaken, untilStatus } from './gateway-view.ts'
import { type Departure, visit } from './leaving-client.ts'
import type { PlaceName, StormyFleet } from './stormy-fleet.ts'

const STAYS: Departure = { leaving: { when: 'never' }, how: 'close' }
/** A breaker that opened often is tried again only after so long. */
const COOLED_OFF_MS = 45_000

/** After whatever there was: the fleet as it began, with every slot free. */
export async function expectAllReturned(fleet: StormyFleet): Promise<void> {
  for (const { faults } of Object.values(fleet.fakes)) faults.clear()
  await fleet.settle()
  await expectRest(fleet)
  await expectAnswers(fleet)
  await expectExactCounts(fleet)
}

/** Nothing runs and nothing waits any more, anywhere. */
async function expectRest({ gateway, fakes }: StormyFleet): Promise<void> {
  await untilStatus(gateway, isAtRest)
  for (const [name, fake] of Object.entries(fakes)) {
    // The gateway goes on asking after health: those questions come and go.
    await fake.counters.until(({ last }) => last.every(({ ending, target }) => ending !== 'running' || isOwn(target)))
    expect(fake.loaded().map(({ model, users }) => [name, model.name, users])).toEqual(
      fake.loaded().map(({ model }) => [name, model.name, 0]),
    )
  }
}

function isOwn(target: string): boolean {
  return target === '/api/version' || target === '/api/tags' || target === '/api/ps'
}

/** Every model answers on every upstream, and none of them waits for anybody. */
async function expectAnswers(fleet: StormyFleet): Promise<void> {
  const pairs = Object.keys(fleet.fakes).flatMap((upstream) => MODELS.map((model) => ({ upstream, model })))
  await Promise.all(pairs.map((pair) => expectAnswer(fleet, pair)))
}

interface Pair {
  readonly upstream: string
  readonly model: string
}

async function expectAnswer({ gateway }: StormyFleet, pair: Pair): Promise<void> {
  const deadline = performance.now() + COOLED_OFF_MS
  for (;;) {
    const seen = await visit(gateway.port, pinned(pair, gateway.adminKey), STAYS)
    if (seen.ending === 'whole' && seen.status === 200) return
    // It is kept away from what failed so often; a slot that is gone would be silence, and then `queue_timeout`.
    const isCooling = seen.status === 503 && seen.code === 'no_upstream' && performance.now() < deadline
    const counts = isCooling ? '' : countsOf(await shownStatus(gateway))
    expect({ ...pair, ...seen, isCooling }, counts).toMatchObject({ isCooling: true })
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function pinned({ upstream, model }: Pair, key: string): Buffer {
  const body = { model, prompt: 'again', options: { num_predict: 3 } }
  return rawRequest('/api/generate', { key, body, headers: { Connection: 'close', 'corral-upstream': upstream } })
}

/** One that is held at each upstream counts as one there, and as none once its client has left. */
async function expectExactCounts(fleet: StormyFleet): Promise<void> {
  const { gateway, fakes } = fleet
  const places = Object.keys(fakes) as PlaceName[]
  for (const place of places) fakes[place].faults.add({ kind: 'stall-mid-stream', afterChunks: 1, times: 1 })
  const told = new AbortController()
  const departure: Departure = { leaving: { when: 'told', signal: told.signal }, how: 'close' }
  const held = places.map((upstream) =>
    visit(gateway.port, pinned({ upstream, model: MODELS[0] }, gateway.adminKey), departure),
  )
  await untilStatus(gateway, ({ upstreams }) => upstreams.every((each) => each.running === 1 && slotsTaken(each) === 1))
  told.abort()
  expect(new Set((await Promise.all(held)).map(({ ending }) => ending))).toEqual(new Set(['left']))
  await expectRest(fleet)
}
