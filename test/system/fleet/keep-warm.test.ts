import { expect, it, onTestFinished, vi } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { startGateway } from '../harness/start-gateway.ts'

const GB = 2 ** 30

async function startOllama(options: FakeOllamaOptions): Promise<FakeOllama> {
  const fake = await startFakeOllama(options)
  onTestFinished(() => fake.stop())
  return fake
}

async function startBefore(fakes: Readonly<Record<string, FakeOllama>>, keepWarm: unknown): Promise<void> {
  const upstreams = Object.entries(fakes).map(([name, { url }]) => ({ name, url, memory: '12GB' }))
  const models = { keep_warm: keepWarm, aliases: { chat: 'tiny' } }
  const gateway = await startGateway({ config: { upstreams, models, routing: { health_interval: '100ms' } } })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
}

function loadedAt(fake: FakeOllama): string[] {
  return fake.loaded().map(({ model }) => model.name)
}

function until(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 20_000, interval: 20 })
}

const tiny = { name: 'tiny', sizeBytes: 8 * GB }
const other = { name: 'other', sizeBytes: 8 * GB }

it('loads what is to be warm without a request, and again after a restart', { timeout: 60_000 }, async () => {
  const fake = await startOllama({ models: [tiny, other] })
  await startBefore({ a: fake }, ['chat'])
  await until(() => expect(loadedAt(fake)).toEqual(['tiny:latest']))

  const { port } = fake
  await fake.stop()
  const restarted = await startOllama({ models: [tiny, other], port })
  await until(() => expect(loadedAt(restarted)).toEqual(['tiny:latest']))
})

it('pushes nothing out that a request has had loaded, and loads where there is room', async () => {
  const [busy, idle] = [await startOllama({ models: [tiny, other] }), await startOllama({ models: [tiny, other] })]
  await fetch(`${busy.url}/api/generate`, { method: 'POST', body: JSON.stringify({ model: 'other' }) })
  await startBefore({ busy, idle }, [{ model: 'tiny', upstreams: ['busy', 'idle'] }])
  await until(() => expect(loadedAt(idle)).toEqual(['tiny:latest']))
  expect(loadedAt(busy)).toEqual(['other:latest'])
})
