import type { ExchangeRecord } from '../proxy/exchange-record.ts'

/** What the ledger takes of an exchange. */
export type LedgerEntry = Pick<
  ExchangeRecord,
  | 'id'
  | 'time'
  | 'user'
  | 'userId'
  | 'keyId'
  | 'keyName'
  | 'route'
  | 'kind'
  | 'dialect'
  | 'modelAsked'
  | 'model'
  | 'upstream'
  | 'attempts'
  | 'status'
  | 'ending'
  | 'error'
  | 'cache'
  | 'bytesIn'
  | 'bytesOut'
  | 'promptTokens'
  | 'completionTokens'
  | 'cachedTokens'
  | 'queueMs'
  | 'loadMs'
  | 'ttftMs'
  | 'totalMs'
>

/** Whether it belongs into the ledger: it has a user, and was not answered by Corral itself. */
export function isBooked({ user, kind }: Pick<LedgerEntry, 'user' | 'kind'>): boolean {
  return user !== null && kind !== null && kind !== 'own'
}
