import type { Clock } from '../../lib/clock.ts'
import { OPAQUE_BYTES, readU32, writeU32 } from './frame-layout.ts'

/** Measures by PING and PONG; the last PING counts. */
export interface RoundTrip {
  /** What a new PING holds. */
  begin(): Uint8Array
  answered(opaque: Uint8Array): void
  ms(): number | null
}

export function createRoundTrip(clock: Clock): RoundTrip {
  let number = 0
  let sentAt: number | null = null
  let lastMs: number | null = null
  return {
    begin() {
      number = (number + 1) >>> 0
      sentAt = clock.now()
      const opaque = new Uint8Array(OPAQUE_BYTES)
      writeU32(opaque, OPAQUE_BYTES - 4, number)
      return opaque
    },
    answered(opaque) {
      if (sentAt === null || readU32(opaque, OPAQUE_BYTES - 4) !== number) return
      lastMs = clock.now() - sentAt
      sentAt = null
    },
    ms: () => lastMs,
  }
}
