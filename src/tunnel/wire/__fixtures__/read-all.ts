import { BATCH_HEADER_BYTES } from '../frame-layout.ts'
import { readFrames } from '../decode-frame.ts'
import type { LinkFrame, StreamFrame } from '../frame.ts'

export type Seen =
  | { readonly kind: 'link'; readonly frame: LinkFrame }
  | { readonly kind: 'stream'; readonly id: number; readonly frame: StreamFrame }
  | { readonly kind: 'credit'; readonly id: number; readonly bytes: number }

/** Frames in order, and what is wrong after them. */
export function readAll(bytes: Uint8Array, at = 0): { readonly seen: Seen[]; readonly problem: string | undefined } {
  const seen: Seen[] = []
  const problem = readFrames(bytes, at, {
    link: (frame) => void seen.push({ kind: 'link', frame }),
    stream: (id, frame) => void seen.push({ kind: 'stream', id, frame }),
    credit: (id, size) => void seen.push({ kind: 'credit', id, bytes: size }),
  })
  return { seen, problem }
}

export function readBatch(bytes: Uint8Array): Seen[] {
  const { seen, problem } = readAll(bytes, BATCH_HEADER_BYTES)
  if (problem !== undefined) throw new Error(problem)
  return seen
}
