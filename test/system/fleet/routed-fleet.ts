import { writeFile } from 'node:fs/promises'
import { onTestFinished, vi } from 'vitest'
import type { GatewayStatus } from '../../../src/admin/schemas.ts'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { readStream, type StreamResult } from '../harness/stream-client.ts'

export interface Upstream {
  /** What the fake is, and what the config says of it. */
  readonly fake?: FakeOllamaOptions
  readonly config?: Readonly<Record<string, unknown>>
}

/** Fakes behind a gateway that knows them by these names; all of it goes with the test. */
export interface RoutedFleet<Name extends string> {
  readonly gateway: RunningGateway
  readonly fakes: Readonly<Record<Name, FakeOllama>>
  /** One answer, read to its end. */
  chat(model: string, more?: ChatOptions): Promise<StreamResult>
  /** One that goes on until it is left. */
  hold(model: string): HeldChat
  status(): Promise<GatewayStatus>
  /** The config as it is, with these upstreams. */
  reload(upstreams: readonly Readonly<Record<string, unknown>>[]): Promise<void>
  entryOf(name: Name): Readonly<Record<string, unknown>>
}

export interface ChatOptions {
  readonly tokens?: number
  readonly signal?: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
}

export interface HeldChat {
  leave(): void
}

const ENDLESS = 1_000_000

export async function startRoutedFleet<Name extends string>(
  upstreams: Readonly<Record<Name, Upstream>>,
  config: Readonly<Record<string, unknown>> = {},
): Promise<RoutedFleet<Name>> {
  const names = Object.keys(upstreams) as Name[]
  const started = await Promise.all(names.map((name) => startFake(upstreams[name].fake)))
  const fakes = Object.fromEntries(started.map((fake, index) => [names[index], fake])) as Record<Name, FakeOllama>
  const entryOf = (name: Name): Record<string, unknown> => ({ name, url: fakes[name].url, ...upstreams[name].config })
  // An upstream may take as long to say that it lives: shorter, and a busy machine looks like a dead one.
  const routing = { health_interval: '1s', ...(config['routing'] as object | undefined) }
  const whole = { ...config, routing, upstreams: names.map(entryOf) }
  const gateway = await startGateway({ config: whole })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const headers = { authorization: `Bearer ${gateway.adminKey}` }

  const chat = (model: string, { tokens, signal, headers: own = {} }: ChatOptions = {}): Promise<StreamResult> => {
    const messages = [{ role: 'user', content: 'go on' }]
    const body = { model, messages, ...(tokens === undefined ? {} : { options: { num_predict: tokens } }) }
    const bound = signal === undefined ? {} : { signal }
    return readStream(`${gateway.url}/api/chat`, { body, headers: { ...headers, ...own }, ...bound })
  }
  return {
    gateway,
    fakes,
    chat,
    entryOf,
    hold(model) {
      const client = new AbortController()
      onTestFinished(() => client.abort())
      void chat(model, { tokens: ENDLESS, signal: client.signal }).catch(() => undefined)
      return { leave: () => client.abort() }
    },
    async status() {
      const response = await fetch(`${gateway.url}/admin/status`, { headers })
      return (await response.json()) as GatewayStatus
    },
    async reload(next) {
      const store = { url: `sqlite:${gateway.folder}/corral.db` }
      await writeFile(gateway.configFile, JSON.stringify({ store, ...whole, upstreams: next }))
      process.kill(gateway.pid, 'SIGHUP')
    },
  }
}

async function startFake(options: FakeOllamaOptions = {}): Promise<FakeOllama> {
  const fake = await startFakeOllama({ models: [{ name: 'm' }], ...options })
  onTestFinished(() => fake.stop())
  return fake
}

/** The name that the gateway says has answered. */
export function upstreamOf({ headers }: StreamResult): string | undefined {
  const name = headers['corral-upstream']
  return typeof name === 'string' ? name : undefined
}

export function chatsAt(fake: FakeOllama): number {
  return fake.counters.snapshot().requests['POST /api/chat'] ?? 0
}

/** Waits until it holds, for whatever takes its time. */
export function eventually(holds: () => unknown): Promise<unknown> {
  return vi.waitFor(holds, { timeout: 20_000, interval: 20 })
}
