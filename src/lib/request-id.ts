const ACCEPTABLE = /^[A-Za-z0-9._-]{1,64}$/

/** An id for one exchange: a UUIDv7 (RFC 9562 section 5.7), so that ids sort by time. */
export function createRequestId(nowMs: number): string {
  const time = nowMs.toString(16).padStart(12, '0')
  const random = crypto.randomUUID()
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`
}

/** The client's own id where it is harmless to log and to repeat. */
export function acceptableRequestId(value: string | undefined): string | undefined {
  return value !== undefined && ACCEPTABLE.test(value) ? value : undefined
}
