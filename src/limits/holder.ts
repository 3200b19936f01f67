import type { Account } from './account.ts'
import type { LimitTerms } from '../lib/limit-terms.ts'

/** Somebody, or something, that a limit holds for. */
export interface Holder {
  readonly scope: 'key' | 'user' | 'model'
  /** As people know it. */
  readonly name: string
  readonly terms: LimitTerms
  readonly account: Account
  /** Under which its requests are counted. */
  readonly rateName: string
}
