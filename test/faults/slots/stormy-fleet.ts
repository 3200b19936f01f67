import { type FakeOllama, startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { createAgentKey, startAgent, type StartedAgent } from '../../system/harness/start-agent.ts'
import { type RunningGateway, startGateway } from '../../system/harness/start-gateway.ts'
import { MODELS } from './exchange-plan.ts'
import { giveConfig, type UpstreamShown, untilStatus } from './gateway-view.ts'

/** What is other than in the first config; null takes the upstream away. */
export type Change = Readonly<Record<string, unknown>> | null

/** `steady` is left alone by reloads; `turning` is not. The others are reached through agents. */
export type PlaceName = 'steady' | 'turning' | 'near' | 'far'

export interface StormyFleet extends AsyncDisposable {
  readonly gateway: RunningGateway
  readonly fakes: Readonly<Record<PlaceName, FakeOllama>>
  /** Secrets; each has its own place in the queue. */
  readonly keys: readonly string[]
  /** Another config for the upstream `turning`. */
  turn(change: Change): Promise<void>
  /** Kills the agent and starts it again. */
  restartAgent(name: 'near' | 'far'): Promise<void>
  /** The first config, every upstream up, with its models. */
  settle(): Promise<void>
}

const GB = 10 ** 9
const models = MODELS.map((name, index) => ({ name, sizeBytes: (4 + index) * GB }))
/** Loads take some milliseconds, and nobody holds all models at once. */
const quick: FakeOllamaOptions = { models, loadBytesPerSecond: 800 * GB, prefillTokensPerSecond: 20_000 }
const options: Readonly<Record<PlaceName, FakeOllamaOptions>> = {
  steady: { ...quick, parallel: 4, memoryBytes: 16 * GB },
  turning: { ...quick, parallel: 4, memoryBytes: 12 * GB },
  near: { ...quick, parallel: 4, maxLoaded: 2 },
  far: { ...quick, parallel: 2, maxLoaded: 3 },
}
/** A process that starts while all others are busy. */
const CONNECTED_MS = 60_000
const AGENTS = [
  { name: 'near', transport: 'ws' },
  { name: 'far', transport: 'sse' },
] as const

export async function startStormyFleet(): Promise<StormyFleet> {
  const started: AsyncDisposable[] = []
  const dispose = async (): Promise<void> => {
    for (const each of started.toReversed()) await each[Symbol.asyncDispose]()
  }
  try {
    const fakes = {
      steady: await startFakeOllama(options.steady),
      turning: await startFakeOllama(options.turning),
      near: await startFakeOllama(options.near),
      far: await startFakeOllama(options.far),
    }
    started.push(...Object.values(fakes))
    const gateway = await startGateway({ config: configOf(fakes, {}) })
    started.push(gateway)
    const agentKey = await createAgentKey(gateway, { name: 'agents' })
    const start = ({ name, transport }: (typeof AGENTS)[number]): Promise<StartedAgent> =>
      startAgent({
        id: name,
        server: gateway.url,
        key: agentKey,
        ollama: fakes[name].url,
        transport,
        connectedMs: CONNECTED_MS,
      })
    const agents = { near: await start(AGENTS[0]), far: await start(AGENTS[1]) }
    started.push({ [Symbol.asyncDispose]: async () => void (await Promise.all([end(agents.near), end(agents.far)])) })
    const keys = [gateway.adminKey, await makeKey(gateway, 'batch'), await makeKey(gateway, 'interactive')]
    const turn = (change: Change): Promise<void> => giveConfig(gateway, configOf(fakes, change))
    const fleet: StormyFleet = {
      gateway,
      fakes,
      keys,
      turn,
      async restartAgent(name) {
        await agents[name].kill9()
        await end(agents[name])
        agents[name] = await start(AGENTS[name === 'near' ? 0 : 1])
      },
      async settle() {
        await turn({})
        await untilStatus(gateway, ({ upstreams }) => upstreams.filter(isServing).length === 4, 60_000)
      },
      [Symbol.asyncDispose]: dispose,
    }
    await fleet.settle()
    return fleet
  } catch (error) {
    await dispose()
    throw error
  }
}

function configOf(fakes: StormyFleet['fakes'], change: Change): Readonly<Record<string, unknown>> {
  const { steady, turning } = fakes
  return {
    upstreams: [
      { name: 'steady', url: steady.url, slots: 4, memory: '16GB' },
      ...(change === null ? [] : [{ name: 'turning', url: turning.url, memory: '12GB', ...change }]),
    ],
    agents: { heartbeat: '500ms' },
    routing: {
      ...{ health_interval: '200ms', model_ttl: '1s', connect_timeout: '1s' },
      ...{ first_byte_timeout: '2s', idle_timeout: '1s', retry_budget: '40%', spill_after: '50ms' },
    },
    queue: { max_length: 28, max_wait: '4s' },
    log: { requests: false },
  }
}

function isServing({ state, models: listed }: UpstreamShown): boolean {
  return state === 'up' && listed.length === models.length
}

async function makeKey(gateway: RunningGateway, waitsAs: 'batch' | 'interactive'): Promise<string> {
  const response = await fetch(`${gateway.url}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}` },
    body: JSON.stringify({ name: waitsAs, class: waitsAs, scopes: ['chat', 'embed', 'models:read', 'models:write'] }),
  })
  const { secret } = (await response.json()) as { secret?: string }
  if (secret === undefined) throw new Error(`no key was made: ${response.status}`)
  return secret
}

async function end(agent: StartedAgent): Promise<void> {
  await agent[Symbol.asyncDispose]()
}
