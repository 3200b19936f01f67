import type { ErrorCode } from '../errors/catalogue.ts'
import type { CacheOutcome, ExchangeRecord } from '../proxy/exchange-record.ts'
import { ExchangeCounts } from './exchange-counts.ts'
import { createExposition, type Exposition } from './exposition.ts'
import { createLabelValues, NONE, OTHER } from './label-values.ts'
import type { MetricsSources } from './metrics-sources.ts'
import { type Labels, tellSources } from './tell-sources.ts'

export interface Metrics {
  /** Once for each exchange, when it is over; `cost` in the currency of the prices. */
  record(record: ExchangeRecord, cost?: number): void
  /** Everything there is, as Prometheus reads it. */
  scrape(): string
}

export interface MetricsDeps {
  /** Whether the config or an agent brought an upstream of that name. */
  isUpstream(name: string): boolean
  /** Whether some upstream lists the model. */
  isModel(canonical: string): boolean
  readonly sources: MetricsSources
}

const MAX_UPSTREAMS = 200
const MAX_MODELS = 500
/** Of an upstream and a model: some seventy lines each. */
const MAX_PAIRS = 500

export function createMetrics({ isUpstream, isModel, sources }: MetricsDeps): Metrics {
  const labels: Labels = {
    upstream: createLabelValues({ max: MAX_UPSTREAMS, isKnown: isUpstream }),
    model: createLabelValues({ max: MAX_MODELS, isKnown: isModel }),
  }
  const exchanges = createPairs(labels)
  /** By code, of which there are as many as the catalogue has. */
  const errors = new Map<ErrorCode, number>()
  const cached: Record<CacheOutcome, number> = { hit: 0, miss: 0, coalesced: 0, bypass: 0 }
  let retries = 0
  let bytesIn = 0
  let bytesOut = 0

  return {
    record(record, cost = 0) {
      exchanges.of(record).record(record, cost)
      if (record.cache !== null) cached[record.cache] += 1
      if (record.error !== null) errors.set(record.error, (errors.get(record.error) ?? 0) + 1)
      if (record.attempts > 1) retries += record.attempts - 1
      bytesIn += record.bytesIn
      bytesOut += record.bytesOut
    },
    scrape() {
      const to = createExposition()
      exchanges.tell(to)
      for (const [code, count] of errors) to.add('corral_errors_total', count, code)
      to.add('corral_retries_total', retries)
      for (const [result, count] of Object.entries(cached)) to.add('corral_cached_exchanges_total', count, result)
      to.add('corral_bytes_total', bytesIn, 'in')
      to.add('corral_bytes_total', bytesOut, 'out')
      tellSources(sources, labels, to)
      return to.text()
    },
  }
}

interface Pairs {
  of(record: Pick<ExchangeRecord, 'upstream' | 'model'>): ExchangeCounts
  tell(to: Exposition): void
}

/** What is counted, by upstream and model. As many as labels allow, whatever comes and goes. */
function createPairs({ upstream: upstreamLabel, model: modelLabel }: Labels): Pairs {
  const byUpstream = new Map<string, Map<string, ExchangeCounts>>()
  let size = 0

  function open(upstream: string, model: string): ExchangeCounts {
    const models = byUpstream.get(upstream) ?? new Map<string, ExchangeCounts>()
    const known = models.get(model)
    if (known !== undefined) return known
    const isFull = size >= MAX_PAIRS && !(upstream === OTHER && model === OTHER)
    if (isFull) return open(OTHER, OTHER)
    const counts = new ExchangeCounts(upstream, model)
    byUpstream.set(upstream, models.set(model, counts))
    size += 1
    return counts
  }

  return {
    // What nobody knows is under no name of its own, so that most are found at once.
    of: ({ upstream, model }) =>
      byUpstream.get(upstream ?? NONE)?.get(model ?? NONE) ?? open(upstreamLabel(upstream), modelLabel(model)),
    tell(to) {
      for (const models of byUpstream.values()) for (const counts of models.values()) counts.tell(to)
    },
  }
}
