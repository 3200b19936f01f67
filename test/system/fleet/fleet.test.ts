import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { CountersSnapshot } from '../../fakes/fake-ollama/counters.ts'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

const HEALTH_INTERVAL = '300ms'

async function startFakes(...options: FakeOllamaOptions[]): Promise<FakeOllama[]> {
  const fakes = await Promise.all(options.map((each) => startFakeOllama(each)))
  onTestFinished(async () => void (await Promise.all(fakes.map((fake) => fake.stop()))))
  return fakes
}

/** A gateway before them, which calls them `a`, `b`, ... */
async function startBefore(
  fakes: readonly FakeOllama[],
  priorities: readonly number[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<RunningGateway> {
  const upstreams = fakes.map(({ url }, index) => ({
    name: 'abc'.charAt(index),
    url,
    priority: priorities[index] ?? 1,
  }))
  const config = { upstreams, routing: { health_interval: HEALTH_INTERVAL }, ...more }
  const gateway = await startGateway({ config })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

function logged(gateway: RunningGateway, sentence: string): Promise<void> {
  return vi.waitFor(() => expect(gateway.stderr()).toContain(sentence), { timeout: 10_000, interval: 10 })
}

async function get(
  gateway: RunningGateway,
  path: string,
  key = gateway.adminKey,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` } })
  return { status: response.status, body: await response.json() }
}

async function chat(gateway: RunningGateway, model: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${gateway.url}/api/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }], stream: false }),
  })
  return { status: response.status, text: await response.text() }
}

function chatsOf({ requests }: CountersSnapshot): number {
  return requests['POST /api/chat'] ?? 0
}

function chatsAt(fakes: readonly FakeOllama[]): number[] {
  return fakes.map((fake) => chatsOf(fake.counters.snapshot()))
}

function namesIn(body: unknown): string[] {
  const { models, data } = body as { models?: { name: string }[]; data?: { id: string }[] }
  return (models?.map((model) => model.name) ?? data?.map((model) => model.id) ?? []).toSorted((x, y) =>
    x < y ? -1 : 1,
  )
}

const tiny: FakeOllamaOptions = { models: [{ name: 'tiny' }] }

describe('a fleet of three', () => {
  it('serves from the lowest priority number that has the model', async () => {
    const fakes = await startFakes({ models: [{ name: 'other' }] }, tiny, tiny)
    const gateway = await startBefore(fakes, [1, 2, 3])
    for (let i = 0; i < 4; i += 1) expect((await chat(gateway, 'tiny')).status).toBe(200)
    expect(chatsAt(fakes)).toEqual([0, 4, 0])
  })

  it('spreads over equals by what they run', async () => {
    const models = [{ name: 'tiny', sizeBytes: 5e9 }]
    const slow = { models, parallel: 2, tokensPerSecond: 40, answerTokens: 40 }
    const fakes = await startFakes(slow, slow, slow)
    for (const { url } of fakes) await fetch(`${url}/api/generate`, { method: 'POST', body: '{"model":"tiny"}' })
    const upstreams = fakes.map(({ url }, index) => ({ name: 'abc'.charAt(index), url, slots: 2 }))
    const gateway = await startBefore(fakes, [1, 1, 1], { upstreams })
    const answers = await Promise.all(Array.from({ length: 6 }, () => chat(gateway, 'tiny')))
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200, 200])
    expect(chatsAt(fakes)).toEqual([2, 2, 2])
  })

  it('fails no request when one dies, and takes it back when it returns', async () => {
    const fakes = await startFakes(tiny, tiny, tiny)
    const gateway = await startBefore(fakes, [1, 2, 2])
    const statuses: number[] = []
    const client = async (): Promise<void> => {
      for (let i = 0; i < 20; i += 1) statuses.push((await chat(gateway, 'tiny')).status)
    }
    const clients = Promise.all([client(), client(), client()])
    await fakes[0]?.counters.until((snapshot) => chatsOf(snapshot) >= 5)
    await fakes[0]?.setDoor('refuse')
    await clients
    expect(statuses.filter((status) => status !== 200)).toEqual([])
    const [before = 0] = chatsAt(fakes)
    expect(before).toBeLessThan(60)
    await fakes[0]?.setDoor('open')
    await logged(gateway, 'upstream is up again')
    expect((await chat(gateway, 'tiny')).status).toBe(200)
    expect(chatsAt(fakes)[0]).toBe(before + 1)
  })

  it('serves beside a black hole, from the start and without delay', async () => {
    const fakes = await startFakes(tiny, tiny)
    await fakes[0]?.setDoor('hang')
    const gateway = await startBefore(fakes, [1, 2])
    const startedAt = performance.now()
    expect((await chat(gateway, 'tiny')).status).toBe(200)
    expect(performance.now() - startedAt).toBeLessThan(1000)
    await logged(gateway, 'upstream is down')
    const laterAt = performance.now()
    expect(namesIn((await get(gateway, '/api/tags')).body)).toEqual(['tiny:latest'])
    expect(performance.now() - laterAt).toBeLessThan(500)
    expect(chatsAt(fakes)).toEqual([0, 1])
  })

  it('starts without any, says so, and serves as soon as one appears', async () => {
    const fakes = await startFakes(tiny)
    await fakes[0]?.setDoor('refuse')
    const gateway = await startBefore(fakes, [1])
    const refused = await chat(gateway, 'tiny')
    expect(refused.status).toBe(503)
    expect((await get(gateway, '/api/tags')).status).toBe(503)
    await fakes[0]?.setDoor('open')
    await logged(gateway, 'upstream is up')
    expect((await chat(gateway, 'tiny')).status).toBe(200)
  })

  it('finds a model that was pulled past it, and lets Ollama say that a model is missing', async () => {
    const fakes = await startFakes(tiny, tiny)
    const gateway = await startBefore(fakes, [1, 2])
    const missing = await chat(gateway, 'nope')
    expect(missing).toEqual({ status: 404, text: `{"error":"model 'nope' not found"}` })
    fakes[1]?.models.install({ name: 'fresh' })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect((await chat(gateway, 'fresh')).status).toBe(200)
    expect(chatsAt(fakes)).toEqual([1, 1])
  })
})

describe('the lists of a fleet', () => {
  async function startTwo(): Promise<RunningGateway> {
    const fakes = await startFakes(
      { models: [{ name: 'both' }, { name: 'x' }] },
      { models: [{ name: 'both' }, { name: 'hf.co/org/repo:q4' }] },
    )
    return startBefore(fakes, [1, 2], { models: { aliases: { 'gpt-4o-mini': 'x' } } })
  }

  it('are merged, each model once, aliases among them', async () => {
    const gateway = await startTwo()
    const all = ['both:latest', 'gpt-4o-mini', 'hf.co/org/repo:q4', 'x:latest']
    expect(namesIn((await get(gateway, '/api/tags')).body)).toEqual(all)
    expect(namesIn((await get(gateway, '/v1/models')).body)).toEqual(all)
    const slashed = await get(gateway, '/v1/models/hf.co/org/repo:q4')
    expect(slashed).toMatchObject({ status: 200, body: { id: 'hf.co/org/repo:q4' } })
  })

  it('show what is loaded anywhere, and a limited key its models alone', async () => {
    const gateway = await startTwo()
    const limited = await gateway.createKey({ models: ['hf.co/*'] })
    const isKnown = async (): Promise<void> => expect((await get(gateway, '/api/tags', limited)).status).toBe(200)
    await vi.waitFor(isKnown, { timeout: 5000, interval: 50 })
    await chat(gateway, 'hf.co/org/repo:q4')
    await chat(gateway, 'x')
    // An upstream that needs a moment is not waited for.
    await vi.waitFor(
      async () => expect(namesIn((await get(gateway, '/api/ps')).body)).toEqual(['hf.co/org/repo:q4', 'x:latest']),
      { timeout: 5000, interval: 50 },
    )
    for (const path of ['/api/tags', '/v1/models', '/api/ps']) {
      expect(namesIn((await get(gateway, path, limited)).body)).toEqual(['hf.co/org/repo:q4'])
    }
    expect((await get(gateway, '/v1/models/hf.co/org/repo:q4', limited)).status).toBe(200)
    expect((await get(gateway, '/v1/models/x', limited)).status).not.toBe(200)
  })
})
