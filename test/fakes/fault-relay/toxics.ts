/** `up`: from whoever connects to the target; `down`: what comes back. */
export type Direction = 'up' | 'down'

export const directions: readonly Direction[] = ['up', 'down']

/** What a bad line does to bytes that do arrive. Left out: nothing. */
export interface Toxics {
  readonly latencyMs?: number
  /** Added to the latency, from none to this; the order of bytes stays. */
  readonly jitterMs?: number
  /** Bytes leave in pieces of one to this many, each written by itself. */
  readonly sliceBytes?: number
  readonly bytesPerSecond?: number
}

/** When a piece of so many bytes leaves, given when the one before it did. */
export function dueAt(toxics: Toxics, now: number, piece: { bytes: number; before: number; random: number }): number {
  const { latencyMs = 0, jitterMs = 0, bytesPerSecond = Infinity } = toxics
  const arrives = now + latencyMs + jitterMs * piece.random
  return Math.max(arrives, piece.before) + (piece.bytes / bytesPerSecond) * 1000
}

export function slice(chunk: Buffer, { sliceBytes }: Toxics, random: () => number): Buffer[] {
  if (sliceBytes === undefined) return [chunk]
  const pieces: Buffer[] = []
  for (let at = 0; at < chunk.length; ) {
    const size = 1 + Math.floor(random() * sliceBytes)
    pieces.push(chunk.subarray(at, at + size))
    at += size
  }
  return pieces
}
