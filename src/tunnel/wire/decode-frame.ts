import { type ResetCode, resetCodes } from './codes.ts'
import {
  END,
  frameTypes,
  HEADER_BYTES,
  IGNORABLE,
  INFO,
  isStatus,
  MAX_CREDIT_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_REASON_BYTES,
  MAX_STREAM_ID,
  OPAQUE_BYTES,
  readU16,
  readU24,
  readU32,
  RETRY_SAFE,
} from './frame-layout.ts'
import type { LinkFrame, StreamFrame } from './frame.ts'
import { type Parsed, parseEvent, parseHello, parseHelloAck, parseStatus } from './greeting-codec.ts'
import { type Fields, parseHeadBlock } from './head-block.ts'
import { parseRequestHead } from './request-head.ts'

export interface FrameReceiver {
  link(frame: LinkFrame): void
  stream(id: number, frame: StreamFrame): void
  /** Stream 0: for the connection. */
  credit(id: number, bytes: number): void
}

/**
 * Hands over each frame from `at` to the end; DATA are views of `bytes`. Returns what is wrong, or undefined; frames
 * before the wrong one have been handed over.
 */
export function readFrames(bytes: Uint8Array, at: number, to: FrameReceiver): string | undefined {
  let place = at
  while (place < bytes.length) {
    const begin = place + HEADER_BYTES
    if (begin > bytes.length) return 'a frame whose header is cut off'
    const length = readU24(bytes, place)
    if (length > MAX_PAYLOAD_BYTES) return 'a frame over 64 KiB'
    const end = begin + length
    if (end > bytes.length) return 'a frame that is cut off'
    const problem = readFrame(bytes.subarray(begin, end), headerAt(bytes, place), to)
    if (problem !== undefined) return problem
    place = end
  }
  return undefined
}

interface Header {
  readonly type: number
  readonly flags: number
  readonly stream: number
}

function headerAt(bytes: Uint8Array, at: number): Header {
  return { type: bytes[at + 3] ?? 0, flags: bytes[at + 4] ?? 0, stream: readU32(bytes, at + 5) }
}

function readFrame(payload: Uint8Array, header: Header, to: FrameReceiver): string | undefined {
  const { type, flags, stream } = header
  if (type === frameTypes.DATA) {
    if (stream === 0 || stream > MAX_STREAM_ID) return 'DATA of no stream'
    if (flags > END) return 'DATA with unknown flags'
    if (payload.length === 0 && flags !== END) return 'DATA without bytes or end'
    to.stream(stream, { type: 'data', bytes: payload, end: flags === END })
    return undefined
  }
  if (type === frameTypes.EVENT) return readEvent(payload, to)
  if ((type & IGNORABLE) !== 0) return undefined
  if (stream > MAX_STREAM_ID) return 'a stream id over 2^31 - 1'
  if (type === frameTypes.WINDOW) return readCredit(payload, header, to)
  if (linkTypes.has(type)) {
    if (stream !== 0 || flags !== 0) return 'a frame of the link with a stream or flags'
    const frame = linkFrame(type, payload)
    if (typeof frame === 'string') return frame
    to.link(frame)
    return undefined
  }
  if (stream === 0) return 'a frame of no stream'
  const frame = streamFrame(payload, header)
  if (typeof frame === 'string') return frame
  to.stream(stream, frame)
  return undefined
}

/** What is for people may be wrong without harm. */
function readEvent(payload: Uint8Array, to: FrameReceiver): undefined {
  const event = parseEvent(payload)
  if (event.ok) to.link({ type: 'event', ...event.value })
}

function readCredit(payload: Uint8Array, { flags, stream }: Header, to: FrameReceiver): string | undefined {
  const bytes = readU32(payload, 0)
  if (payload.length !== 4 || flags !== 0) return 'a bad WINDOW'
  if (bytes === 0 || bytes > MAX_CREDIT_BYTES) return 'a WINDOW of nothing, or of too much'
  to.credit(stream, bytes)
  return undefined
}

const linkTypes: ReadonlySet<number> = new Set([
  frameTypes.HELLO,
  frameTypes.HELLO_ACK,
  frameTypes.STATUS,
  frameTypes.GOAWAY,
  frameTypes.PING,
  frameTypes.PONG,
  frameTypes.ACK,
])

function linkFrame(type: number, payload: Uint8Array): LinkFrame | string {
  switch (type) {
    case frameTypes.HELLO:
      return parsed(parseHello(payload), (hello) => ({ type: 'hello', hello }))
    case frameTypes.HELLO_ACK:
      return parsed(parseHelloAck(payload), (ack) => ({ type: 'hello-ack', ack }))
    case frameTypes.STATUS:
      return parsed(parseStatus(payload), (status) => ({ type: 'status', status }))
    case frameTypes.GOAWAY:
      return goaway(payload)
    case frameTypes.ACK:
      return payload.length === 4 ? { type: 'ack', seq: readU32(payload, 0) } : 'a bad ACK'
    default:
      if (payload.length !== OPAQUE_BYTES) return 'a PING or PONG that is not 8 bytes long'
      // A copy: it outlives the batch.
      return { type: type === frameTypes.PING ? 'ping' : 'pong', opaque: payload.slice() }
  }
}

function parsed<T>(result: Parsed<T>, toFrame: (value: T) => LinkFrame): LinkFrame | string {
  return result.ok ? toFrame(result.value) : result.reason
}

function goaway(payload: Uint8Array): LinkFrame | string {
  const reason = text(payload, 14)
  if (reason === undefined) return 'a bad GOAWAY'
  return {
    type: 'goaway',
    lastStream: readU32(payload, 0),
    code: readU16(payload, 4),
    reconnectInMs: readU32(payload, 6),
    tryForMs: readU32(payload, 10),
    reason,
  }
}

function streamFrame(payload: Uint8Array, { type, flags }: Header): StreamFrame | string {
  switch (type) {
    case frameTypes.REQUEST:
      return flags > END ? 'a request with unknown flags' : request(payload, flags === END)
    case frameTypes.RESPONSE:
      return response(payload, flags)
    case frameTypes.TRAILERS:
      return flags === END ? trailers(payload) : 'trailers with bad flags'
    case frameTypes.ACCEPT:
      return payload.length === 1 && flags === 0 ? { type: 'accept' } : 'a bad ACCEPT'
    case frameTypes.CANCELLED:
      return payload.length === 0 && flags === 0 ? { type: 'cancelled' } : 'a bad CANCELLED'
    case frameTypes.RESET:
      return flags === 0 ? reset(payload) : 'a reset with flags'
    default:
      return `a frame of the unknown type ${type}`
  }
}

function request(payload: Uint8Array, end: boolean): StreamFrame | string {
  const block = parseHeadBlock(payload, 0)
  if (!block.ok) return block.reason
  const head = parseRequestHead(block.fields)
  return typeof head === 'string' ? head : { type: 'request', request: head, end }
}

function response(payload: Uint8Array, flags: number): StreamFrame | string {
  if (payload.length < 3) return 'a response that is cut off'
  const status = readU16(payload, 0)
  const isInfo = flags === INFO
  if (!isInfo && flags > END) return 'a response with bad flags'
  if (!isStatus(status, isInfo)) return 'a response with a bad status'
  const headers = plainFields(payload, 2)
  if (typeof headers === 'string') return headers
  return isInfo ? { type: 'info', status, headers } : { type: 'response', status, headers, end: flags === END }
}

function trailers(payload: Uint8Array): StreamFrame | string {
  const headers = plainFields(payload, 0)
  return typeof headers === 'string' ? headers : { type: 'trailers', headers }
}

function plainFields(payload: Uint8Array, at: number): Fields | string {
  const block = parseHeadBlock(payload, at)
  if (!block.ok) return block.reason
  return block.fields[0]?.startsWith(':') === true ? 'pseudo fields where none belong' : block.fields
}

function reset(payload: Uint8Array): StreamFrame | string {
  const reason = text(payload, 3)
  if (reason === undefined) return 'a bad reset'
  const code = resetNames.get(readU16(payload, 0)) ?? 'INTERNAL'
  return { type: 'reset', code, retrySafe: ((payload[2] ?? 0) & RETRY_SAFE) !== 0, reason }
}

const resetNames: ReadonlyMap<number, ResetCode> = new Map(
  // Object.entries forgets the names of the keys.
  (Object.entries(resetCodes) as [ResetCode, number][]).map(([name, code]) => [code, name]),
)

/** The rest of a payload as text, or undefined: too short, or too long. */
function text(payload: Uint8Array, at: number): string | undefined {
  if (payload.length < at || payload.length - at > MAX_REASON_BYTES) return undefined
  return new TextDecoder().decode(payload.subarray(at))
}
