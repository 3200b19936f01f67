import { Buffer } from 'node:buffer'
import { verify, type KeyObject } from 'node:crypto'

export interface SignedRequest {
  readonly method: string
  /** The bare route: what the CLI signs does not include the path of its base URL. */
  readonly path: string
  /** Without its question mark. */
  readonly query: string
}

export interface CliSignature {
  readonly publicKey: KeyObject
  readonly signature: string
}

const CLOCK_TOLERANCE_SECONDS = 60
const TIMESTAMP_QUERY = /^ts=(\d{1,12})$/

/** Seconds since the epoch. Anything beside `ts` in the query would be unsigned, so there must be nothing. */
export function parseSignatureTime(query: string): number | undefined {
  const digits = TIMESTAMP_QUERY.exec(query)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

export function isSignatureTimely(timeSeconds: number, nowMs: number): boolean {
  return Math.abs(nowMs / 1000 - timeSeconds) <= CLOCK_TOLERANCE_SECONDS
}

/** Whether the CLI that holds the key signed this method, path and time. Body and host are not signed. */
export function isSignatureValid(request: SignedRequest, { publicKey, signature }: CliSignature): boolean {
  const message = Buffer.from(`${request.method},${request.path}?${request.query}`)
  return verify(null, message, publicKey, Buffer.from(signature, 'base64'))
}
