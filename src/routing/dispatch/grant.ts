import type { Account } from './fair-share.ts'
import type { Runner, Running } from './runner.ts'
import type { Server } from './server.ts'
import type { Work } from './work.ts'

/** A work that has a slot, until it is released. */
export interface Grant extends Running {
  readonly work: Work
  readonly server: Server
  readonly runner: Runner
  readonly account: Account
  /** Where the upstream said. */
  completionTokens: number | null
}
