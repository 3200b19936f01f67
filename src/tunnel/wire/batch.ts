import { BATCH_HEADER_BYTES, HEADER_BYTES, MAX_BATCH_BYTES, readU32 } from './frame-layout.ts'

export type ParsedBatch = { readonly ok: true; readonly seq: number } | { readonly ok: false; readonly reason: string }

/** Number of the batch; its frames begin at `BATCH_HEADER_BYTES`. */
export function parseBatch(bytes: Uint8Array): ParsedBatch {
  if (bytes.length < BATCH_HEADER_BYTES + HEADER_BYTES) return { ok: false, reason: 'a batch without a whole frame' }
  if (bytes.length > BATCH_HEADER_BYTES + MAX_BATCH_BYTES) return { ok: false, reason: 'a batch over 256 KiB' }
  return { ok: true, seq: readU32(bytes, 0) }
}

/** Batches are numbered from 1, modulo 2^32. */
export function nextSeq(seq: number): number {
  return (seq + 1) >>> 0
}

/** Whether `seq` is at most `last`, in a circle of 2^32. */
export function isReached(seq: number, last: number): boolean {
  return (last - seq) >>> 0 < 0x8000_0000
}
