import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from './__fixtures__/fuzz.ts'
import { createManualTime } from './__fixtures__/manual-time.ts'
import { readBatch } from './__fixtures__/read-all.ts'
import { createTransportPair } from './__fixtures__/transport-pair.ts'
import { readU32 } from './frame-layout.ts'
import type { StreamFrame } from './frame.ts'
import { createLink, type Link, type LinkStream } from './link.ts'

type Side = 'gateway' | 'agent'
const sides = ['gateway', 'agent'] as const
const STREAM = 40_000
const CONNECTION = 160_000
const windows = { stream: STREAM, connection: CONNECTION }

type Step =
  | { readonly do: 'open'; readonly end: boolean }
  | { readonly do: 'stall'; readonly side: Side }
  | { readonly do: 'resume'; readonly side: Side }
  | { readonly do: 'wait'; readonly ms: number }
  | PartyStep

type PartyStep =
  | { readonly do: 'data'; readonly side: Side; readonly pick: number; readonly size: number; readonly end: boolean }
  | { readonly do: 'take'; readonly side: Side; readonly pick: number; readonly size: number }
  | { readonly do: (typeof lastWords)[number]; readonly side: Side; readonly pick: number }

const lastWords = ['release', 'finish', 'reset', 'break-off', 'trailers'] as const
const side = fc.constantFrom(...sides)
const pick = fc.nat({ max: 7 })
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('open' as const), end: fc.boolean() }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('data' as const),
        side,
        pick,
        size: fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 60_000 })),
        end: fc.boolean(),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('take' as const), side, pick, size: fc.nat({ max: 50_000 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom(...lastWords),
        side,
        pick,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('stall' as const, 'resume' as const), side }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 40 }) }) },
  ),
  { maxLength: 60 },
)

/** The byte at a place of a stream: whatever is lost, doubled or moved shows. */
function byteAt(id: number, from: Side, place: number): number {
  return (place * 31 + (place >>> 8) * 17 + id * 7 + (from === 'agent' ? 101 : 0)) & 0xff
}

/** One end of one stream, and what it ought to hear. */
class Party {
  readonly id: number
  readonly side: Side
  stream: LinkStream | undefined
  peer: Party | undefined
  given = 0
  received = 0
  taken = 0
  hasResponse = false
  hasEnded = false
  heardEnd = false
  heardReset = false
  hasReset = false
  isGone = false
  /** Somebody broke it off: what was given need not arrive. */
  isBroken = false

  constructor(id: number, at: Side) {
    this.id = id
    this.side = at
  }

  get held(): number {
    return this.received - this.taken
  }

  frame(frame: StreamFrame): void {
    expect(this.isGone).toBe(false)
    if (frame.type === 'reset') {
      expect(['CANCEL', 'STALLED', 'UPSTREAM_RESET']).toContain(frame.code)
      this.heardReset = true
      // That of an answer that broke off comes after all that came of it.
      this.heardEnd ||= frame.code === 'UPSTREAM_RESET'
      if (frame.code === 'UPSTREAM_RESET') expect(this.received).toBe(this.peer?.given)
    }
    if (frame.type === 'trailers' || ('end' in frame && frame.end)) this.heardEnd = true
    if (frame.type !== 'data') return
    expect(this.heardReset).toBe(false)
    const from = this.side === 'agent' ? 'gateway' : 'agent'
    for (let i = 0; i < frame.bytes.length; i += 1) {
      if (frame.bytes[i] !== byteAt(this.id, from, this.received + i)) expect.fail(`wrong byte ${this.received + i}`)
    }
    this.received += frame.bytes.length
    expect(this.held).toBeLessThanOrEqual(STREAM)
  }

  drained(): void {}

  give(size: number, end: boolean): void {
    if (this.stream === undefined || this.hasEnded || this.isGone) return
    if (this.side === 'agent' && !this.hasResponse) {
      this.hasResponse = true
      this.stream.send({ type: 'response', status: 200, headers: [], end: false })
    }
    const bytes = Uint8Array.from({ length: size }, (_, i) => byteAt(this.id, this.side, this.given + i))
    if (size === 0 && !end) return
    this.stream.data(bytes, end)
    this.given += size
    this.hasEnded = end
  }

  take(size: number): void {
    const count = Math.min(size, this.held)
    if (count === 0 || this.isGone) return
    this.stream?.taken(count)
    this.taken += count
  }

  leave(how: 'release' | 'finish'): void {
    if (this.isGone || this.stream === undefined) return
    this.isGone = true
    this.stream[how]()
    if (how === 'release' || !this.hasEnded) this.isBroken = true
    // Nobody reads here any more.
    if (this.peer !== undefined) this.peer.isBroken = true
  }

  reset(): void {
    if (this.isGone || this.stream === undefined || this.hasReset) return
    this.hasReset = true
    this.isBroken = true
    this.hasEnded = true
    this.stream.send({ type: 'reset', code: 'CANCEL', retrySafe: false, reason: '' })
  }

  breakOff(): void {
    if (this.isGone || this.stream === undefined || this.hasReset || this.hasEnded) return
    this.hasReset = true
    this.hasEnded = true
    this.stream.breakOff({ type: 'reset', code: 'UPSTREAM_RESET', retrySafe: false, reason: '' })
  }

  trailers(): void {
    if (this.isGone || this.hasEnded || !this.hasResponse) return
    this.hasEnded = true
    this.stream?.send({ type: 'trailers', headers: ['a', 'b'] })
  }
}

function createWorld() {
  const time = createManualTime()
  const pair = createTransportPair(time, { delayMs: 3, bytesPerMs: 20_000 })
  const parties: Record<Side, Party[]> = { gateway: [], agent: [] }
  const closed: string[] = []
  const options = { windows, heartbeatMs: 15_000 }
  const common = {
    ...time,
    frame: () => undefined,
    closed: (_code: number, reason: string) => void closed.push(reason),
  }
  const failed = (error: unknown): never => {
    throw error
  }
  const gateway: Link = createLink(
    pair.gateway,
    { ...options, role: 'gateway' },
    { ...common, failed, opened: () => expect.fail('an agent opened a stream') },
  )
  const agent: Link = createLink(
    pair.agent,
    { ...options, role: 'agent' },
    {
      ...common,
      failed,
      opened(id, frame) {
        const party = new Party(id, 'agent')
        const peer = parties.gateway[(id - 1) / 2]
        party.peer = peer
        if (peer !== undefined) peer.peer = party
        if (peer === undefined || peer.isGone) party.isBroken = true
        party.heardEnd = frame.end
        party.stream = agent.stream(id, party)
        parties.agent.push(party)
      },
    },
  )
  gateway.grant(windows)
  agent.grant(windows)
  const open = (end: boolean): Party => {
    const party = new Party(parties.gateway.length * 2 + 1, 'gateway')
    parties.gateway.push(party)
    party.stream = gateway.stream(party.id, party)
    const request = { method: 'POST', target: '/', headers: [], length: null, once: false }
    party.stream.send({ type: 'request', request, end })
    party.hasEnded = end
    return party
  }
  return { time, pair, parties, closed, open }
}

type World = ReturnType<typeof createWorld>

function run(world: World, step: Step): void {
  if (step.do === 'open') return void world.open(step.end)
  if (step.do === 'wait') return world.time.advance(step.ms)
  if (step.do === 'stall' || step.do === 'resume') return world.pair[step.do](step.side)
  runAt(world, step)
}

function runAt(world: World, step: PartyStep): void {
  const all = world.parties[step.side]
  const party = all[step.pick % Math.max(1, all.length)]
  if (party === undefined) return
  if (step.do === 'data') party.give(step.size, step.end)
  else if (step.do === 'take') party.take(step.size)
  else if (step.do === 'reset') party.reset()
  else if (step.do === 'break-off') party.breakOff()
  else if (step.do === 'trailers') party.trailers()
  else party.leave(step.do)
}

function everybody(world: World): Party[] {
  return sides.flatMap((each) => world.parties[each])
}

/** Consumers take all there is until nothing comes any more. */
function drain(world: World): void {
  for (const each of sides) world.pair.resume(each)
  for (let [quiet, turns] = [0, 0]; quiet < 3; quiet += 1) {
    expect((turns += 1)).toBeLessThan(1_000)
    world.time.advance(50)
    for (const party of everybody(world)) {
      if (party.held > 0 && !party.isGone) quiet = 0
      party.take(Infinity)
    }
  }
}

function seenBatches(world: World, from: Side) {
  return world.pair.sent(from).filter((each) => typeof each !== 'string')
}

function creditOfConnection(world: World, from: Side): number {
  let credit = 0
  for (const batch of seenBatches(world, from)) {
    for (const seen of readBatch(batch)) if (seen.kind === 'credit' && seen.id === 0) credit += seen.bytes
  }
  return credit
}

function dataSent(world: World, from: Side): number {
  let bytes = 0
  for (const batch of seenBatches(world, from)) {
    for (const seen of readBatch(batch)) {
      if (seen.kind === 'stream' && seen.frame.type === 'data') bytes += seen.frame.bytes.length
    }
  }
  return bytes
}

/** When credit of the connection is given back, all of it is: at that moment it equals what was ever sent. */
function expectWholeConnection(world: World, from: Side): void {
  const to = from === 'gateway' ? 'agent' : 'gateway'
  const before = creditOfConnection(world, to)
  const asked = world.open(false)
  world.time.advance(20)
  const sender = from === 'gateway' ? asked : world.parties.agent.at(-1)
  const receiver = sender?.peer
  for (let tries = 0; tries < 20; tries += 1) {
    sender?.give(8_000, false)
    world.time.advance(20)
    receiver?.take(Infinity)
    world.time.advance(20)
    if (creditOfConnection(world, to) > before) break
  }
  expect(creditOfConnection(world, to)).toBe(dataSent(world, from))
}

function expectGoodBatches(world: World, from: Side): void {
  seenBatches(world, from).forEach((batch, index) => {
    expect(readU32(batch, 0)).toBe(index + 1)
    expect(batch.length).toBeLessThanOrEqual(4 + 256 * 1024)
    const seen = readBatch(batch)
    const firstOfStreams = seen.findIndex((each) => each.kind === 'stream')
    const firstData = seen.findIndex((each) => each.kind === 'stream' && each.frame.type === 'data')
    seen.forEach((each, at) => {
      if (each.kind !== 'stream' && firstOfStreams !== -1) expect(at).toBeLessThan(firstOfStreams)
      if (each.kind !== 'stream' || firstData === -1) return
      const { frame } = each
      // Nothing else waits for data.
      const waits = frame.type === 'trailers' || (frame.type === 'reset' && frame.code === 'UPSTREAM_RESET')
      if (frame.type !== 'data' && !waits) expect(at).toBeLessThan(firstData)
    })
  })
}

describe('two links under any interleaving', () => {
  it('lose, double and move no byte, keep to the windows, and end with whole credit', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const world = createWorld()
        for (const step of all) {
          run(world, step)
          for (const each of sides) {
            const held = world.parties[each].reduce((sum, party) => sum + (party.isGone ? 0 : party.held), 0)
            expect(held).toBeLessThanOrEqual(CONNECTION)
          }
        }
        drain(world)
        for (const party of everybody(world)) {
          const { peer } = party
          if (peer === undefined || party.isBroken || peer.isBroken || party.heardReset) continue
          expect(peer.received).toBe(party.given)
          expect(peer.heardEnd).toBe(party.hasEnded)
        }
        for (const party of everybody(world)) party.leave('release')
        world.time.advance(100)
        for (const each of sides) {
          expectWholeConnection(world, each)
          expectGoodBatches(world, each)
        }
        expect(world.closed).toEqual([])
      }),
      runs(100),
    )
  })
})
