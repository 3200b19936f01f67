import { describe, expect, it } from 'vitest'
import { exchangeRecord } from './__fixtures__/exchange-record.ts'
import { createLabelValues } from './label-values.ts'
import { metricCatalogue, type MetricFacts } from './metric-catalogue.ts'
import { createMetrics, type MetricsDeps } from './metrics.ts'

const everything: MetricsDeps = { isUpstream: () => true, isModel: () => true, sources: {} }

describe('metrics', () => {
  it('count an exchange by who answered, for what, how, and how it ended', () => {
    const metrics = createMetrics(everything)
    const chat = { kind: 'generate', dialect: 'openai', promptTokens: 7, completionTokens: 5, cachedTokens: 2 } as const
    metrics.record(exchangeRecord({ ...chat, attempts: 3, loadMs: 250 }))
    metrics.record(exchangeRecord(chat))
    metrics.record(exchangeRecord({ ...chat, status: 502, ending: 'upstream-failed', error: 'upstream_reset' }))
    const lines = metrics.scrape().split('\n')
    const labels = 'upstream="gpu-1",model="llama3:latest"'
    expect(lines).toEqual(
      expect.arrayContaining([
        `corral_exchanges_total{${labels},dialect="openai",kind="generate",status="2xx",ending="complete"} 2`,
        `corral_exchanges_total{${labels},dialect="openai",kind="generate",status="5xx",ending="upstream-failed"} 1`,
        'corral_errors_total{code="upstream_reset"} 1',
        'corral_retries_total 2',
        `corral_queue_seconds_count{${labels}} 3`,
        `corral_first_token_seconds_count{${labels}} 2`,
        `corral_exchange_seconds_count{${labels}} 3`,
        `corral_load_seconds_bucket{${labels},le="0.5"} 1`,
        `corral_load_seconds_count{${labels}} 1`,
        `corral_tokens_total{${labels},direction="prompt"} 21`,
        `corral_tokens_total{${labels},direction="completion"} 15`,
        `corral_cached_tokens_total{${labels}} 6`,
        'corral_bytes_total{direction="in"} 30',
        'corral_bytes_total{direction="out"} 6000',
      ]),
    )
  })

  it('know nothing of times and tokens where nobody was asked', () => {
    const metrics = createMetrics(everything)
    metrics.record(exchangeRecord({ attempts: 0, upstream: null, model: null, status: 401, ending: 'refused' }))
    const text = metrics.scrape()
    expect(text).toContain('upstream="none",model="none",dialect="none",kind="none",status="4xx",ending="refused"} 1')
    expect(text).not.toMatch(/_seconds|_tokens/)
  })

  it('tell answers of the cache apart, which say nothing of how fast an upstream is', () => {
    const metrics = createMetrics(everything)
    for (const cache of ['miss', 'hit', 'coalesced', 'hit'] as const) {
      metrics.record(exchangeRecord({ kind: 'generate', cache }))
    }
    const text = metrics.scrape()
    expect(text).toContain('\ncorral_cached_exchanges_total{result="hit"} 2\n')
    expect(text.match(/^corral_\w+_seconds_count.* (\d+)$/gm)?.map((line) => line.split(' ')[1])).toEqual([
      '1',
      '1',
      '1',
    ])
  })

  it('keep their number of series when upstreams and models come by the thousand', () => {
    const metrics = createMetrics(everything)
    for (let each = 0; each < 100_000; each += 1) {
      metrics.record(exchangeRecord({ upstream: `u${each % 1000}`, model: `m${each % 997}`, kind: 'generate' }))
    }
    const text = metrics.scrape()
    const counted = [...text.matchAll(/^corral_exchanges_total\{.*\} (\d+)$/gm)].map(([, count]) => Number(count))
    expect(counted.reduce((a, b) => a + b, 0)).toBe(100_000)
    expect(counted.length).toBeLessThanOrEqual(501)
    expect(new Set(text.match(/upstream="[^"]*"/g)).size).toBeLessThanOrEqual(201)
    expect(new Set(text.match(/model="[^"]*"/g)).size).toBeLessThanOrEqual(501)
  })

  it('read what the sources say when somebody asks, and leave out what is not there', () => {
    let waiting = 1
    const sources = { queues: () => [{ model: 'a', waiting, longestWaitMs: 1500 }] }
    const metrics = createMetrics({ ...everything, sources })
    waiting = 4
    const text = metrics.scrape()
    expect(text).toContain('\ncorral_queue_length{model="a"} 4\n')
    expect(text).toContain('\ncorral_queue_longest_wait_seconds{model="a"} 1.5\n')
    expect(text).not.toMatch(/corral_(?:upstream|agents|build|request_log|trace)/)
  })
})

describe('the values of a label', () => {
  it('are those that are known, up to a limit; the rest are others', () => {
    const label = createLabelValues({ max: 2, isKnown: (value) => value !== 'invented' })
    expect([null, 'invented', 'a', 'b', 'c', 'a'].map(label)).toEqual(['none', 'other', 'a', 'b', 'other', 'a'])
  })
})

describe('the catalogue of metrics', () => {
  it.each(Object.entries(metricCatalogue))('%s has a name as Prometheus wants it', (name, facts: MetricFacts) => {
    expect(name).toMatch(/^corral_[a-z_]+$/)
    expect(name.endsWith('_total')).toBe(facts.type === 'counter')
    expect(facts.help).toMatch(/^[A-Z1].*\.$/)
    if (facts.type === 'histogram') {
      expect(name).toMatch(/_seconds$/)
      expect(facts.buckets).toEqual(facts.buckets?.toSorted((a, b) => a - b))
    }
  })
})
