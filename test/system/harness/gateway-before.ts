import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { startGateway, type GatewayOptions, type RunningGateway } from './start-gateway.ts'

export interface GatewayBefore extends AsyncDisposable {
  readonly fake: FakeOllama
  readonly gateway: RunningGateway
  /** Of user `admin`; empty where the gateway has its keys from elsewhere. */
  readonly key: string
}

/** One fake Ollama and one gateway before it, which keeps quiet about its health unless told otherwise. */
export async function startGatewayBefore(
  fakeOptions: FakeOllamaOptions = {},
  options: GatewayOptions = {},
): Promise<GatewayBefore> {
  const fake = await startFakeOllama({ models: [{ name: 'tiny' }], parallel: 16, ...fakeOptions })
  try {
    const config = { upstreams: [{ name: 'fake', url: fake.url }], ...options.config }
    const gateway = await startGateway({ ...options, config })
    return {
      fake,
      gateway,
      key: gateway.adminKey,
      async [Symbol.asyncDispose]() {
        await gateway[Symbol.asyncDispose]()
        await fake.stop()
      },
    }
  } catch (error) {
    await fake.stop()
    throw error
  }
}

export interface UpstreamFacts {
  readonly name: string
  readonly state: string
  readonly running: number
}

/** What the gateway tells an admin about its only upstream. */
export async function upstreamFacts({ gateway, key }: GatewayBefore): Promise<UpstreamFacts> {
  const response = await fetch(`${gateway.url}/health`, { headers: { authorization: `Bearer ${key}` } })
  const { upstreams } = (await response.json()) as { upstreams: UpstreamFacts[] }
  const [first] = upstreams
  if (first === undefined) throw new Error('the gateway tells of no upstream')
  return first
}
