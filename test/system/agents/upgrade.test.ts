import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAgentKey } from '../harness/start-agent.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import {
  batchOf,
  bearer,
  enter,
  frame,
  goodbye,
  greeting,
  HANDSHAKE,
  heardFrames,
  knock,
  opcodes,
  ping,
} from './raw-agent.ts'

let gateway: RunningGateway
let key: string

beforeAll(async () => {
  gateway = await startGateway({ config: { cors: { origins: ['*'] }, agents: { heartbeat: '60s' } } })
  key = await createAgentKey(gateway)
})
afterAll(() => gateway[Symbol.asyncDispose]())

function without(field: string): string[] {
  return HANDSHAKE.filter((line) => !line.startsWith(field))
}

async function refusal(fields: readonly string[], path = '/agent/v1'): Promise<string> {
  using raw = await knock(gateway, [...fields, bearer(key)], { path })
  const { text } = await raw.closed()
  expect(text).toContain('content-type: application/json')
  expect(text).toContain('x-content-type-options: nosniff')
  return `${text.slice(9, 12)} ${(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as { error: string }).error}`
}

describe('an upgrade of an agent', () => {
  it('speaks the subprotocol and answers the greeting', async () => {
    using raw = await enter(gateway, key)
    raw.write(frame(opcodes.binary, greeting('plain')))
    expect(await raw.until('"session_id"')).toContain('"pool":"default"')
  })

  it('may bring the greeting in one packet with the handshake', async () => {
    using raw = await knock(gateway, [...HANDSHAKE, bearer(key)])
    raw.write(frame(opcodes.binary, greeting('hasty')))
    await raw.until('"session_id"')
  })

  it.each([
    ['Sec-WebSocket-Protocol', '400 An agent names the WebSocket subprotocol corral.v1: upgrade the agent'],
    ['Sec-WebSocket-Key', '400 The WebSocket key is not valid'],
    ['Sec-WebSocket-Version', '400 The WebSocket version is not 13'],
  ])('without %s is told what is missing', async (field, sentence) => {
    expect(await refusal(without(field))).toContain(sentence)
  })

  it('of another version is told which side to upgrade', async () => {
    const offer = (name: string): string[] => [...without('Sec-WebSocket-Protocol'), `Sec-WebSocket-Protocol: ${name}`]
    expect(await refusal(offer('corral.v9'))).toBe(
      '426 The agent speaks corral.v9 and the gateway corral.v1: upgrade the gateway',
    )
    expect(await refusal(offer('corral.v0'))).toContain('426 The agent speaks corral.v0')
  })

  it('of a page is refused, whatever cors.origins says, unless the page is of the gateway itself', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://gw:1', 'http://gw.evil.example']) {
      expect(await refusal([...HANDSHAKE, `Origin: ${origin}`])).toBe('403 This origin is not allowed')
    }
    using own = await knock(gateway, [...HANDSHAKE, bearer(key), 'Origin: http://gw'])
    await own.until('101 Switching Protocols')
  })

  it('is for its own path alone', async () => {
    expect(await refusal(HANDSHAKE, '/agent/v1/sse')).toMatch(/^405 /)
    expect(await refusal(HANDSHAKE, '/agent/v2')).toMatch(/^404 /)
    expect(await refusal(HANDSHAKE, '/agent/./v1')).toMatch(/^400 /)
  })

  it('is needed: a plain GET cannot be an agent', async () => {
    const answer = await fetch(`${gateway.url}/agent/v1`, { headers: { authorization: `Bearer ${key}` } })
    expect([answer.status, await answer.json()]).toEqual([426, { error: 'Agents connect here by WebSocket' }])
  })
})

describe('a WebSocket of an agent', () => {
  it('survives fragments of one byte, each in a packet of its own', async () => {
    using raw = await enter(gateway, key)
    const batch = greeting('crumbs')
    for (const [index, byte] of batch.entries()) {
      const opcode = index === 0 ? opcodes.binary : opcodes.continuation
      const bytes = frame(opcode, Buffer.from([byte]), { fin: index === batch.length - 1 })
      for (const each of bytes) raw.write(Buffer.from([each]))
    }
    await raw.until('"session_id"', 10_000)
  })

  it('ends with too many fragments, and costs nobody else', async () => {
    using bystander = await enter(gateway, key)
    bystander.write(frame(opcodes.binary, greeting('bystander')))
    await bystander.until('"session_id"')
    using raw = await enter(gateway, key)
    raw.write(frame(opcodes.binary, Buffer.from([0]), { fin: false }))
    const crumb = frame(opcodes.continuation, Buffer.from([0]), { fin: false })
    raw.write(Buffer.concat(Array.from({ length: 20_000 }, () => crumb)))
    expect(await goodbye(raw)).toMatch(/^1008 /)
    await raw.closed(4_000)
    const before = heardFrames(bystander).length
    bystander.write(frame(opcodes.binary, batchOf(2, ping)))
    await expect.poll(() => heardFrames(bystander).length).toBeGreaterThan(before)
  })

  it.each([
    ['a frame over 300 KiB', frame(opcodes.binary, Buffer.alloc(16), { length: 300 * 1024 + 1 }), /^1009 /],
    ['a frame of an absurd length', frame(opcodes.binary, Buffer.alloc(16), { length: 2 ** 52 }), /^1009 /],
    ['a long text', frame(opcodes.text, Buffer.from('x'.repeat(17))), /^4400 A text message is longer than 16 bytes$/],
    ['an unknown opcode', frame(3, Buffer.alloc(1)), /^1002 /],
    ['a frame without a mask', Buffer.from([0x82, 1, 0]), /^1002 /],
    ['a batch without a frame', frame(opcodes.binary, Buffer.alloc(4)), /^4400 /],
    [
      'a batch that begins with something else',
      frame(opcodes.binary, batchOf(1, { type: 'event', level: 'info', text: 'hello' })),
      /^4400 /,
    ],
  ])('ends with %s', async (_what, bytes, expected) => {
    using raw = await enter(gateway, key)
    raw.write(bytes)
    expect(await goodbye(raw)).toMatch(expected)
    await raw.closed(4_000)
  })

  it('is let go of when its other end never says goodbye', async () => {
    using raw = await enter(gateway, key)
    const startedAt = performance.now()
    raw.write(frame(opcodes.text, Buffer.from('x'.repeat(17))))
    await goodbye(raw)
    await raw.closed(6_000)
    expect(performance.now() - startedAt).toBeGreaterThan(1_900)
  })

  it('is told of the end, and not cut like an idle connection', async () => {
    await using leaving = await startGateway({ config: { drain: '5s' } })
    using raw = await enter(leaving, await createAgentKey(leaving))
    raw.write(frame(opcodes.binary, greeting('stayer')))
    await raw.until('"session_id"')
    const before = heardFrames(raw).length
    const stopped = leaving.stop()
    expect(await goodbye(raw, 10_000)).toMatch(/^1012 /)
    // The goodbye was announced.
    expect(heardFrames(raw).length).toBeGreaterThan(before + 1)
    raw.write(frame(opcodes.close, Buffer.from([0x03, 0xf4])))
    expect(await stopped).toBe(0)
  })
})
