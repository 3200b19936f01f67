import type { Runner } from './runner.ts'
import type { Server } from './server.ts'
import type { Work } from './work.ts'

/** Works for one model that the same upstreams may take. */
export interface Lane {
  readonly name: string
  readonly model: string
  waiting: Work[]
  candidates: readonly (readonly [Server, Runner])[]
}
