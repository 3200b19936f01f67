import { type FaultRelay, startFaultRelay } from '../../fakes/fault-relay/fault-relay.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { type AgentAndFake, type AgentScene, startAgentScene } from '../../system/harness/agent-before.ts'
import { readStream, type StreamResult } from '../../system/harness/stream-client.ts'

/** An agent behind a line that can go bad, asked first, and one on a good line that can stand in. */
export interface TunnelScene extends AsyncDisposable {
  readonly agents: AgentScene
  readonly relay: FaultRelay
  readonly near: AgentAndFake
  /** Null where the one behind the relay shall be alone. */
  readonly far: AgentAndFake | null
  /** Of both pools. */
  readonly agentKey: string
  stream(options?: StreamedRequest): Streamed
}

export interface StreamedRequest {
  readonly tokens?: number
  readonly path?: string
  readonly body?: object
}

export interface Streamed {
  /** Resolves with the first bytes of the answer's body. */
  readonly begun: Promise<void>
  readonly ended: Promise<StreamResult>
}

export interface TunnelSceneOptions {
  readonly transport: 'ws' | 'sse'
  readonly heartbeat?: string
  readonly alone?: boolean
  readonly fake?: FakeOllamaOptions
  readonly config?: object
}

const pools = [
  { name: 'near', priority: 1 },
  { name: 'far', priority: 2 },
]

export async function startTunnelScene(options: TunnelSceneOptions): Promise<TunnelScene> {
  const agentsConfig = { pools, heartbeat: options.heartbeat ?? '15s' }
  const agents = await startAgentScene({ config: { agents: agentsConfig, ...options.config } })
  const relay = await startFaultRelay(agents.gateway.url)
  const dispose = async (): Promise<void> => {
    await agents[Symbol.asyncDispose]()
    await relay[Symbol.asyncDispose]()
  }
  try {
    const { stdout } = await agents.gateway.cli('key', 'create', 'near-and-far', '--agent', '--pool', 'near', 'far')
    const key = stdout.trim()
    const { transport, fake } = options
    const common = { key, transport, ...(fake === undefined ? {} : { fake }) }
    const near = await agents.addAgent({ ...common, id: 'near', server: relay.url, args: ['--pool', 'near'] })
    const far = options.alone === true ? null : await agents.addAgent({ ...common, id: 'far', args: ['--pool', 'far'] })
    return {
      agents,
      relay,
      near,
      far,
      agentKey: key,
      stream(request = {}) {
        const { tokens = 100_000, path = '/api/generate' } = request
        const body = request.body ?? { model: 'tiny', prompt: 'hello', options: { num_predict: tokens } }
        let begin = (): void => undefined
        const begun = new Promise<void>((resolve) => (begin = resolve))
        const headers = { authorization: `Bearer ${agents.key}` }
        const ended = readStream(agents.gateway.url + path, { headers, body, onChunk: () => begin() })
        return { begun: Promise.race([begun, ended.then(() => undefined)]), ended }
      },
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Requests for an answer that an Ollama got. */
export function asks({ fake }: AgentAndFake): number {
  return fake.counters.requestsTo('/api/generate').length
}
