import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type FakeOllama, startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { type CollectedSpan, type OtlpCollector, startOtlpCollector } from '../../fakes/otlp-collector.ts'
import { type RunningGateway, startGateway } from '../harness/start-gateway.ts'
import { total } from '../metrics/parse-exposition.ts'
import { scrape } from '../metrics/scrape.ts'

const PROMPT = 'a prompt that no trace may tell'
const SECRET = 'collector-Secret'
const chat = { model: 'tiny', stream: false, messages: [{ role: 'user', content: PROMPT }] }
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const within = { timeout: 15_000, interval: 30 }

let fake: FakeOllama
let collector: OtlpCollector
let gateway: RunningGateway

beforeAll(async () => {
  collector = await startOtlpCollector()
  fake = await startFakeOllama({ models: [{ name: 'tiny' }], parallel: 16 })
  gateway = await startGateway({
    // One Ollama by two names: where one name fails, the other is asked.
    config: { upstreams: ['one', 'two'].map((name) => ({ name, url: fake.url })) },
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: 'front-door',
      OTEL_EXPORTER_OTLP_HEADERS: `x-tenant=ann%20b,authorization=Bearer%20${SECRET}`,
    },
  })
})
beforeEach(() => {
  fake.faults.clear()
  collector.forget()
})
afterEach(() => expect(collector.problems).toEqual([]))
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await fake.stop()
  await collector[Symbol.asyncDispose]()
})

async function ask(headers: Record<string, string> = {}, body: object = chat): Promise<number> {
  const sent = { authorization: `Bearer ${gateway.adminKey}`, ...headers }
  const asked = { method: 'POST', headers: sent, body: JSON.stringify(body) }
  const response = await fetch(`${gateway.url}/api/chat`, asked)
  await response.text().catch(() => '')
  return response.status
}

/** Spans of exchanges with a model, and what is under them, as soon as so many have come. */
function until(count: number): Promise<readonly CollectedSpan[]> {
  return vi.waitFor(() => {
    const spans = collector.spans()
    if (spans.length < count) throw new Error(`${spans.length} of ${count} spans have come`)
    return spans
  }, within)
}

const attribute = (span: CollectedSpan | undefined, key: string): string | undefined =>
  Object.values(span?.attributes.find((each) => each.key === key)?.value ?? {})[0]

const warnings = (): number => gateway.stderr().match(/The collector does not take/g)?.length ?? 0

describe('spans for a collector', () => {
  it('tell of an exchange, its wait and its attempt, under the span of the caller', async () => {
    await ask({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1' })
    const [exchange, queue, attempt, ...more] = await until(3)
    expect(more).toEqual([])
    expect(exchange).toMatchObject({
      traceId: TRACE,
      parentSpanId: SPAN,
      traceState: 'vendor=1',
      name: 'POST /api/chat',
      kind: 2,
      status: { code: 0 },
    })
    expect(attribute(exchange, 'http.response.status_code')).toBe('200')
    expect(attribute(exchange, 'gen_ai.response.model')).toBe('tiny:latest')
    expect(Number(attribute(exchange, 'gen_ai.usage.output_tokens'))).toBeGreaterThan(0)
    for (const child of [queue, attempt]) {
      expect(child).toMatchObject({ traceId: TRACE, parentSpanId: exchange?.spanId, status: { code: 0 } })
      expect(child?.startTimeUnixNano.localeCompare(exchange?.startTimeUnixNano ?? '')).toBeGreaterThanOrEqual(0)
      expect(child?.endTimeUnixNano.localeCompare(exchange?.endTimeUnixNano ?? '')).toBeLessThanOrEqual(0)
    }
    const upstream = attribute(attempt, 'corral.upstream')
    expect([queue?.name, attempt?.name, ['one', 'two'].includes(upstream ?? '')]).toEqual(['queue', 'attempt', true])
    expect(fake.counters.requestsTo('/api/chat').at(-1)?.rawHeaders).toContain(`00-${TRACE}-${exchange?.spanId}-01`)
    expect(collector.service()).toBe('front-door')
    expect(collector.posts[0]?.headers).toMatchObject({ 'x-tenant': 'ann b', authorization: `Bearer ${SECRET}` })
  })

  it('begin a trace where the caller brings none, and none where the caller records none', async () => {
    await ask({ traceparent: `00-${TRACE}-${SPAN}-00` })
    await ask()
    const spans = await until(3)
    expect(spans.map(({ name }) => name)).toEqual(['POST /api/chat', 'queue', 'attempt'])
    expect(spans[0]?.parentSpanId).toBeUndefined()
    expect(spans[0]?.traceId).not.toBe(TRACE)
  })

  it('tell of the attempt that failed, and of the one that came after it', async () => {
    fake.faults.add({ kind: 'busy-503', times: 1 })
    expect(await ask()).toBe(200)
    const spans = await until(5)
    expect(spans.map(({ name, status }) => [name, status.code])).toEqual([
      ['POST /api/chat', 0],
      ['queue', 0],
      ['attempt', 2],
      ['queue', 0],
      ['attempt', 0],
    ])
    const upstreams = spans.filter(({ name }) => name === 'attempt').map((span) => attribute(span, 'corral.upstream'))
    expect(new Set(upstreams)).toEqual(new Set(['one', 'two']))
  })

  it('tell of an answer that was cut short', async () => {
    fake.faults.add({ kind: 'reset-mid-line', afterChunks: 1, times: 1 })
    await ask({}, { ...chat, stream: true }).catch(() => undefined)
    const [exchange, , attempt] = await until(3)
    expect(exchange).toMatchObject({ status: { code: 2, message: 'upstream_reset' } })
    expect(attempt).toMatchObject({ name: 'attempt', status: { code: 2 } })
  })

  it('come once, although the collector could not take them at first', async () => {
    const before = warnings()
    collector.refuse(503, 429)
    await ask()
    const spans = await until(3)
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(3)
    expect(new Set(collector.posts.map(({ body }) => body)).size).toBe(1)
    expect([collector.posts.length, warnings() - before]).toEqual([3, 1])
  })

  it('that are refused are dropped, counted, and told of once', async () => {
    const before = warnings()
    const dropped = async (): Promise<number> =>
      total((await scrape(gateway.url, gateway.adminKey)).families, 'corral_trace_spans_total', { result: 'dropped' })
    const earlier = await dropped()
    collector.refuse(400)
    await ask()
    await vi.waitFor(async () => expect(await dropped()).toBeGreaterThanOrEqual(earlier + 3), within)
    expect(warnings() - before).toBe(1)
  })

  it('hold neither keys nor users nor prompts', async () => {
    await ask()
    await fetch(`${gateway.url}/k/${gateway.adminKey}/api/tags?token=${gateway.adminKey}`)
    await until(3)
    const told = collector.posts.map(({ body }) => body).join()
    for (const secret of [gateway.adminKey, 'crl_', PROMPT, 'admin', SECRET]) expect(told).not.toContain(secret)
    const shown = await gateway.cli('config', 'show')
    expect(gateway.stderr() + shown.stdout + shown.stderr).not.toContain(SECRET)
  })
})

describe('at the end', () => {
  it('what was recorded is sent', async () => {
    await using another = await startOtlpCollector()
    await using ending = await startGateway({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: another.url } })
    await (await fetch(`${ending.url}/api/tags`, { headers: { authorization: `Bearer ${ending.adminKey}` } })).text()
    await (await fetch(`${ending.url}/api/version`)).text()
    expect(await ending.stop()).toBe(0)
    expect([another.spans().map(({ name }) => name), another.problems]).toEqual([
      ['GET /api/tags', 'GET /api/version'],
      [],
    ])
  })

  it('a whole URL for traces is asked as it is, with the headers for traces', async () => {
    const path = '/take/these?tenant=ann'
    await using another = await startOtlpCollector(path)
    await using ending = await startGateway({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: another.url + path,
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=ann',
      },
    })
    await (await fetch(`${ending.url}/api/version`)).text()
    expect(await ending.stop()).toBe(0)
    expect([another.spans().map(({ name }) => name), another.problems]).toEqual([['GET /api/version'], []])
    expect(another.posts[0]?.headers).toMatchObject({ 'x-tenant': 'ann' })
  })

  it('no collector keeps the gateway from ending', async () => {
    await using ending = await startGateway({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' } })
    await (await fetch(`${ending.url}/api/version`)).text()
    expect(await ending.stop()).toBe(0)
  })
})
