import type { FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { seededRandom } from '../../fakes/seeded-random.ts'
import { type ExchangePlan, planExchange } from './exchange-plan.ts'
import { countsOf, shownStatus, slotsTaken } from './gateway-view.ts'
import { visit, type Visit } from './leaving-client.ts'
import { plannedRequest } from './planned-request.ts'
import type { StormyFleet } from './stormy-fleet.ts'

export interface StormOptions {
  readonly seed: number
  readonly exchanges: number
  readonly clients: number
  /** After so many exchanges something happens to the fleet, if what happened before is done. */
  readonly eventEvery: number
}

export interface StormReport {
  /** How exchanges ended, as their clients saw it, and what happened meanwhile: how often each. */
  readonly tally: Readonly<Record<string, number>>
  /** What must not be, in words. */
  readonly wrong: readonly string[]
}

/**
 * Exchanges with random endings, while upstreams come, go and change. Every exchange is what its number and the seed
 * make of it; which of them meet where is up to the machine.
 */
export async function storm(fleet: StormyFleet, options: StormOptions): Promise<StormReport> {
  const { seed, exchanges, clients, eventEvery } = options
  const tally: Record<string, number> = {}
  const wrong: string[] = []
  const count = (what: string): void => void (tally[what] = (tally[what] ?? 0) + 1)
  const random = seededRandom(seed)
  let begun = 0
  let ended = 0
  let isHappening = false
  let happening: Promise<void> | undefined

  const client = async (): Promise<void> => {
    while (begun < exchanges) {
      const number = (begun += 1)
      const plan = planExchange(seededRandom(seed + number * 7919))
      const { seen, wasHit } = await carryOut(fleet, plan)
      count(`${seen.ending} ${seen.status}${seen.code === undefined ? '' : ` ${seen.code}`}`)
      if (seen.ending === 'left') count(`left: ${plan.departure.leaving.when}`)
      if (wasHit) count(`fault: ${plan.fault?.kind}`)
      const problem = problemWith(seen)
      if (problem !== undefined) wrong.push(`exchange ${number}: ${problem} ${JSON.stringify({ plan, seen })}`)
      ended += 1
      if (ended % eventEvery === 0 && !isHappening) happening = happen()
    }
  }
  const happen = async (): Promise<void> => {
    const { name, act } = EVENTS[Math.floor(random() * EVENTS.length)] ?? EVENTS[0]
    isHappening = true
    try {
      await act(fleet)
      wrong.push(...(await miscounts(fleet)))
    } catch (error) {
      wrong.push(`event ${name}: ${String(error)}`)
    }
    count(`event: ${name}`)
    isHappening = false
  }
  await Promise.all(Array.from({ length: clients }, client))
  await happening
  return { tally, wrong }
}

async function carryOut(
  { gateway, fakes, keys }: StormyFleet,
  plan: ExchangePlan,
): Promise<{ readonly seen: Visit; readonly wasHit: boolean }> {
  const key = chosen(keys, plan.key)
  const { faults } = chosen(Object.values(fakes), plan.place)
  // It may hit another one that is there at the same time; what it does not hit goes with its own exchange.
  const disarm = plan.fault === undefined ? undefined : faults.add(plan.fault)
  const seen = await visit(gateway.port, plannedRequest(plan, key), plan.departure)
  const wasHit = plan.fault !== undefined && !faults.rules().includes(plan.fault)
  disarm?.()
  return { seen, wasHit }
}

function chosen<T>(values: readonly T[], at: number): T {
  const value = values[Math.floor(at * values.length)]
  if (value === undefined) throw new Error('nothing to choose from')
  return value
}

/** Statuses that these requests may get, from the fakes or from the gateway. */
const STATUSES: ReadonlySet<number> = new Set([200, 201, 500, 502, 503, 504])

function problemWith({ ending, status }: Visit): string | undefined {
  if (ending === 'hung') return 'has no end'
  if (ending === 'left' || status === 0) return undefined
  return STATUSES.has(status) ? undefined : `ended with ${status}`
}

/** `steady` stays the same upstream all the time: what it runs is at least what its slots run. */
async function miscounts({ gateway }: StormyFleet): Promise<string[]> {
  const status = await shownStatus(gateway)
  const steady = status.upstreams.find(({ name }) => name === 'steady')
  if (steady !== undefined && steady.running >= slotsTaken(steady)) return []
  return [`slots were returned that were not taken: ${countsOf(status)}`]
}

interface FleetEvent {
  readonly name: string
  act(fleet: StormyFleet): Promise<void>
}

const EVENTS: readonly [FleetEvent, ...FleetEvent[]] = [
  { name: 'removed', act: (fleet) => fleet.turn(null) },
  { name: 'as at first', act: (fleet) => fleet.turn({}) },
  { name: 'another server by the same name', act: (fleet) => fleet.turn({ headers: { 'x-other': 'yes' } }) },
  { name: 'one slot', act: (fleet) => fleet.turn({ slots: 1 }) },
  { name: 'three slots', act: (fleet) => fleet.turn({ slots: 3, priority: 0 }) },
  { name: 'little memory', act: (fleet) => fleet.turn({ memory: '5GB' }) },
  { name: 'second choice', act: (fleet) => fleet.turn({ priority: 2 }) },
  { name: 'disabled', act: (fleet) => fleet.turn({ enabled: false }) },
  { name: 'agent killed, ws', act: (fleet) => fleet.restartAgent('near') },
  { name: 'agent killed, sse', act: (fleet) => fleet.restartAgent('far') },
  { name: 'connections dropped', act: async ({ fakes }) => Object.values(fakes).forEach(dropAll) },
  { name: 'refuses for a while', act: ({ fakes }) => refuseForAWhile(fakes.turning) },
]

/** As the tally has them. */
export const EVENT_NAMES: readonly string[] = EVENTS.map(({ name }) => `event: ${name}`)

function dropAll(fake: FakeOllama): void {
  fake.dropConnections()
}

async function refuseForAWhile(fake: FakeOllama): Promise<void> {
  await fake.setDoor('refuse')
  await fake.setDoor('open')
}
