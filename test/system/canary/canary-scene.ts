import { createServer } from 'node:http'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { vi } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { type FakeProvider, startFakeProvider } from '../../fakes/fake-provider/fake-provider.ts'
import { createAgentKey, startAgent, type StartedAgent } from '../harness/start-agent.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

/** Each long, and different in every form that a text may take. */
export const given = {
  prompt: 'canary-Prompt ä+/?&=1234-Prompt-canary',
  upstreamPassword: 'canary-Upstream+/2342-Password',
  providerKey: 'sk-canary-Provider-0815-abcdefgh',
  pepper: 'canary-Pepper-4242-0123456789abcdefgh',
  sharedToken: 'canary-Shared+4711/SharedToken',
  foreignToken: 'OLLAMA-0c0ffee0-1111-4111-8111-0c0ffee0c0de',
  importedToken: 'OLLAMA-0badcafe-2222-4222-8222-0badcafe0bad',
  collectorKey: 'canary-Collector-7331-CollectorKey',
  unknownKey: 'crl_UnknownUnknown0815UnknownUnknown',
} as const

/** A gateway with everything switched on, and all that it may tell anything to. */
export interface CanaryScene extends AsyncDisposable {
  readonly gateway: RunningGateway
  readonly ollama: FakeOllama
  readonly provider: FakeProvider
  readonly agent: StartedAgent
  /** May everything but be an agent. */
  readonly adminKey: string
  readonly agentKey: string
  /** What a collector of traces was sent. */
  collected(): string
}

const scopes = ['chat', 'embed', 'models:read', 'models:write', 'admin', 'metrics']

interface Collector extends AsyncDisposable {
  readonly url: string
  text(): string
}

async function startCollector(): Promise<Collector> {
  const chunks: Buffer[] = []
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => response.end('{}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    text: () => Buffer.concat(chunks).toString('latin1'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export async function startCanaryScene(): Promise<CanaryScene> {
  await using stack = new AsyncDisposableStack()
  const started = {
    models: [{ name: 'tiny', capabilities: ['completion', 'tools', 'embedding'] }],
    parallel: 16,
    hostCheck: false,
  }
  const ollama = stack.use(await startFakeOllama(started))
  const agentOllama = stack.use(await startFakeOllama({ ...started, models: [{ name: 'faraway' }] }))
  const provider = stack.use(await startFakeProvider({ key: given.providerKey }))
  const collector = stack.use(await startCollector())
  const gateway = stack.use(
    await startGateway({
      env: { AUTH_TOKEN: given.sharedToken },
      config: {
        upstreams: [
          { name: 'fake', url: ollama.url, username: 'corral', password: given.upstreamPassword },
          { name: 'provider', type: 'openai', url: provider.url, api_key: given.providerKey },
        ],
        auth: { tokens_file: 'authTokens.json' },
        store: { url: 'sqlite:corral.db', pepper: given.pepper },
        cache: { mode: 'all' },
        traces: { endpoint: collector.url, headers: `api-key=${given.collectorKey}` },
        log: { level: 'trace', bodies: 'on' },
      },
    }),
  )
  await writeFile(join(gateway.folder, 'authTokens.json'), JSON.stringify([given.foreignToken]))
  const adminKey = await gateway.createKey({ name: 'root', user: 'admin', scopes })
  const agentKey = await createAgentKey(gateway, { name: 'agents' })
  const dial = { server: gateway.url, key: agentKey, ollama: agentOllama.url, id: 'far' }
  const agent = stack.use(await startAgent(dial))
  await untilListed({ gateway, adminKey }, ['tiny:latest', 'faraway:latest', 'gpt-4'])
  const owned = stack.move()
  return {
    ...{ gateway, ollama, provider, agent, adminKey, agentKey },
    collected: collector.text,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

type Asker = Pick<CanaryScene, 'gateway' | 'adminKey'>

async function untilListed({ gateway, adminKey }: Asker, wanted: readonly string[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const headers = { authorization: `Bearer ${adminKey}` }
      const listed = await (await fetch(`${gateway.url}/v1/models`, { headers })).text()
      const missing = wanted.filter((name) => !listed.includes(name.replace(':latest', '')))
      if (missing.length > 0) throw new Error(`not listed: ${missing.join(', ')} in ${listed}`)
    },
    { timeout: 20_000, interval: 50 },
  )
}

/** Files that hold secrets because they were written into them. */
const WRITTEN_BY_HAND = new Set(['corral.json', 'authTokens.json'])

export async function filesIn(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !WRITTEN_BY_HAND.has(entry.name))
  const paths = files.map((entry) => join(entry.parentPath, entry.name))
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path, 'latin1')] as const)))
}
