import { expect } from 'vitest'
import { encodeLinkFrame } from '../../../src/tunnel/wire/encode-frame.ts'
import type { LinkFrame } from '../../../src/tunnel/wire/frame.ts'
import { defaultWindows, type Hello } from '../../../src/tunnel/wire/greeting.ts'
import { openRaw, type RawConnection } from '../../faults/raw-connection.ts'

/** What an agent says in HTTP, without a key. */
export const HANDSHAKE = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: corral.v1',
]

export function bearer(key: string): string {
  return `Authorization: Bearer ${key}`
}

/** A socket on which a handshake was sent. */
export async function knock(
  gateway: { readonly url: string },
  fields: readonly string[],
  { path = '/agent/v1', host = 'gw' }: { readonly path?: string; readonly host?: string } = {},
): Promise<RawConnection> {
  const raw = await openRaw(gateway.url)
  raw.write([`GET ${path} HTTP/1.1`, `Host: ${host}`, ...fields, '', ''].join('\r\n'))
  return raw
}

/** A socket that is a WebSocket by now, and has said nothing on it. */
export async function enter(gateway: { readonly url: string }, key: string): Promise<RawConnection> {
  const raw = await knock(gateway, [...HANDSHAKE, bearer(key)])
  expect(await raw.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 [^]*Sec-WebSocket-Protocol: corral\.v1\r\n/)
  return raw
}

/** The first batch of an agent. */
export function greeting(agentId: string, changes: Partial<Hello> = {}): Buffer {
  const hello: Hello = {
    versions: [1],
    software: 'test',
    agentId,
    instance: `of-${agentId}`,
    host: 'here',
    pool: null,
    allow: ['chat'],
    maxStreams: 4,
    windows: defaultWindows,
    ...changes,
  }
  return batchOf(1, { type: 'hello', hello })
}

/** A ping asks for a batch in return. */
export const ping: LinkFrame = { type: 'ping', opaque: new Uint8Array(8) }

export function batchOf(seq: number, content: LinkFrame): Buffer {
  const encoded = encodeLinkFrame(content)
  if (!encoded.ok) throw new Error(encoded.reason)
  const number = Buffer.alloc(4)
  number.writeUInt32BE(seq)
  return Buffer.concat([number, encoded.bytes])
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8 } as const

/** A frame as a client sends it: masked, with a mask of zeros. `length` is what it announces. */
export function frame(
  opcode: number,
  payload: Uint8Array,
  { fin = true, length = payload.length }: { readonly fin?: boolean; readonly length?: number } = {},
): Buffer {
  const first = (fin ? 0x80 : 0) | opcode
  const mask = Buffer.alloc(4)
  if (length < 126) return Buffer.concat([Buffer.from([first, 0x80 | length]), mask, payload])
  const head = Buffer.alloc(10)
  head[0] = first
  head[1] = 0x80 | 127
  head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, mask, payload])
}

export interface HeardFrame {
  readonly opcode: number
  readonly payload: Buffer
}

/** The whole frames that the gateway has sent on a WebSocket so far. */
export function heardFrames(raw: RawConnection): HeardFrame[] {
  const all = Buffer.from(raw.text(), 'latin1')
  const frames: HeardFrame[] = []
  let at = all.indexOf('\r\n\r\n') + 4
  while (at + 2 <= all.length) {
    const short = (all[at + 1] ?? 0) & 0x7f
    const [start, length] = short < 126 ? [at + 2, short] : [at + 4, at + 4 > all.length ? 0 : all.readUInt16BE(at + 2)]
    if (start + length > all.length) break
    frames.push({ opcode: (all[at] ?? 0) & 0x0f, payload: all.subarray(start, start + length) })
    at = start + length
  }
  return frames
}

/** Waits until the gateway has said goodbye on a WebSocket, and returns its words. */
export async function goodbye(raw: RawConnection, timeoutMs = 3_000): Promise<string> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const close = heardFrames(raw).find((each) => each.opcode === opcodes.close)
    if (close !== undefined) return `${close.payload.readUInt16BE(0)} ${close.payload.subarray(2).toString()}`
    if (performance.now() > deadline) throw new Error(`no goodbye within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
