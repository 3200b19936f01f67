import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import type { Account } from './account.ts'
import { AccountTable } from './account-table.ts'
import { createCalendar } from './calendar.ts'
import type { RequestRates } from './request-rates.ts'

/** What the books say was used, by key, user and model. */
export interface UsageTotals {
  /** Of the days (UTC) from the one on that `at` is in, milliseconds since the epoch. */
  totalsSince(at: number): Promise<readonly UsageTotal[]>
}

export interface UsageTotal {
  readonly keyId: string
  /** Null where the key is none of the store's: nothing limits its user. */
  readonly userId: string | null
  readonly model: string
  /** Of prompts and answers together. */
  readonly tokens: number
  readonly cost: number
}

/** Who has used how much: outlives configs, because a limit that changes forgets nothing. */
export interface LimitBook {
  readonly keys: AccountTable
  readonly users: AccountTable
  readonly models: AccountTable
  readonly rates: RequestRates
  readonly calendar: ReturnType<typeof createCalendar>
  /** How long answers of a model are, as far as they were seen. */
  usualAnswer(model: string): number
  /** The one place where anything is charged, with what the ledger gets. */
  charge(record: Charged, cost: number): void
  /** Takes over this day and this month from the books; before the first exchange. */
  restore(totals: UsageTotals, now: number): Promise<void>
}

type Charged = Pick<
  ExchangeRecord,
  'time' | 'totalMs' | 'userId' | 'keyId' | 'model' | 'promptTokens' | 'completionTokens' | 'cache'
>

/** Until answers of a model were seen. */
const USUAL_ANSWER_TOKENS = 256
/** What an answer counts against those before it. */
const NEWEST_SHARE = 0.1
const MOST_MODELS = 1000

export function createLimitBook(rates: RequestRates): LimitBook {
  const [keys, users, models] = [new AccountTable(), new AccountTable(), new AccountTable()]
  const calendar = createCalendar()
  const usual = new Map<string, number>()

  function learn(model: string, tokens: number): void {
    const before = usual.get(model)
    if (before === undefined && usual.size >= MOST_MODELS) usual.clear()
    usual.set(model, before === undefined ? tokens : before + (tokens - before) * NEWEST_SHARE)
  }

  return {
    keys,
    users,
    models,
    rates,
    calendar,
    usualAnswer: (model) => Math.ceil(usual.get(model) ?? USUAL_ANSWER_TOKENS),
    charge({ time, totalMs, userId, keyId, model, promptTokens, completionTokens, cache }, cost) {
      // What was asked for once is paid for once. Of those who shared work, one has its tokens in the record.
      if (cache === 'hit') return
      const answer = completionTokens ?? 0
      const tokens = (promptTokens ?? 0) + answer
      if (tokens === 0) return
      const today = calendar(time + totalMs)
      if (keyId !== null) keys.of(keyId, today).charge(today, tokens, cost)
      if (userId !== null) users.of(userId, today).charge(today, tokens, cost)
      if (model === null) return
      models.of(model, today).charge(today, tokens, cost)
      if (answer > 0) learn(model, answer)
    },
    async restore(totals, now) {
      const today = calendar(now)
      const accounts = ({ keyId, userId, model }: UsageTotal): Account[] => [
        keys.of(keyId, today),
        ...(userId === null ? [] : [users.of(userId, today)]),
        models.of(model, today),
      ]
      for (const total of await totals.totalsSince(today.month.start))
        for (const account of accounts(total)) account.restoreMonth(today, total.tokens, total.cost)
      for (const total of await totals.totalsSince(today.day.start))
        for (const account of accounts(total)) account.restoreDay(today, total.tokens)
    },
  }
}
