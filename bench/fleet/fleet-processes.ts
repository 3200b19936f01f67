import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import type { FakeOllamaOptions } from '../../test/fakes/fake-ollama/options.ts'
import { makeKey } from '../../test/system/harness/make-key.ts'
import { startGateway } from '../../test/system/harness/start-gateway.ts'
import {
  decodeMsPerToken,
  type Fleet,
  holds,
  MAX_LOADED,
  prefillMsPerToken,
  type ServerSpec,
} from '../routing/fleet.ts'
import { USERS } from '../routing/workload.ts'

export interface RunningFleet extends AsyncDisposable {
  readonly url: string
  /** One per user. */
  readonly keys: readonly string[]
  readonly adminKey: string
  /** Ends the servers; how often each began to load a model. */
  loads(): Promise<readonly number[]>
}

export interface FleetOrder {
  readonly fleet: Fleet
  readonly parallel: number
  /** Whether the gateway is told of the slots, or has to learn them. */
  readonly statesSlots: boolean
  /** How much faster time passes. */
  readonly speed: number
}

const KEEP_ALIVE_MS = 300_000
const CONTEXT_BYTES = 1e9
const LOAD_BYTES_PER_SECOND = 1.5e9
const LOAD_FIXED_MS = 1000
/** So that the pieces of a stream, and not their number, are what is measured. */
const TOKENS_PER_CHUNK = 8

interface FleetServer {
  readonly child: ChildProcess
  readonly url: string
  end(): Promise<number>
}

/** The fleet as processes behind a gateway, each in the same fast time. */
export async function startFleet({ fleet, speed, ...order }: FleetOrder): Promise<RunningFleet> {
  const env = {
    CORRAL_BENCH_SPEED: String(speed),
    CORRAL_BENCH_EPOCH: String(Date.now()),
    NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'fast-time.ts')).href}`,
  }
  const servers = await Promise.all(
    fleet.servers.map((spec) => startServer(ollamaOptions(fleet, spec, order.parallel), env)),
  )
  const upstreams = fleet.servers.map((spec, index) => ({
    name: spec.name,
    url: servers[index]?.url,
    memory: `${Math.floor(spec.memoryBytes / 2 ** 20)}MB`,
    ...(order.statesSlots ? { slots: order.parallel } : {}),
  }))
  const gateway = await startGateway({ config: { upstreams }, env })
  const keys: string[] = []
  for (let user = 0; user < USERS; user++) keys.push(await makeKey(gateway, { scopes: ['chat'] }))
  return {
    url: gateway.url,
    keys,
    adminKey: gateway.adminKey,
    loads: () => Promise.all(servers.map((server) => server.end())),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      for (const { child } of servers) child.kill('SIGKILL')
    },
  }
}

function ollamaOptions(fleet: Fleet, spec: ServerSpec, parallel: number): FakeOllamaOptions {
  const models = fleet.models
    .filter((model) => holds(spec, model))
    .map((model) => ({
      name: model.name,
      sizeBytes: model.fileBytes,
      prefillTokensPerSecond: 1000 / prefillMsPerToken(spec, model),
      tokensPerSecond: 1000 / decodeMsPerToken(spec, model),
    }))
  return {
    models,
    parallel,
    memoryBytes: spec.memoryBytes,
    contextBytes: CONTEXT_BYTES,
    maxLoaded: MAX_LOADED,
    keepAliveMs: KEEP_ALIVE_MS,
    loadBytesPerSecond: LOAD_BYTES_PER_SECOND,
    loadFixedMs: LOAD_FIXED_MS,
    tokensPerChunk: TOKENS_PER_CHUNK,
    contention: true,
  }
}

async function startServer(options: FakeOllamaOptions, env: NodeJS.ProcessEnv): Promise<FleetServer> {
  const program = join(import.meta.dirname, 'server.ts')
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('a server of the fleet ended without a word')
    return value
  }
  return {
    child,
    url: await nextLine(),
    async end() {
      child.kill('SIGTERM')
      return Number(await nextLine())
    },
  }
}
