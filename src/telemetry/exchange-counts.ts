import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import type { Exposition } from './exposition.ts'
import { Histogram } from './histogram.ts'
import { NONE } from './label-values.ts'
import { metricCatalogue } from './metric-catalogue.ts'

/** Exchanges that differ in nothing that is told apart, of one upstream and model. */
interface Tally {
  readonly dialect: ExchangeRecord['dialect']
  readonly kind: ExchangeRecord['kind']
  /** First digit. */
  readonly status: number
  readonly ending: ExchangeRecord['ending']
  count: number
}

/** What is counted of one model at one upstream. */
export class ExchangeCounts {
  readonly #labels: readonly [upstream: string, model: string]
  /** Few: searched faster than a key for a map is made. */
  readonly #tallies: Tally[] = []
  readonly #queue = new Histogram(metricCatalogue.corral_queue_seconds.buckets)
  readonly #firstToken = new Histogram(metricCatalogue.corral_first_token_seconds.buckets)
  readonly #whole = new Histogram(metricCatalogue.corral_exchange_seconds.buckets)
  readonly #load = new Histogram(metricCatalogue.corral_load_seconds.buckets)
  #asked = 0
  #generated = 0
  #loads = 0
  #promptTokens = 0
  #completionTokens = 0
  #cachedTokens = 0
  #cost = 0

  constructor(upstream: string, model: string) {
    this.#labels = [upstream, model]
  }

  record(record: ExchangeRecord, cost: number): void {
    this.#tallyOf(record).count += 1
    // What the cache gave says nothing of how fast anybody is.
    const isReplayed = record.cache === 'hit' || record.cache === 'coalesced'
    if (record.attempts > 0 && !isReplayed) {
      this.#asked += 1
      this.#queue.observe(record.queueMs / 1000)
      this.#whole.observe(record.totalMs / 1000)
    }
    if (record.kind === 'generate' && record.ttftMs !== null && record.status < 300 && !isReplayed) {
      this.#generated += 1
      this.#firstToken.observe(record.ttftMs / 1000)
    }
    if (record.loadMs !== null) {
      this.#loads += 1
      this.#load.observe(record.loadMs / 1000)
    }
    this.#cost += cost
    this.#promptTokens += record.promptTokens ?? 0
    this.#completionTokens += record.completionTokens ?? 0
    this.#cachedTokens += record.cachedTokens ?? 0
  }

  tell(to: Exposition): void {
    const [upstream, model] = this.#labels
    for (const { dialect, kind, status, ending, count } of this.#tallies) {
      const labels = [upstream, model, dialect ?? NONE, kind ?? NONE, `${status}xx`, ending]
      to.add('corral_exchanges_total', count, ...labels)
    }
    this.#tellTimes(to)
    this.#tellTokens(to)
  }

  #tellTimes(to: Exposition): void {
    const [upstream, model] = this.#labels
    if (this.#asked > 0) {
      to.distribution('corral_queue_seconds', this.#queue, upstream, model)
      to.distribution('corral_exchange_seconds', this.#whole, upstream, model)
    }
    if (this.#generated > 0) to.distribution('corral_first_token_seconds', this.#firstToken, upstream, model)
    if (this.#loads > 0) to.distribution('corral_load_seconds', this.#load, upstream, model)
  }

  /** What was asked may have told no tokens; those of what only a cache answered are nobody's. */
  #tellTokens(to: Exposition): void {
    const [upstream, model] = this.#labels
    if (this.#asked === 0) return
    to.add('corral_tokens_total', this.#promptTokens, upstream, model, 'prompt')
    to.add('corral_tokens_total', this.#completionTokens, upstream, model, 'completion')
    to.add('corral_cached_tokens_total', this.#cachedTokens, upstream, model)
    if (this.#cost > 0) to.add('corral_cost_total', this.#cost, upstream, model)
  }

  #tallyOf({ dialect, kind, status: code, ending }: ExchangeRecord): Tally {
    const status = Math.floor(code / 100)
    for (const tally of this.#tallies) {
      if (tally.status !== status || tally.ending !== ending || tally.kind !== kind) continue
      if (tally.dialect === dialect) return tally
    }
    const tally = { dialect, kind, status, ending, count: 0 }
    this.#tallies.push(tally)
    return tally
  }
}
