import { randomBytes } from 'node:crypto'
import { type BeginTrace, createBeginTrace, createHexPool } from '../lib/trace-context.ts'

/** The trace of each exchange: the caller's, or one that begins here. */
export interface Traces {
  readonly begin: BeginTrace
  /** Whether the steps of sampled exchanges are wanted. */
  readonly follows: boolean
}

export function createTraces(): Traces {
  const takeHex = createHexPool((bytes) => randomBytes(bytes).toString('hex'))
  // Nothing is exported: whether a trace is recorded is for others to say.
  return { begin: createBeginTrace({ takeHex, samples: (_id, parent) => parent ?? false }), follows: false }
}
