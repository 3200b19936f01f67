import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { type AgentOptions, createAgentKey, startAgent, type StartedAgent } from './start-agent.ts'
import { type GatewayOptions, type RunningGateway, startGateway } from './start-gateway.ts'

/** How requests come to an Ollama: by its URL, or through an agent on one of the transports. */
export type Via = 'direct' | 'ws' | 'sse'

export const vias: readonly Via[] = ['direct', 'ws', 'sse']
export const tunnels: readonly ('ws' | 'sse')[] = ['ws', 'sse']

/** A gateway that has no upstream but agents. */
export interface AgentScene extends AsyncDisposable {
  readonly gateway: RunningGateway
  /** Of user `admin`. */
  readonly key: string
  /** Of pool `default`. */
  readonly agentKey: string
  /** One more agent, before an Ollama of its own unless told otherwise; gone with the scene. */
  addAgent(options?: AddedAgent): Promise<AgentAndFake>
}

export interface AddedAgent extends Partial<AgentOptions> {
  readonly fake?: FakeOllamaOptions
}

export interface AgentAndFake {
  readonly agent: StartedAgent
  readonly fake: FakeOllama
}

export async function startAgentScene(options: GatewayOptions = {}): Promise<AgentScene> {
  const started: AsyncDisposable[] = []
  const dispose = async (): Promise<void> => {
    for (const each of started.toReversed()) await each[Symbol.asyncDispose]()
  }
  try {
    const gateway = await startGateway(options)
    started.push(gateway)
    const agentKey = await createAgentKey(gateway, { name: 'agents' })
    let added = 0
    return {
      gateway,
      key: gateway.adminKey,
      agentKey,
      async addAgent({ fake: fakeOptions, ...given } = {}) {
        const fake = await startFakeOllama({ models: [{ name: 'tiny' }], parallel: 16, ...fakeOptions })
        started.push(fake)
        const id = given.id ?? `agent-${(added += 1)}`
        const defaults = { server: gateway.url, key: agentKey, ollama: fake.url, transport: 'ws' as const }
        const agent = await startAgent({ ...defaults, ...given, id })
        started.push(agent)
        if (given.unawaited !== true) await untilServing(gateway, id, fake)
        return { agent, fake }
      },
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** A gateway before one Ollama, by its URL or through an agent, which goes with the gateway. */
export async function startGatewayVia(via: Via, ollama: string, options: GatewayOptions = {}): Promise<RunningGateway> {
  if (via === 'direct') {
    return startGateway({ ...options, config: { upstreams: [{ name: 'far', url: ollama }], ...options.config } })
  }
  const gateway = await startGateway(options)
  try {
    const key = await createAgentKey(gateway)
    const agent = await startAgent({ server: gateway.url, key, ollama, id: 'far', transport: via })
    await untilState(gateway, 'far', 'up')
    return {
      ...gateway,
      async [Symbol.asyncDispose]() {
        await agent[Symbol.asyncDispose]()
        await gateway[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await gateway[Symbol.asyncDispose]()
    throw error
  }
}

export interface AgentFactsShown {
  readonly name: string
  readonly state: string
  readonly running: number
  readonly models: readonly string[]
}

/** Up is one thing, and known to have its models another: until then requests for them go elsewhere. */
async function untilServing(gateway: RunningGateway, name: string, fake: FakeOllama): Promise<void> {
  await untilState(gateway, name, 'up')
  if (fake.models.list().length === 0) return
  await untilShown(gateway, name, { isWanted: (shown) => (shown?.models.length ?? 0) > 0 })
}

/** What the gateway tells an admin about its upstreams, agents among them. */
export async function shownUpstreams(gateway: RunningGateway, key = gateway.adminKey): Promise<AgentFactsShown[]> {
  const response = await fetch(`${gateway.url}/health`, { headers: { authorization: `Bearer ${key}` } })
  const { upstreams } = (await response.json()) as { upstreams: AgentFactsShown[] }
  return upstreams
}

/** Waits until the gateway shows an upstream in this state; `absent`: not at all. */
export function untilState(
  gateway: RunningGateway,
  name: string,
  state: string,
  options: { readonly key?: string; readonly withinMs?: number } = {},
): Promise<void> {
  return untilShown(gateway, name, { ...options, isWanted: (shown) => (shown?.state ?? 'absent') === state })
}

interface Awaited {
  readonly isWanted: (shown: AgentFactsShown | undefined) => boolean
  readonly key?: string
  readonly withinMs?: number
}

async function untilShown(
  gateway: RunningGateway,
  name: string,
  { isWanted, key, withinMs = 10_000 }: Awaited,
): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const shown = await shownUpstreams(gateway, key)
    if (isWanted(shown.find((each) => each.name === name))) return
    if (performance.now() > deadline) throw new Error(`${name} is not as awaited: ${JSON.stringify(shown)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
