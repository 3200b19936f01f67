import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from './__fixtures__/fuzz.ts'
import { parseEvent, parseHello, parseHelloAck, parseStatus } from './greeting-codec.ts'

const hello = {
  versions: [2, 1],
  software: 'corral/1',
  agent_id: 'desk',
  instance: 'i',
  host: 'h',
  pool: null,
  allow: ['inference'],
  max_streams: 4,
  windows: { stream: 65_536, connection: 1_048_576 },
}

function toBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}

describe('parseHello', () => {
  it('ignores fields that it does not know, and takes a pool left out for none', () => {
    const { pool: _pool, ...rest } = hello
    const parsed = parseHello(toBytes({ ...rest, resume: { sid: 'x' } }))
    expect(parsed).toMatchObject({ ok: true, value: { agentId: 'desk', pool: null, maxStreams: 4 } })
    expect(parsed.ok && Object.keys(parsed.value)).not.toContain('resume')
  })

  it.each([
    ['agent_id', ''],
    ['agent_id', 7],
    ['host', 'x'.repeat(257)],
    ['versions', ['1']],
    ['versions', [1.5]],
    ['versions', 1],
    ['versions', Array.from({ length: 257 }, () => 1)],
    ['allow', [null]],
    ['pool', 1],
    ['max_streams', -1],
    ['max_streams', 2 ** 31],
    ['max_streams', '4'],
    ['windows', null],
    ['windows', []],
  ])('names a %s that is not fit: %j', (name, value) => {
    const parsed = parseHello(toBytes({ ...hello, [name]: value }))
    expect(parsed).toEqual({ ok: false, reason: expect.stringMatching(`the greeting has no fit "(${name}|stream)"`) })
  })

  it('refuses windows that hold less than one turn of data', () => {
    const parsed = parseHello(toBytes({ ...hello, windows: { stream: 16_383, connection: 1_000_000 } }))
    expect(parsed).toEqual({ ok: false, reason: 'the greeting has no fit "stream"' })
  })

  it('refuses what is no JSON object, no UTF-8, or over 64 KiB', () => {
    for (const bytes of [
      toBytes([]),
      toBytes(null),
      Buffer.from('{'),
      Buffer.from([0x7b, 0xff, 0x7d]),
      Buffer.alloc(0),
    ]) {
      expect(parseHello(bytes)).toEqual({ ok: false, reason: 'the greeting is no JSON object' })
    }
    expect(parseHello(Buffer.alloc(65_537))).toEqual({ ok: false, reason: 'the greeting is over 64 KiB' })
  })
})

it('whatever the JSON is, nothing throws and strings stay bounded', () => {
  const names = fc.constantFrom(...Object.keys(hello), 'version', 'ollama', 'models', 'level', 'text', '__proto__')
  const values = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(hello)))
  fc.assert(
    fc.property(fc.dictionary(names, values), (json) => {
      for (const parse of [parseHello, parseHelloAck, parseStatus, parseEvent]) {
        const parsed = parse(toBytes(json))
        if (!parsed.ok) expect(parsed.reason.length).toBeLessThan(100)
        else for (const value of Object.values(parsed.value)) expect(String(value).length).toBeLessThan(70_000)
      }
    }),
    runs(500),
  )
})
