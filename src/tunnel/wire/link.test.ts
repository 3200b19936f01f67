import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { createManualTime } from './__fixtures__/manual-time.ts'
import { readBatch, type Seen } from './__fixtures__/read-all.ts'
import { createTransportPair, type PairOptions } from './__fixtures__/transport-pair.ts'
import { encodeCredit, encodeLinkFrame, encodeStreamFrame, type Encoded } from './encode-frame.ts'
import type { LinkFrame, RequestHead, StreamFrame } from './frame.ts'
import { createLink, type Link, type LinkOptions, type LinkStream, type StreamReceiver } from './link.ts'

const head: RequestHead = { method: 'POST', target: '/api/chat', headers: ['X-A', '1'], length: null, once: false }
const request = { type: 'request', request: head, end: false } as const
const response = { type: 'response', status: 200, headers: ['A', 'b', 'A', 'c'], end: false } as const
const windows = { stream: 64 * 1024, connection: 256 * 1024 }
const heartbeatMs = 15_000

class Ear implements StreamReceiver {
  readonly frames: StreamFrame[] = []
  drains = 0
  stream: LinkStream | undefined
  fails = false

  frame(frame: StreamFrame): void {
    if (this.fails) throw new Error('a mistake')
    this.frames.push(frame)
  }

  drained(): void {
    this.drains += 1
  }

  get bytes(): number {
    return this.frames.reduce((sum, frame) => sum + (frame.type === 'data' ? frame.bytes.length : 0), 0)
  }

  get types(): string[] {
    return this.frames.map((frame) => frame.type)
  }
}

/** One link whose other end is the test. */
function createLone(role: LinkOptions['role'], granted = windows) {
  const time = createManualTime()
  const pair = createTransportPair(time)
  const closed: string[] = []
  const frames: LinkFrame[] = []
  const failures: unknown[] = []
  const ears = new Map<number, Ear>()
  const link: Link = createLink(
    pair[role],
    { role, windows: granted, heartbeatMs },
    {
      ...time,
      failed: (error) => void failures.push(error),
      frame: (frame) => void frames.push(frame),
      closed: (code, reason) => void closed.push(`${code} ${reason}`),
      opened(id, frame) {
        if (frame.request.target === '/nobody') return
        if (frame.request.target === '/mistake') throw new Error('a mistake')
        const ear = new Ear()
        ears.set(id, ear)
        ear.stream = link.stream(id, ear)
      },
    },
  )
  const other = pair[role === 'agent' ? 'gateway' : 'agent']
  const texts: string[] = []
  other.listen({
    batch: () => undefined,
    text: (text) => void texts.push(text),
    drained: () => undefined,
    closed: () => undefined,
  })
  link.grant(windows)
  let seq = 0
  const say = (...parts: (Encoded | Uint8Array)[]): void => {
    const number = new Uint8Array(4)
    new DataView(number.buffer).setUint32(0, (seq += 1))
    const bytes = parts.map((part) => (part instanceof Uint8Array ? part : bytesOf(part)))
    other.send(new Uint8Array(Buffer.concat([number, ...bytes])))
    time.settle()
  }
  const seen = (): Seen[] => pair.sent(role).flatMap((each) => (typeof each === 'string' ? [] : readBatch(each)))
  return { time, pair, link, other, closed, frames, failures, ears, texts, say, seen }
}

function bytesOf(encoded: Encoded): Uint8Array {
  if (!encoded.ok) throw new Error(encoded.reason)
  return encoded.bytes
}

function data(id: number, size: number, end = false): Uint8Array {
  const frame = new Uint8Array(9 + size)
  frame.set([size >>> 16, size >>> 8, size, 6, end ? 1 : 0, id >>> 24, id >>> 16, id >>> 8, id])
  return frame
}

function createPair(options: PairOptions = {}) {
  const time = createManualTime()
  const pair = createTransportPair(time, options)
  const closed: string[] = []
  const served = new Map<number, Ear>()
  const common = { ...time, frame: () => undefined }
  const gateway: Link = createLink(
    pair.gateway,
    { role: 'gateway', windows, heartbeatMs },
    { ...common, opened: () => undefined, closed: (code, reason) => void closed.push(`gateway ${code} ${reason}`) },
  )
  const agent: Link = createLink(
    pair.agent,
    { role: 'agent', windows, heartbeatMs },
    {
      ...common,
      opened(id, frame) {
        const ear = new Ear()
        ear.frame(frame)
        ear.stream = agent.stream(id, ear)
        served.set(id, ear)
      },
      closed: (code, reason) => void closed.push(`agent ${code} ${reason}`),
    },
  )
  gateway.grant(windows)
  agent.grant(windows)
  const ask = (id: number): { readonly asked: Ear; readonly answer: () => Ear } => {
    const asked = new Ear()
    asked.stream = gateway.stream(id, asked)
    asked.stream.send(request)
    return { asked, answer: () => served.get(id) ?? expect.fail('nobody was asked') }
  }
  return { time, pair, gateway, agent, closed, ask }
}

describe('two links', () => {
  it('carry a request and its answer, and end together', () => {
    const { time, gateway, closed, ask } = createPair()
    const { asked, answer } = ask(1)
    asked.stream?.data(Buffer.from('hello'), true)
    time.settle()
    expect(answer().frames).toEqual([request, { type: 'data', bytes: new Uint8Array(Buffer.from('hello')), end: true }])
    answer().stream?.send({ type: 'accept' })
    answer().stream?.send(response)
    answer().stream?.data(Buffer.from('wor'), false)
    answer().stream?.data(Buffer.from('ld'), false)
    answer().stream?.send({ type: 'trailers', headers: ['x', 'y'] })
    time.settle()
    expect(asked.types).toEqual(['accept', 'response', 'data', 'trailers'])
    expect(asked.frames[1]).toEqual(response)
    gateway.close(1000, 'bye')
    time.settle()
    expect(closed).toEqual(['gateway 1000 bye', 'agent 1000 bye'])
    expect(time.timers()).toBe(0)
  })

  it('put the frames of one turn into one batch', () => {
    const { time, pair, ask } = createPair()
    time.settle()
    const before = pair.sent('gateway').length
    for (let id = 1; id < 100; id += 2) ask(id).asked.stream?.data(Buffer.from('x'), true)
    time.settle()
    expect(pair.sent('gateway').length).toBe(before + 1)
  })

  it('stop at the window, tell the sender, and go on as bytes are taken', () => {
    const { time, ask } = createPair()
    const { asked, answer } = ask(1)
    time.settle()
    const stream = answer().stream
    stream?.send(response)
    expect(stream?.data(new Uint8Array(100_000), false)).toBe(true)
    expect(stream?.data(new Uint8Array(100_000), false)).toBe(false)
    time.settle()
    expect(asked.bytes).toBe(windows.stream)
    asked.stream?.taken(10_000)
    time.settle()
    expect(asked.bytes).toBe(windows.stream)
    asked.stream?.taken(10_000)
    time.settle()
    expect(asked.bytes).toBe(windows.stream + 20_000)
    expect(answer().drains).toBe(0)
    for (let i = 0; i < 4; i += 1) {
      asked.stream?.taken(Infinity)
      time.settle()
    }
    expect(asked.bytes).toBe(200_000)
    expect(answer().drains).toBe(1)
  })

  it('give neighbours of a stalled stream their turns, and reset that one alone after a minute', () => {
    const { time, ask } = createPair()
    const [slow, fast] = [ask(1), ask(3)]
    time.settle()
    for (const { answer } of [slow, fast]) {
      answer().stream?.send(response)
      answer().stream?.data(new Uint8Array(100_000), true)
    }
    for (let i = 0; i < 5; i += 1) {
      time.settle()
      fast.asked.stream?.taken(Infinity)
    }
    expect(fast.asked.frames.at(-1)).toMatchObject({ type: 'data', end: true })
    time.advance(60_000)
    expect(slow.asked.types).not.toContain('reset')
    time.advance(10_000)
    expect(slow.asked.frames.at(-1)).toMatchObject({ type: 'reset', code: 'STALLED' })
    expect(slow.answer().frames.at(-1)).toMatchObject({ type: 'reset', code: 'STALLED' })
    expect(fast.asked.types).not.toContain('reset')
  })

  it('let a reset overtake data that fills the line', () => {
    const { time, pair, ask } = createPair({ bytesPerMs: 10 })
    const { asked, answer } = ask(1)
    time.advance(100)
    answer().stream?.send(response)
    for (let i = 0; i < 10; i += 1) answer().stream?.data(new Uint8Array(50_000), false)
    time.advance(1)
    answer().stream?.send({ type: 'reset', code: 'UPSTREAM_RESET', retrySafe: false, reason: '' })
    time.advance(20_000)
    expect(asked.types.at(-1)).toBe('reset')
    expect(asked.bytes).toBe(windows.stream)
    expect(pair.sent('agent').length).toBeGreaterThan(0)
  })

  it('let the last word after a reset pass data that has no credit', () => {
    const { time, ask } = createPair()
    const { asked, answer } = ask(1)
    time.settle()
    answer().stream?.send(response)
    answer().stream?.data(new Uint8Array(100_000), false)
    time.settle()
    asked.stream?.send({ type: 'reset', code: 'CANCEL', retrySafe: false, reason: '' })
    time.settle()
    expect(answer().types.at(-1)).toBe('reset')
    answer().stream?.send({ type: 'cancelled' })
    answer().stream?.finish()
    time.settle()
    expect([asked.types.at(-1), asked.bytes]).toEqual(['cancelled', windows.stream])
  })

  it('let an answer that broke off come as far as it came, then the reset', () => {
    const { time, ask } = createPair()
    const { asked, answer } = ask(1)
    time.settle()
    answer().stream?.send(response)
    answer().stream?.data(new Uint8Array(100_000), false)
    answer().stream?.breakOff({ type: 'reset', code: 'UPSTREAM_RESET', retrySafe: false, reason: '' })
    answer().stream?.data(new Uint8Array(5), true)
    answer().stream?.finish()
    time.settle()
    expect([asked.types.at(-1), asked.bytes]).toEqual(['data', windows.stream])
    asked.stream?.taken(asked.bytes)
    time.settle()
    expect([asked.types.at(-1), asked.bytes]).toEqual(['reset', 100_000])
  })

  it('answer the reset of a finished stream whose end has not left', () => {
    const { time, ask } = createPair()
    const { asked, answer } = ask(1)
    time.settle()
    answer().stream?.send(response)
    answer().stream?.data(new Uint8Array(100_000), true)
    answer().stream?.finish()
    time.settle()
    asked.stream?.send({ type: 'reset', code: 'CANCEL', retrySafe: false, reason: '' })
    time.settle()
    expect(asked.types.at(-1)).toBe('cancelled')
  })
})

describe('a link', () => {
  it('acknowledges once a second, with what leaves anyway, and never an acknowledgement', () => {
    const { time, link, say, seen } = createLone('agent')
    const acks = (): number[] =>
      seen().flatMap((each) => (each.kind === 'link' && each.frame.type === 'ack' ? [each.frame.seq] : []))
    say(encodeStreamFrame(1, request))
    time.advance(999)
    expect(acks()).toEqual([])
    time.advance(1)
    expect(acks()).toEqual([1])
    say(data(1, 10))
    link.send({ type: 'event', level: 'info', text: 'x' })
    time.settle()
    expect(acks()).toEqual([1, 2])
    say(encodeLinkFrame({ type: 'ack', seq: 2 }))
    say(encodeLinkFrame({ type: 'pong', opaque: new Uint8Array(8) }))
    time.advance(5_000)
    expect(acks()).toEqual([1, 2])
    say(data(1, 40_000), data(1, 20_000))
    expect(acks()).toEqual([1, 2])
    say(data(1, 5_515))
    expect(acks()).toEqual([1, 2, 6])
  })

  it('measures the round trip', () => {
    const { time, gateway } = createPair({ delayMs: 20 })
    expect(gateway.roundTripMs).toBeNull()
    time.advance(100)
    expect(gateway.roundTripMs).toBe(40)
  })

  it('of an agent pings at every heartbeat, and is answered', () => {
    const { time, pair, closed } = createPair()
    time.advance(10 * heartbeatMs)
    expect(pair.sent('agent').filter((each) => each === 'ping')).toHaveLength(10)
    expect(pair.sent('gateway').filter((each) => each === 'pong')).toHaveLength(10)
    expect(closed).toEqual([])
  })

  it.each([
    ['agent', 2.7],
    ['gateway', 4],
  ] as const)('of the %s ends after %f silent heartbeats', (role, patience) => {
    const { time, link, say, closed } = createLone(role)
    time.advance(heartbeatMs)
    say(encodeLinkFrame({ type: 'pong', opaque: new Uint8Array(8) }))
    time.advance(heartbeatMs * patience - 1)
    expect(closed).toEqual([])
    expect(link.silentMs()).toBe(heartbeatMs * patience - 1)
    time.advance(1)
    expect(closed).toEqual(['4408 nothing was heard for too long'])
    expect(time.timers()).toBe(0)
  })

  it('takes another heartbeat', () => {
    const { time, link, closed, pair } = createLone('agent')
    link.setHeartbeat(1_000)
    time.advance(2_000)
    expect(pair.sent('agent').filter((each) => each === 'ping')).toHaveLength(2)
    time.advance(700)
    expect(closed).toHaveLength(1)
  })

  it('outlives the sleep of a laptop if bytes wait, and ends soon if none do', () => {
    for (const hasBytes of [true, false]) {
      const { time, other, closed } = createLone('agent')
      time.sleep(3_600_000)
      // What is due runs first, then the socket is read.
      time.advance(10)
      expect(closed).toEqual([])
      if (hasBytes) other.sendText('pong')
      time.advance(1_500)
      expect(closed).toHaveLength(hasBytes ? 0 : 1)
    }
  })

  it('tells its end at once, whatever the transport does', () => {
    const { time, pair, gateway, closed } = createPair()
    pair.blackHole()
    gateway.close(4408, 'gone')
    time.settle()
    expect(closed).toEqual(['gateway 4408 gone'])
    pair.cut()
    time.settle()
    expect(closed).toEqual(['gateway 4408 gone', 'agent 1006 the network is gone'])
  })

  it('sends what waits of the link before it ends', () => {
    const { link, time, seen } = createLone('gateway')
    link.send({ type: 'event', level: 'warn', text: 'last' })
    link.close(1012, 'over')
    link.send({ type: 'event', level: 'warn', text: 'too late' })
    time.settle()
    expect(
      seen().flatMap((each) => (each.kind === 'link' && each.frame.type === 'event' ? [each.frame.text] : [])),
    ).toEqual(['last'])
  })

  it.each<[string, LinkOptions['role'], (say: ReturnType<typeof createLone>) => void, RegExp]>([
    ['a batch that came twice', 'agent', ({ other }) => [1, 1].forEach((seq) => other.send(batch(seq))), /came twice/],
    ['a gap', 'agent', ({ other }) => other.send(batch(2)), /missing/],
    ['a batch of nothing', 'agent', ({ other }) => other.send(new Uint8Array([0, 0, 0, 1])), /without a whole frame/],
    ['a batch over 256 KiB', 'agent', ({ other }) => other.send(new Uint8Array(262_149)), /over 256/],
    ['a frame that is none', 'agent', ({ say }) => say(new Uint8Array(9).fill(0x11)), /64 KiB/],
    ['an even stream', 'agent', ({ say }) => say(encodeStreamFrame(2, request)), /may not be opened/],
    [
      'a stream used again',
      'agent',
      ({ say }) => [3, 3].forEach((id) => say(encodeStreamFrame(id, request))),
      /in use/,
    ],
    [
      'a stream id that goes back',
      'agent',
      ({ say }) => [3, 1].forEach((id) => say(encodeStreamFrame(id, request))),
      /may not/,
    ],
    ['a request of an agent', 'gateway', ({ say }) => say(encodeStreamFrame(2, request)), /may not be opened/],
    ['a stream that never was', 'agent', ({ say }) => say(data(1, 5)), /never opened/],
    [
      'an answer that was not asked for',
      'gateway',
      ({ say }) => say(encodeStreamFrame(1, { type: 'accept' })),
      /never/,
    ],
    ['an ACK of the future', 'agent', ({ say }) => say(encodeLinkFrame({ type: 'ack', seq: 99 })), /not sent/],
    ['a text', 'agent', ({ other }) => other.sendText('hello' as 'ping'), /no heartbeat/],
    [
      'a flood of texts',
      'gateway',
      ({ other }) => Array.from({ length: 200 }, () => other.sendText('ping')),
      /too many/,
    ],
    [
      'a flood of PING',
      'agent',
      ({ say }) =>
        say(...Array.from({ length: 200 }, () => encodeLinkFrame({ type: 'ping', opaque: new Uint8Array(8) }))),
      /too many/,
    ],
    [
      'credit beyond all measure',
      'agent',
      ({ say }) => say(encodeCredit(0, 0x7fff_ffff), encodeCredit(0, 0x7fff_ffff)),
      /more credit/,
    ],
    [
      'more than the connection grants',
      'agent',
      ({ say }) => {
        for (const id of [1, 3, 5, 7, 9]) say(encodeStreamFrame(id, request), data(id, 60_000))
      },
      /more data/,
    ],
  ])('is ended by %s', (_name, role, wrong, reason) => {
    const lone = createLone(role)
    wrong(lone)
    lone.time.settle()
    expect(lone.closed).toHaveLength(1)
    expect(lone.closed[0]).toMatch(/^4400 /)
    expect(lone.closed[0]).toMatch(reason)
  })

  it('ignores what comes late on a stream that was released', () => {
    const { ears, say, closed } = createLone('agent')
    say(encodeStreamFrame(1, request), data(1, 10))
    ears.get(1)?.stream?.release()
    say(
      data(1, 10),
      encodeCredit(1, 5),
      encodeStreamFrame(1, { type: 'reset', code: 'CANCEL', retrySafe: false, reason: '' }),
    )
    expect(closed).toEqual([])
    expect(ears.get(1)?.types).toEqual(['data'])
  })

  it.each<[string, (Encoded | Uint8Array)[], string]>([
    ['more data than it granted', [data(1, 60_000), data(1, 6_000)], 'FLOW'],
    ['data after the end', [data(1, 1, true), data(1, 1)], 'PROTOCOL'],
    ['an answer from the gateway', [encodeStreamFrame(1, response)], 'PROTOCOL'],
  ])('resets only the stream for %s', (_name, parts, code) => {
    const { ears, say, closed, seen } = createLone('agent')
    say(encodeStreamFrame(1, request), ...parts)
    const reset = { type: 'reset', code }
    expect(ears.get(1)?.frames.at(-1)).toMatchObject(reset)
    expect(seen()).toContainEqual(expect.objectContaining({ id: 1, frame: expect.objectContaining(reset) }))
    expect(closed).toEqual([])
  })

  it('survives receivers that throw, at the cost of their stream', () => {
    const { ears, say, closed, seen, failures } = createLone('agent')
    say(encodeStreamFrame(1, request))
    const ear = ears.get(1)
    if (ear !== undefined) ear.fails = true
    say(data(1, 10))
    const elsewhere = (target: string): Encoded =>
      encodeStreamFrame(target === '/mistake' ? 3 : 5, { ...request, request: { ...head, target } })
    say(elsewhere('/mistake'))
    say(elsewhere('/nobody'))
    expect(failures).toHaveLength(2)
    const resets = seen().flatMap((each) =>
      each.kind === 'stream' && each.frame.type === 'reset' ? [`${each.id} ${each.frame.code}`] : [],
    )
    expect(resets).toEqual(['1 INTERNAL', '3 REFUSED', '5 REFUSED'])
    expect(closed).toEqual([])
  })

  it('tells of a head that cannot be sent, and goes on', () => {
    const { time, link, seen, closed } = createLone('gateway')
    const ear = new Ear()
    const stream = link.stream(1, ear)
    stream.send({ ...request, request: { ...head, headers: ['a', 'x'.repeat(20_000)] } })
    stream.data(new Uint8Array(5), true)
    expect(ear.frames).toEqual([])
    time.settle()
    expect(ear.frames).toMatchObject([{ type: 'reset', code: 'TOO_LARGE' }])
    stream.send({ type: 'reset', code: 'CANCEL', retrySafe: false, reason: '' })
    stream.release()
    time.settle()
    expect(seen().filter((each) => each.kind === 'stream')).toEqual([])
    expect(closed).toEqual([])
  })

  it('lets the window of a fast stream grow, and not that of a slow one', () => {
    const grown = (gapMs: number): number => {
      const { time, ears, say, seen } = createLone('agent', { stream: 64 * 1024, connection: 1024 * 1024 })
      say(encodeLinkFrame({ type: 'pong', opaque: new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1]) }))
      say(encodeStreamFrame(1, request))
      for (let i = 0; i < 200; i += 1) {
        say(data(1, 16_384))
        ears.get(1)?.stream?.taken(16_384)
        time.advance(gapMs)
      }
      const credit = seen().reduce((sum, each) => sum + (each.kind === 'credit' && each.id === 1 ? each.bytes : 0), 0)
      return 64 * 1024 + credit - 200 * 16_384
    }
    expect(grown(0)).toBeGreaterThan(128 * 1024)
    expect(grown(0)).toBeLessThanOrEqual(256 * 1024)
    expect(grown(5)).toBeLessThanOrEqual(64 * 1024)
  })
})

function batch(seq: number): Uint8Array {
  return new Uint8Array([0, 0, 0, seq, 0, 0, 8, 0x0e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}
