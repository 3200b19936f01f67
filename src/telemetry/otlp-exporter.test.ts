import { describe, expect, it, vi } from 'vitest'
import { exchangeRecord } from './__fixtures__/exchange-record.ts'
import { createOtlpExporter } from './otlp-exporter.ts'
import { type OtlpSpan, otlpSpans } from './otlp-spans.ts'

const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentId: null, sampled: true, state: null }
const takeHex = (digits: number): string => 'c'.repeat(digits)
const spans = (count: number): OtlpSpan[] =>
  Array.from({ length: count }, () => otlpSpans(exchangeRecord({ trace, steps: [] }), takeHex)).flat()

interface Scene {
  readonly posts: number[]
  readonly warnings: object[]
  readonly exporter: ReturnType<typeof createOtlpExporter>
}

function open(answers: readonly { status: number; text?: string }[] = []): Scene {
  const posts: number[] = []
  const warnings: object[] = []
  const exporter = createOtlpExporter({
    post: (body) => {
      const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: unknown[] }[] }[] }
      posts.push(resourceSpans[0]?.scopeSpans[0]?.spans.length ?? 0)
      const { status, text = '{}' } = answers[posts.length - 1] ?? { status: 200 }
      return Promise.resolve({ status, text })
    },
    service: { name: 'corral', version: '0' },
    log: { warn: (fields) => void warnings.push(fields) },
  })
  return { posts, warnings, exporter }
}

describe('the exporter of spans', () => {
  it('sends a whole batch at once, and the rest at the end', async () => {
    const { posts, exporter } = open()
    exporter.add(spans(600))
    await vi.waitFor(() => expect(exporter.counts().exported).toBe(512))
    await exporter.close()
    expect([posts, exporter.counts()]).toEqual([[512, 88], { exported: 600, dropped: 0 }])
  })

  it('counts what a collector did not take of a batch', async () => {
    const { exporter, warnings } = open([{ status: 200, text: '{"partialSuccess":{"rejectedSpans":"3"}}' }])
    exporter.add(spans(10))
    await exporter.close()
    expect([exporter.counts(), warnings]).toEqual([{ exported: 7, dropped: 3 }, []])
  })

  it('drops what comes when memory is full, and what comes after its end', async () => {
    const { exporter } = open([{ status: 503 }])
    exporter.add(spans(4096))
    exporter.add(spans(5))
    expect(exporter.counts()).toEqual({ exported: 0, dropped: 5 })
    await exporter.close()
    exporter.add(spans(1))
    expect(exporter.counts()).toEqual({ exported: 0, dropped: 4102 })
  })
})

describe('the spans of an exchange', () => {
  it('are none where nobody asked for its steps', () => {
    expect(otlpSpans(exchangeRecord({ trace }), takeHex)).toEqual([])
    expect(otlpSpans(exchangeRecord({ steps: [] }), takeHex)).toEqual([])
  })

  it('have the times of its steps, to the microsecond and further', () => {
    const steps = [
      { upstream: null, startMs: 0.25, endMs: 1.5 },
      { upstream: 'gpu-1', startMs: 1.5, endMs: 34.5 },
    ]
    const [whole, queue, attempt] = otlpSpans(exchangeRecord({ trace, steps, time: 1_700_000_000_000 }), takeHex)
    expect([whole, queue, attempt].map((span) => [span?.startTimeUnixNano, span?.endTimeUnixNano])).toEqual([
      ['1700000000000000000', '1700000000034500000'],
      ['1700000000000250000', '1700000000001500000'],
      ['1700000000001500000', '1700000000034500000'],
    ])
  })
})
