import { openPrincipal } from '../auth/authenticator.ts'
import type { KeyDirectory } from '../auth/key-directory.ts'
import type { Principal } from '../auth/principal.ts'
import type { Settings } from '../config/settings.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createLimitBook, type LimitBook, type UsageTotals } from '../limits/limit-book.ts'
import type { LimitUse } from '../limits/limit-use.ts'
import { createLimits } from '../limits/limits.ts'
import { createPriceList } from '../limits/prices.ts'
import { createRequestRates } from '../limits/request-rates.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import type { LimitsPort } from '../proxy/limits-port.ts'

/** The limits and the prices of one config, over books that outlive it. */
export interface GenerationLimits {
  readonly port: LimitsPort
  /** Charges what an exchange took; what that costs. */
  charge(record: ExchangeRecord): number
  /** How much is used: of a key and its user, or of everybody, as far as a page holds it. */
  uses(of: Principal | 'everybody'): Promise<readonly LimitUse[]>
}

interface GenerationLimitsDeps {
  readonly book: LimitBook
  readonly clock: Clock
  readonly directory: Pick<KeyDirectory, 'principals'>
}

const MOST_SHOWN = 100

/** With what was used of this day and this month; a ledger that cannot be read holds up nobody. */
export async function openLimitBook(deps: {
  readonly totals: UsageTotals
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
}): Promise<LimitBook> {
  const book = createLimitBook(createRequestRates())
  try {
    await book.restore(deps.totals, deps.clock.now())
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    deps.log.warn(
      { reason: error.message },
      'What was used of budgets is not known, since the ledger cannot be read: they begin anew',
    )
  }
  return book
}

export function createGenerationLimits(
  { limits, models }: Pick<Settings, 'limits' | 'models'>,
  { book, clock, directory }: GenerationLimitsDeps,
): GenerationLimits {
  const prices = createPriceList(models.prices)
  const port = createLimits({ book, prices, clock }, limits)
  return {
    port,
    charge(record) {
      const cost = record.cache === 'hit' ? 0 : prices.costOf(record.model, record)
      book.charge(record, cost)
      return cost
    },
    uses: (of) =>
      of === 'everybody' ? port.fullestUses([...directory.principals(), openPrincipal], MOST_SHOWN) : port.usesOf(of),
  }
}
