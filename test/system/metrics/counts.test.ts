import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GatewayBefore, startGatewayBefore } from '../harness/gateway-before.ts'
import { total } from './parse-exposition.ts'
import { labelValues, scrape, type Scrape } from './scrape.ts'

const PROMPT = 'a prompt that no metric may tell'
const messages = [{ role: 'user', content: PROMPT }]
const asks = [
  { dialect: 'ollama', path: '/api/chat', body: { model: 'tiny', messages } },
  { dialect: 'ollama', path: '/api/generate', body: { model: 'Tiny', prompt: PROMPT, stream: false } },
  { dialect: 'openai', path: '/v1/chat/completions', body: { model: 'tiny', messages } },
  { dialect: 'responses', path: '/v1/responses', body: { model: 'tiny', input: PROMPT } },
  { dialect: 'anthropic', path: '/v1/messages', body: { model: 'tiny', max_tokens: 9, messages } },
]

let before: GatewayBefore
beforeAll(async () => {
  before = await startGatewayBefore()
})
afterAll(() => before[Symbol.asyncDispose]())

async function ask(path: string, body: object, key = before.key): Promise<string> {
  const headers = { authorization: `Bearer ${key}` }
  const response = await fetch(before.gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return response.text()
}

const read = (): Promise<Scrape> => scrape(before.gateway.url, before.key)

/** The last count of its kind that an answer tells, in any dialect. */
function told(text: string, names: string): number {
  return Number([...text.matchAll(new RegExp(`"(?:${names})":(\\d+)`, 'g'))].at(-1)?.[1])
}

describe('what is counted', () => {
  it('is what the upstream saw and told', async () => {
    const earlier = await read()
    const rounds = Array.from({ length: 12 }, () => asks).flat()
    const answers = await Promise.all(rounds.map(({ path, body }) => ask(path, body)))
    const later = await read()
    const grown = (name: string, labels: Record<string, string> = {}): number =>
      total(later.families, name, labels) - total(earlier.families, name, labels)

    const seen = before.fake.counters.snapshot().requests
    const fromFake = asks.reduce((sum, { path }) => sum + (seen[`POST ${path}`] ?? 0), 0)
    const here = { upstream: 'fake', model: 'tiny:latest' }
    expect(fromFake).toBe(60)
    expect(grown('corral_exchanges_total', { ...here, kind: 'generate', status: '2xx', ending: 'complete' })).toBe(60)
    for (const { dialect } of asks.slice(1)) {
      const count = asks.filter((each) => each.dialect === dialect).length * 12
      expect(grown('corral_exchanges_total', { ...here, dialect })).toBe(count)
    }
    for (const name of ['corral_queue_seconds', 'corral_exchange_seconds', 'corral_first_token_seconds']) {
      expect(grown(`${name}_count`, here)).toBe(60)
    }
    const prompt = answers.map((text) => told(text, 'prompt_eval_count|prompt_tokens|input_tokens'))
    const completion = answers.map((text) => told(text, 'eval_count|completion_tokens|output_tokens'))
    const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0)
    expect(grown('corral_tokens_total', { ...here, direction: 'prompt' })).toBe(sum(prompt))
    expect(grown('corral_tokens_total', { ...here, direction: 'completion' })).toBe(sum(completion))
    expect(grown('corral_bytes_total', { direction: 'in' })).toBe(
      sum(rounds.map(({ body }) => JSON.stringify(body).length)),
    )
    expect(grown('corral_retries_total')).toBe(0)
  })

  it('is told by its error and how it ended', async () => {
    await ask('/api/chat', { model: 'tiny', messages }, 'crl_wrong')
    before.fake.faults.add({ kind: 'reset-mid-line', afterChunks: 2, times: 1 })
    await ask('/api/chat', { model: 'tiny', messages }).catch(() => undefined)
    const { families } = await read()
    expect(total(families, 'corral_errors_total', { code: 'wrong_credential' })).toBe(1)
    expect(total(families, 'corral_errors_total', { code: 'upstream_reset' })).toBe(1)
    const cut = { upstream: 'fake', model: 'tiny:latest', status: '2xx', ending: 'upstream-failed' }
    expect(total(families, 'corral_exchanges_total', cut)).toBe(1)
    const refused = { upstream: 'none', model: 'none', status: '4xx', ending: 'refused' }
    expect(total(families, 'corral_exchanges_total', refused)).toBe(1)
  })

  it('has as many labels as the fleet, whatever models clients invent', async () => {
    const size = (await read()).text.split('\n').length
    const names = Array.from({ length: 2000 }, (_, place) => `invented-${place}`)
    for (let from = 0; from < names.length; from += 50) {
      const some = names.slice(from, from + 50)
      await Promise.all(some.map((model) => ask('/api/generate', { model, prompt: 'x', stream: false })))
    }
    const scraped = await read()
    expect(labelValues(scraped, 'model')).toEqual(new Set(['tiny:latest', 'other', 'none']))
    expect(labelValues(scraped, 'upstream')).toEqual(new Set(['fake', 'none']))
    expect(total(scraped.families, 'corral_exchanges_total', { model: 'other' })).toBe(2000)
    expect(scraped.text).not.toContain('invented')
    expect(scraped.text.split('\n').length - size).toBeLessThan(100)
  })

  it('has neither keys nor users nor prompts in it', async () => {
    const { text } = await read()
    for (const secret of [before.key, before.key.slice(4, 20), PROMPT, 'admin', 'crl_']) {
      expect(text).not.toContain(secret)
    }
  })
})
