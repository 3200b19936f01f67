import { onTestFinished, vi } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { readStream, type StreamResult } from '../harness/stream-client.ts'
import { askAdmin, type AdminAnswer, type AdminQuestion } from '../people/ask-admin.ts'

export interface UpstreamShown {
  readonly name: string
  readonly url: string
  readonly state: string
  readonly origin: string
  readonly held: string | null
  readonly wake: string | null
  readonly running: number
  readonly priority: number
  readonly memory_bytes: number | null
  readonly models: readonly string[]
}

/** A server that goes when the test does. */
export async function startServer(options: FakeOllamaOptions = {}): Promise<FakeOllama> {
  const fake = await startFakeOllama(options)
  onTestFinished(() => fake.stop())
  return fake
}

/** A gateway that goes when the test does, which looks after its upstreams every second. */
export async function startFleet(
  upstreams: readonly object[],
  { folder, ...more }: Readonly<Record<string, unknown>> & { readonly folder?: string } = {},
): Promise<RunningGateway> {
  const config = { upstreams, routing: { health_interval: '1s', model_ttl: '1s' }, ...more }
  const gateway = await startGateway({ config, ...(folder !== undefined && { folder }) })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

export function ask<Body = UpstreamShown>(
  gateway: RunningGateway,
  call: string,
  question: AdminQuestion = {},
): Promise<AdminAnswer<Body>> {
  return askAdmin<Body>(gateway, call, question)
}

export async function shown(gateway: RunningGateway, name: string, key?: string): Promise<UpstreamShown | undefined> {
  const question = key === undefined ? {} : { key }
  const { body } = await ask<{ upstreams: UpstreamShown[] }>(gateway, 'GET /admin/status', question)
  return body.upstreams.find((upstream) => upstream.name === name)
}

export async function untilState(gateway: RunningGateway, name: string, state: string, key?: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const now = (await shown(gateway, name, key))?.state
      if (now !== state) throw new Error(`${name} is ${now} and should be ${state}`)
    },
    { timeout: 12_000, interval: 50 },
  )
}

/** What ran there is over, as far as the gateway knows. */
export async function untilIdle(gateway: RunningGateway, name: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const running = (await shown(gateway, name))?.running
      if (running !== 0) throw new Error(`${running} run on ${name}`)
    },
    { timeout: 12_000, interval: 50 },
  )
}

export interface ChatOptions {
  readonly on?: string
  readonly key?: string
}

/** A chat, streamed to its end. */
export function chat(gateway: RunningGateway, model: string, options: ChatOptions = {}): Promise<StreamResult> {
  const { on, key = gateway.adminKey } = options
  return readStream(`${gateway.url}/api/chat`, {
    headers: { authorization: `Bearer ${key}`, ...(on !== undefined && { 'corral-upstream': on }) },
    body: { model, messages: [{ role: 'user', content: 'hello' }] },
  })
}
