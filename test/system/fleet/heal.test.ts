import { expect, it, onTestFinished, vi } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { readStream, type StreamRequest, type StreamResult } from '../harness/stream-client.ts'

const SILENT = 'a model has been silent since a request was given up'
const UNTIL_HEALED_MS = 30_000

async function startOllama(): Promise<FakeOllama> {
  const fake = await startFakeOllama({ models: [{ name: 'tiny' }, { name: 'other' }], tokensPerSecond: 200 })
  onTestFinished(() => fake.stop())
  return fake
}

async function startBefore(fake: FakeOllama): Promise<RunningGateway> {
  const upstreams = [{ name: 'gpu', url: fake.url }]
  const gateway = await startGateway({ config: { upstreams, routing: { health_interval: '100ms' } } })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

function chat(gateway: RunningGateway, model: string, more: Partial<StreamRequest> = {}): Promise<StreamResult> {
  const headers = { authorization: `Bearer ${gateway.adminKey}` }
  const messages = [{ role: 'user', content: 'Why is the sky blue?' }]
  return readStream(`${gateway.url}/api/chat`, { headers, body: { model, messages }, ...more })
}

/** Reads a little of an answer and leaves. */
async function leaveEarly(gateway: RunningGateway, fake: FakeOllama): Promise<void> {
  const leaving = new AbortController()
  await chat(gateway, 'tiny', { signal: leaving.signal, onChunk: () => leaving.abort() }).catch(() => undefined)
  await fake.counters.until(({ aborted }) => aborted === 1)
}

function unloads(fake: FakeOllama): unknown[] {
  const bodies = fake.counters.requestsTo('/api/generate').map(({ body }) => JSON.parse(body.toString()) as unknown)
  return bodies.filter((body) => (body as { keep_alive?: unknown }).keep_alive === 0)
}

it(
  'frees a slot that an Ollama has lost to an abort, and the next request is answered',
  { timeout: 60_000 },
  async () => {
    const fake = await startOllama()
    const gateway = await startBefore(fake)
    fake.faults.add({ kind: 'lose-slot', route: '/api/chat', times: 1 })
    await leaveEarly(gateway, fake)

    const [next, other] = [chat(gateway, 'tiny'), chat(gateway, 'other')]
    expect((await other).ending).toBe('complete')
    expect(unloads(fake)).toEqual([])
    const answer = await next
    expect([answer.status, answer.ending]).toEqual([200, 'complete'])
    expect(answer.headAt).toBeLessThan(UNTIL_HEALED_MS)
    expect(unloads(fake)).toEqual([{ model: 'tiny:latest', keep_alive: 0, stream: false }])
    expect(gateway.stderr()).toContain(SILENT)
  },
)

it('leaves a model alone whose slot came back', async () => {
  const fake = await startOllama()
  const gateway = await startBefore(fake)
  await leaveEarly(gateway, fake)
  expect((await chat(gateway, 'tiny')).ending).toBe('complete')
  await vi.waitFor(() => expect(fake.loaded().map(({ model }) => model.name)).toEqual(['tiny:latest']))
  expect(unloads(fake)).toEqual([])
  expect(gateway.stderr()).not.toContain(SILENT)
})
