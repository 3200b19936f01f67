/** Types with this bit are skipped by whoever does not know them. */
export const IGNORABLE = 0x80

export const frameTypes = {
  HELLO: 0x01,
  HELLO_ACK: 0x02,
  REQUEST: 0x03,
  ACCEPT: 0x04,
  RESPONSE: 0x05,
  DATA: 0x06,
  TRAILERS: 0x07,
  WINDOW: 0x08,
  RESET: 0x09,
  CANCELLED: 0x0a,
  GOAWAY: 0x0b,
  STATUS: 0x0c,
  PING: 0x0d,
  PONG: 0x0e,
  ACK: 0x0f,
  EVENT: 0x90,
} as const

/** Flags of the frame's header. */
export const END = 0x01
export const INFO = 0x02
/** Flag in the payload of RESET. */
export const RETRY_SAFE = 0x01

/** u24 length, u8 type, u8 flags, u32 stream. */
export const HEADER_BYTES = 9
/** u32 number of the batch. */
export const BATCH_HEADER_BYTES = 4

/** Of a frame, without its header. */
export const MAX_PAYLOAD_BYTES = 64 * 1024
/** Of all frames of a batch, with their headers. */
export const MAX_BATCH_BYTES = 256 * 1024
export const MAX_STREAM_ID = 0x7fff_ffff
export const MAX_CREDIT_BYTES = 0x7fff_ffff
export const MAX_REASON_BYTES = 256
export const OPAQUE_BYTES = 8

export const MAX_FIELDS = 256
export const MAX_FIELD_BYTES = 16 * 1024

export function isStatus(status: number, isInfo: boolean): boolean {
  return isInfo ? status >= 100 && status <= 199 : status >= 200 && status <= 999
}

export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

export function readU24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 0x100_0000 + readU24(bytes, at + 1)
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

export interface FrameHeader {
  readonly type: number
  readonly flags: number
  readonly stream: number
  /** Of the payload. */
  readonly length: number
}

/** Returns where the payload begins. */
export function writeHeader(bytes: Uint8Array, at: number, header: FrameHeader): number {
  bytes[at] = header.length >>> 16
  bytes[at + 1] = header.length >>> 8
  bytes[at + 2] = header.length
  bytes[at + 3] = header.type
  bytes[at + 4] = header.flags
  writeU32(bytes, at + 5, header.stream)
  return at + HEADER_BYTES
}
