import { resetCodes } from './codes.ts'
import {
  END,
  frameTypes,
  HEADER_BYTES,
  INFO,
  isStatus,
  MAX_PAYLOAD_BYTES,
  MAX_REASON_BYTES,
  RETRY_SAFE,
  writeHeader,
  writeU16,
  writeU32,
} from './frame-layout.ts'
import type { LinkFrame, StreamFrame } from './frame.ts'
import { eventPayload, helloAckPayload, helloPayload, statusPayload } from './greeting-codec.ts'
import { type Fields, fieldsProblem, headBlockBytes, writeHeadBlock } from './head-block.ts'
import { parseRequestHead, requestFields } from './request-head.ts'

export type Encoded =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: string }

const NOTHING = new Uint8Array(0)

/** A frame of the link with its header. */
export function encodeLinkFrame(frame: LinkFrame): Encoded {
  switch (frame.type) {
    case 'hello':
      return linkFrame(frameTypes.HELLO, helloPayload(frame.hello))
    case 'hello-ack':
      return linkFrame(frameTypes.HELLO_ACK, helloAckPayload(frame.ack))
    case 'status':
      return linkFrame(frameTypes.STATUS, statusPayload(frame.status))
    case 'goaway':
      return linkFrame(frameTypes.GOAWAY, goawayPayload(frame))
    case 'ping':
      return linkFrame(frameTypes.PING, frame.opaque)
    case 'pong':
      return linkFrame(frameTypes.PONG, frame.opaque)
    case 'ack':
      return linkFrame(frameTypes.ACK, u32Payload(frame.seq))
    case 'event':
      return linkFrame(frameTypes.EVENT, eventPayload(frame))
  }
}

/** A frame of a stream with its header. DATA is not among them: the send queue writes it straight into a batch. */
export function encodeStreamFrame(stream: number, frame: Exclude<StreamFrame, { type: 'data' }>): Encoded {
  switch (frame.type) {
    case 'request':
      return requestFrame(stream, frame)
    case 'accept':
      return framed({ type: frameTypes.ACCEPT, flags: 0, stream }, new Uint8Array(1))
    case 'info':
      return headFrame({ type: frameTypes.RESPONSE, flags: INFO, stream, status: frame.status }, frame.headers)
    case 'response': {
      const flags = frame.end ? END : 0
      return headFrame({ type: frameTypes.RESPONSE, flags, stream, status: frame.status }, frame.headers)
    }
    case 'trailers':
      return headFrame({ type: frameTypes.TRAILERS, flags: END, stream }, frame.headers)
    case 'reset':
      return framed({ type: frameTypes.RESET, flags: 0, stream }, resetPayload(frame))
    case 'cancelled':
      return framed({ type: frameTypes.CANCELLED, flags: 0, stream }, NOTHING)
  }
}

/** Stream 0: of the connection. */
export function encodeCredit(stream: number, bytes: number): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + 4)
  writeU32(frame, writeHeader(frame, 0, { type: frameTypes.WINDOW, flags: 0, stream, length: 4 }), bytes)
  return frame
}

interface FrameHead {
  readonly type: number
  readonly flags: number
  readonly stream: number
  /** Stands before the head block of a response. */
  readonly status?: number
}

function linkFrame(type: number, payload: Uint8Array): Encoded {
  return framed({ type, flags: 0, stream: 0 }, payload)
}

function framed(head: FrameHead, payload: Uint8Array): Encoded {
  if (payload.length > MAX_PAYLOAD_BYTES) return { ok: false, reason: 'a frame over 64 KiB' }
  const bytes = new Uint8Array(HEADER_BYTES + payload.length)
  bytes.set(payload, writeHeader(bytes, 0, { ...head, length: payload.length }))
  return { ok: true, bytes }
}

function requestFrame(stream: number, { request, end }: Extract<StreamFrame, { type: 'request' }>): Encoded {
  const fields = requestFields(request)
  // What the other side would not take must not be said: there it would cost the link.
  const head = parseRequestHead(fields)
  if (typeof head === 'string') return { ok: false, reason: head }
  return headFrame({ type: frameTypes.REQUEST, flags: end ? END : 0, stream }, fields)
}

function headFrame(head: FrameHead, fields: Fields): Encoded {
  if (head.status !== undefined && !isStatus(head.status, head.flags === INFO))
    return { ok: false, reason: 'a bad status' }
  const reason = fieldsProblem(fields)
  if (reason !== undefined) return { ok: false, reason }
  const length = headBlockBytes(fields) + (head.status === undefined ? 0 : 2)
  if (length > MAX_PAYLOAD_BYTES) return { ok: false, reason: 'a head over 64 KiB' }
  const bytes = new Uint8Array(HEADER_BYTES + length)
  const at = writeHeader(bytes, 0, { ...head, length })
  if (head.status !== undefined) writeU16(bytes, at, head.status)
  writeHeadBlock(fields, bytes, bytes.length - headBlockBytes(fields))
  return { ok: true, bytes }
}

function u32Payload(value: number): Uint8Array {
  const payload = new Uint8Array(4)
  writeU32(payload, 0, value)
  return payload
}

function goawayPayload(frame: Extract<LinkFrame, { type: 'goaway' }>): Uint8Array {
  const reason = clippedText(frame.reason)
  const payload = new Uint8Array(14 + reason.length)
  writeU32(payload, 0, frame.lastStream)
  writeU16(payload, 4, frame.code)
  writeU32(payload, 6, frame.reconnectInMs)
  writeU32(payload, 10, frame.tryForMs)
  payload.set(reason, 14)
  return payload
}

function resetPayload(frame: Extract<StreamFrame, { type: 'reset' }>): Uint8Array {
  const reason = clippedText(frame.reason)
  const payload = new Uint8Array(3 + reason.length)
  writeU16(payload, 0, resetCodes[frame.code])
  payload[2] = frame.retrySafe ? RETRY_SAFE : 0
  payload.set(reason, 3)
  return payload
}

/** As many whole characters as fit. */
function clippedText(text: string): Uint8Array {
  const room = new Uint8Array(MAX_REASON_BYTES)
  return room.subarray(0, new TextEncoder().encodeInto(text, room).written)
}
