import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { controlFrames, linkFrames } from './__fixtures__/frames.ts'
import { runs } from './__fixtures__/fuzz.ts'
import { readAll, type Seen } from './__fixtures__/read-all.ts'
import { encodeCredit, encodeLinkFrame, encodeStreamFrame, type Encoded } from './encode-frame.ts'
import type { LinkFrame, StreamFrame } from './frame.ts'
import { writeHeader } from './frame-layout.ts'

const ids = fc.integer({ min: 1, max: 0x7fff_ffff })

function bytesOf(encoded: Encoded): Uint8Array {
  if (!encoded.ok) throw new Error(encoded.reason)
  return encoded.bytes
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}

function dataFrame(id: number, bytes: Uint8Array, end: boolean): Uint8Array {
  const frame = new Uint8Array(9 + bytes.length)
  frame.set(bytes, writeHeader(frame, 0, { type: 6, flags: end ? 1 : 0, stream: id, length: bytes.length }))
  return frame
}

const page = readFileSync(join(import.meta.dirname, '../../../docs/protocol.md'), 'utf8').replaceAll(' ', '')

describe('golden bytes', () => {
  it('of the documentation are whole frames', () => {
    const examples = [...page.matchAll(/^([A-Z]+)([0-9a-f]{18,})$/gm)]
    expect(examples).toHaveLength(13)
    for (const [, , text = ''] of examples) {
      const { seen, problem } = readAll(fromHex(text))
      expect([seen.length, problem]).toEqual([1, undefined])
    }
  })

  const json = (text: string): string => hex(Buffer.from(text))

  it.each<[string, LinkFrame, string]>([
    [
      'HELLO',
      {
        type: 'hello',
        hello: {
          versions: [1],
          software: 'corral/1.0.0',
          agentId: 'desk',
          instance: 'i1',
          host: 'desk.local',
          pool: null,
          allow: ['inference'],
          maxStreams: 8,
          windows: { stream: 262_144, connection: 16_777_216 },
        },
      },
      `0000c4 01 00 00000000 ${json(
        '{"versions":[1],"software":"corral/1.0.0","agent_id":"desk","instance":"i1","host":"desk.local","pool":null,' +
          '"allow":["inference"],"max_streams":8,"windows":{"stream":262144,"connection":16777216}}',
      )}`,
    ],
    [
      'HELLO_ACK',
      {
        type: 'hello-ack',
        ack: {
          version: 1,
          sessionId: 's1',
          serverInstance: 'g1',
          software: 'corral/1.0.0',
          pool: 'default',
          models: ['*'],
          heartbeatMs: 15_000,
          windows: { stream: 262_144, connection: 16_777_216 },
        },
      },
      `0000b7 02 00 00000000 ${json(
        '{"version":1,"session_id":"s1","server_instance":"g1","software":"corral/1.0.0","pool":"default",' +
          '"models":["*"],"heartbeat_ms":15000,"windows":{"stream":262144,"connection":16777216}}',
      )}`,
    ],
    [
      'GOAWAY',
      { type: 'goaway', lastStream: 7, code: 1012, reconnectInMs: 2500, tryForMs: 60_000, reason: 'bye' },
      '000011 0b 00 00000000 00000007 03f4 000009c4 0000ea60 627965',
    ],
    [
      'STATUS',
      {
        type: 'status',
        status: { version: 3, running: 1, draining: false, ollama: { reachable: true, version: '0.6.4' }, models: 2 },
      },
      `000063 0c 00 00000000 ${json(
        '{"version":3,"running":1,"draining":false,"ollama":{"reachable":true,"version":"0.6.4"},"models":2}',
      )}`,
    ],
    ['PING', { type: 'ping', opaque: fromHex('0000000000000001') }, '000008 0d 00 00000000 0000000000000001'],
    ['PONG', { type: 'pong', opaque: fromHex('0000000000000001') }, '000008 0e 00 00000000 0000000000000001'],
    ['ACK', { type: 'ack', seq: 258 }, '000004 0f 00 00000000 00000102'],
    [
      'EVENT',
      { type: 'event', level: 'warn', text: 'hot' },
      `00001d 90 00 00000000 ${json('{"level":"warn","text":"hot"}')}`,
    ],
  ])('%s', (_name, frame, golden) => {
    const bytes = bytesOf(encodeLinkFrame(frame))
    expect(hex(bytes)).toBe(golden.replaceAll(' ', ''))
    const isJson = bytes[9] === 0x7b
    if (frame.type !== 'event') expect(page).toContain(isJson ? Buffer.from(bytes.subarray(9)).toString() : hex(bytes))
    expect(readAll(bytes)).toEqual({ seen: [{ kind: 'link', frame }], problem: undefined })
  })

  it.each<[string, Exclude<StreamFrame, { type: 'data' }>, string]>([
    [
      'REQ',
      {
        type: 'request',
        request: { method: 'POST', target: '/api/chat', headers: ['Host', 'x'], length: 2, once: true },
        end: false,
      },
      '000037 03 00 00000001 05 073a6d6574686f64 04504f5354 053a70617468 092f6170692f63686174 073a6c656e677468 0132' +
        ' 053a6f6e6365 0131 04486f7374 0178',
    ],
    ['ACCEPT', { type: 'accept' }, '000001 04 00 00000001 00'],
    ['RES, INFO', { type: 'info', status: 103, headers: [] }, '000003 05 02 00000001 0067 00'],
    [
      'RES',
      { type: 'response', status: 200, headers: ['A', 'b', 'A', ''], end: true },
      '00000a 05 01 00000001 00c8 02 0141 0162 0141 00',
    ],
    ['TRAILERS', { type: 'trailers', headers: ['A', 'b'] }, '000005 07 01 00000001 01 0141 0162'],
    [
      'RST',
      { type: 'reset', code: 'REFUSED', retrySafe: true, reason: 'full' },
      '000007 09 00 00000001 0002 01 66756c6c',
    ],
    ['CANCELLED', { type: 'cancelled' }, '000000 0a 00 00000001'],
  ])('%s', (_name, frame, golden) => {
    const bytes = bytesOf(encodeStreamFrame(1, frame))
    expect(hex(bytes)).toBe(golden.replaceAll(' ', ''))
    expect(page).toContain(hex(bytes))
    expect(readAll(bytes)).toEqual({ seen: [{ kind: 'stream', id: 1, frame }], problem: undefined })
  })

  it('DATA', () => {
    const bytes = fromHex('000002 06 01 00000001 6869')
    const frame = { type: 'data', bytes: fromHex('6869'), end: true } as const
    expect(dataFrame(1, fromHex('6869'), true)).toEqual(bytes)
    expect(readAll(bytes)).toEqual({ seen: [{ kind: 'stream', id: 1, frame }], problem: undefined })
  })

  it('WINDOW', () => {
    const bytes = encodeCredit(1, 131_072)
    expect(hex(bytes)).toBe('00000408000000000100020000')
    expect(readAll(bytes)).toEqual({ seen: [{ kind: 'credit', id: 1, bytes: 131_072 }], problem: undefined })
  })
})

describe('the codec', () => {
  const frames = fc.oneof(
    linkFrames.map((frame) => ({ bytes: bytesOf(encodeLinkFrame(frame)), seen: { kind: 'link', frame } as Seen })),
    fc.tuple(ids, controlFrames).map(([id, frame]) => ({
      bytes: bytesOf(encodeStreamFrame(id, frame)),
      seen: { kind: 'stream', id, frame } as Seen,
    })),
    fc.tuple(ids, fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean()).map(([id, bytes, end]) => ({
      bytes: dataFrame(id, bytes, end),
      seen: { kind: 'stream', id, frame: { type: 'data', bytes, end } } as Seen,
    })),
    fc.tuple(fc.nat({ max: 0x7fff_ffff }), ids).map(([id, bytes]) => ({
      bytes: encodeCredit(id, bytes),
      seen: { kind: 'credit', id, bytes } as Seen,
    })),
  )
  const streams = fc.array(frames, { minLength: 1, maxLength: 8 })

  it('gives back what was put in', () => {
    fc.assert(
      fc.property(streams, (all) => {
        const bytes = new Uint8Array(Buffer.concat(all.map((each) => each.bytes)))
        expect(readAll(bytes)).toEqual({ seen: all.map((each) => each.seen), problem: undefined })
      }),
      runs(2_000),
    )
  })

  it('tells a cut from an end, and gives the frames before it', () => {
    fc.assert(
      fc.property(streams, fc.nat(), (all, place) => {
        const bytes = new Uint8Array(Buffer.concat(all.map((each) => each.bytes)))
        const cut = place % bytes.length
        let [whole, size] = [0, 0]
        for (const each of all) {
          if (size + each.bytes.length > cut) break
          size += each.bytes.length
          whole += 1
        }
        const { seen, problem } = readAll(bytes.subarray(0, cut))
        expect(seen).toEqual(all.slice(0, whole).map((each) => each.seen))
        expect(problem === undefined).toBe(size === cut)
      }),
      runs(2_000),
    )
  })

  it('survives every change of a byte, and every byte there is', () => {
    fc.assert(
      fc.property(streams, fc.nat(), fc.nat({ max: 255 }), (all, place, value) => {
        const bytes = new Uint8Array(Buffer.concat(all.map((each) => each.bytes)))
        bytes[place % bytes.length] = value
        wellFormed(readAll(bytes).seen)
      }),
      runs(3_000),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => wellFormed(readAll(bytes).seen)),
      runs(1_500),
    )
    fc.assert(
      fc.property(
        ids,
        fc.nat({ max: 255 }),
        fc.nat({ max: 3 }),
        fc.uint8Array({ maxLength: 80 }),
        (id, type, flags, rest) => {
          const frame = dataFrame(id, rest, false)
          frame[3] = type
          frame[4] = flags
          wellFormed(readAll(frame).seen)
        },
      ),
      runs(1_500),
    )
  })
})

/** Whatever was let in could be sent on: nothing that a line of HTTP/1 could not hold. */
function wellFormed(seen: readonly Seen[]): void {
  for (const each of seen) {
    if (each.kind === 'credit') expect(each.bytes).toBeGreaterThan(0)
    if (each.kind === 'stream' && each.frame.type !== 'data') bytesOf(encodeStreamFrame(each.id, each.frame))
    if (each.kind === 'link') bytesOf(encodeLinkFrame(each.frame))
  }
}

describe('wrong frames', () => {
  const long = 'a'.repeat(16 * 1024 + 1)

  it.each([
    ['an unknown type', '000000 10 00 00000001', /unknown type 16/],
    ['a frame over 64 KiB', '010001 06 00 00000001', /over 64 KiB/],
    ['a frame cut off', '000003 06 00 00000001 6869', /cut off/],
    ['a header cut off', '000003 06 00', /cut off/],
    ['the top bit of a stream id', '000001 06 00 80000001 00', /no stream/],
    ['the top bit of another stream id', '000001 04 00 80000001 00', /stream id/],
    ['DATA of stream 0', '000001 06 00 00000000 00', /no stream/],
    ['ACCEPT of stream 0', '000001 04 00 00000000 00', /no stream/],
    ['DATA of nothing', '000000 06 00 00000001', /without bytes/],
    ['DATA with other flags', '000001 06 02 00000001 00', /flags/],
    ['PING of a stream', '000008 0d 00 00000001 0000000000000001', /with a stream/],
    ['PING of four bytes', '000004 0d 00 00000000 00000001', /8 bytes/],
    ['WINDOW of nothing', '000004 08 00 00000001 00000000', /WINDOW/],
    ['WINDOW of too much', '000004 08 00 00000001 80000000', /WINDOW/],
    ['WINDOW of three bytes', '000003 08 00 00000001 000001', /WINDOW/],
    ['CANCELLED with bytes', '000001 0a 00 00000001 00', /CANCELLED/],
    ['TRAILERS without END', '000001 07 00 00000001 00', /trailers/],
    ['RES of status 99', '000003 05 00 00000001 0063 00', /status/],
    ['INFO of status 200', '000003 05 02 00000001 00c8 00', /status/],
    ['RES with END and INFO', '000003 05 03 00000001 0067 00', /flags/],
    ['RES cut off', '000002 05 00 00000001 00c8', /cut off/],
    ['a pseudo field in a response', '000007 05 00 00000001 00c8 01 023a61 00', /pseudo/],
    ['CR in a value', '000007 05 00 00000001 00c8 01 0141 010d', /character/],
    ['a name that is none', '000007 05 00 00000001 00c8 01 0120 0162', /name/],
    ['more fields than bytes', '000004 05 00 00000001 00c8 8002', /length/],
    ['too many fields', '000004 05 00 00000001 00c8 8102', /number/],
    ['a varint without end', '000006 05 00 00000001 00c8 80808000', /number/],
    ['a varint longer than need be', '000004 05 00 00000001 00c8 8000', /number/],
    ['bytes after the block', '000004 05 00 00000001 00c8 0000', /after/],
    ['REQ without a path', '00000e 03 00 00000001 01 073a6d6574686f64 04504f5354', /path/],
    ['ACK of two bytes', '000002 0f 00 00000000 0001', /ACK/],
    ['STATUS that is no JSON', '000001 0c 00 00000000 7b', /JSON/],
    ['GOAWAY cut off', '000004 0b 00 00000000 00000007', /GOAWAY/],
    ['RST cut off', '000002 09 00 00000001 0002', /reset/],
    ['RST with a long reason', `000104 09 00 00000001 000100 ${'61'.repeat(257)}`, /reset/],
  ])('%s', (_name, text, reason) => {
    const { seen, problem } = readAll(fromHex(text))
    expect(problem).toMatch(reason)
    expect(seen).toEqual([])
  })

  it('of types that may be ignored are skipped', () => {
    const bytes = fromHex('000002 91 ff 0000ffff 0102 000004 90 00 00000000 6e6f6e65 000000 0a 00 00000003')
    const { seen, problem } = readAll(bytes)
    expect(problem).toBeUndefined()
    expect(seen).toEqual([{ kind: 'stream', id: 3, frame: { type: 'cancelled' } }])
  })

  it('reads a reset of a code nobody knows as one of its own', () => {
    const { seen } = readAll(fromHex('000003 09 00 00000001 0fff 00'))
    expect(seen).toMatchObject([{ frame: { type: 'reset', code: 'INTERNAL' } }])
  })

  it.each<[string, StreamFrame & { type: 'response' | 'request' }, RegExp]>([
    ['a long value', { type: 'response', status: 200, headers: ['a', long], end: false }, /too long/],
    [
      'many fields',
      { type: 'response', status: 200, headers: Array.from({ length: 514 }, () => 'a'), end: false },
      /more than 256/,
    ],
    [
      'a head over 64 KiB',
      { type: 'response', status: 200, headers: Array.from({ length: 10 }, () => 'a'.repeat(16_000)), end: false },
      /over 64 KiB/,
    ],
    ['a status', { type: 'response', status: 42, headers: [], end: false }, /status/],
    ['a line break', { type: 'response', status: 200, headers: ['a', 'b\nc'], end: false }, /character/],
    [
      'a character of two bytes',
      { type: 'response', status: 200, headers: ['a', '\u{20ac}'], end: false },
      /character/,
    ],
    [
      'a path',
      { type: 'request', request: { method: 'GET', target: 'api', headers: [], length: null, once: false }, end: true },
      /path/,
    ],
    [
      'a pseudo field among the headers',
      {
        type: 'request',
        request: { method: 'GET', target: '/', headers: [':path', '/x'], length: null, once: false },
        end: true,
      },
      /pseudo/,
    ],
  ])('are not sent either: %s', (_name, frame, reason) => {
    const encoded = encodeStreamFrame(1, frame)
    expect(encoded.ok ? '' : encoded.reason).toMatch(reason)
  })

  it('clips a reason between characters', () => {
    const encoded = encodeStreamFrame(1, {
      type: 'reset',
      code: 'CANCEL',
      retrySafe: false,
      reason: '\u{20ac}'.repeat(100),
    })
    const { seen } = readAll(bytesOf(encoded))
    expect(seen).toMatchObject([{ frame: { reason: '\u{20ac}'.repeat(85) } }])
  })
})
