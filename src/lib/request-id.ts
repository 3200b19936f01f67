const ACCEPTABLE = /^[A-Za-z0-9._-]{1,64}$/
const COUNTER_LIMIT = 0x1000

/** Makes ids for exchanges. */
export type CreateRequestId = (nowMs: number) => string

/**
 * UUIDv7 (RFC 9562 section 5.7), so that ids sort by time: the counter of section 6.2, method 1, in `rand_a`, and in
 * `rand_b` what was drawn once for this process. Ids are told to clients and logged; they protect nothing.
 */
export function createRequestIds(random: string = crypto.randomUUID()): CreateRequestId {
  const tail = random.slice(18)
  let counter = 0
  let prefix = { nowMs: Number.NaN, text: '' }
  return (nowMs) => {
    counter = (counter + 1) % COUNTER_LIMIT
    if (nowMs !== prefix.nowMs) prefix = { nowMs, text: timePrefix(nowMs) }
    // Padded by its own leading 1, which gives way to the version.
    return `${prefix.text}7${(COUNTER_LIMIT + counter).toString(16).slice(1)}${tail}`
  }
}

function timePrefix(nowMs: number): string {
  const time = nowMs.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-`
}

/** The client's own id where it is harmless to log and to repeat. */
export function acceptableRequestId(value: string | undefined): string | undefined {
  return value !== undefined && ACCEPTABLE.test(value) ? value : undefined
}
