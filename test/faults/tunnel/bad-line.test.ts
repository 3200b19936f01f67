import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type HttpFault, type HttpRelay, startHttpRelay } from '../../fakes/fault-relay/http-relay.ts'
import { startFaultRelay, type FaultRelay } from '../../fakes/fault-relay/fault-relay.ts'
import type { Toxics } from '../../fakes/fault-relay/toxics.ts'
import { openSlowReader } from '../../system/backpressure/slow-reader.ts'
import { type AgentAndFake, type AgentScene, startAgentScene, tunnels } from '../../system/harness/agent-before.ts'
import { rawRequest } from '../../system/harness/raw-request.ts'
import { startAgent } from '../../system/harness/start-agent.ts'

const prompt = { model: 'tiny', prompt: 'hello' }

/** An answer and an upload of so many bytes, through the agent and directly: the same to the last byte. */
async function expectSameBytes(
  scene: AgentScene,
  { fake }: AgentAndFake,
  bytes: { readonly down: number; readonly up: number },
): Promise<void> {
  fake.faults.clear()
  fake.faults.add({ kind: 'flood', route: '/api/generate', bytes: bytes.down, lineBytes: 1000 })
  using direct = await openSlowReader(fake.port, rawRequest('/api/generate', { body: prompt }))
  using tunnelled = await openSlowReader(
    scene.gateway.port,
    rawRequest('/api/generate', { key: scene.key, body: prompt }),
  )
  expect(await tunnelled.body).toEqual(await direct.body)
  const blob = Buffer.alloc(bytes.up, `blob ${Math.random()} `)
  const digest = createHash('sha256').update(blob).digest('hex')
  expect(await upload(scene, digest, blob)).toMatch(/^HTTP\/1\.1 201 /)
  expect(fake.counters.requestsTo(`/api/blobs/sha256:${digest}`)).toEqual([
    expect.objectContaining({ bodyBytes: bytes.up, bodySha256: digest, ending: 'complete' }),
  ])
}

function upload({ gateway, key }: AgentScene, digest: string, blob: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1')
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      resolve(chunk.toString('latin1'))
      socket.destroy()
    })
    socket.on('close', () => reject(new Error('closed without an answer')))
    socket.write(rawRequest(`/api/blobs/sha256:${digest}`, { method: 'POST', key, contentLength: blob.length }))
    socket.write(blob)
  })
}

const lines: readonly (readonly [name: string, toxics: Toxics])[] = [
  ['cut into pieces of up to 30 bytes', { sliceBytes: 30 }],
  ['late and unsteady', { latencyMs: 20, jitterMs: 30 }],
  ['cut into pieces, late and unsteady', { sliceBytes: 300, latencyMs: 5, jitterMs: 20 }],
  ['slow', { bytesPerSecond: 400_000 }],
]

describe.each(tunnels)('a line of an agent via %s that is', (transport) => {
  let scene: AgentScene
  let relay: FaultRelay
  let far: AgentAndFake
  beforeAll(async () => {
    // A batch is heard once it is whole, which takes seconds on the worst of these lines.
    scene = await startAgentScene({ config: { agents: { heartbeat: '5s' } } })
    relay = await startFaultRelay(scene.gateway.url, { seed: 42 })
    far = await scene.addAgent({ transport, server: relay.url })
  })
  afterAll(async () => {
    await scene[Symbol.asyncDispose]()
    await relay[Symbol.asyncDispose]()
  })
  beforeEach(() => relay.use({}))

  it.each(lines)('%s carries every byte both ways, on one connection', async (_name, toxics) => {
    relay.use(toxics)
    // More than an agent gathers, and more than a stream's first credit.
    await expectSameBytes(scene, far, { down: 400_000, up: 1_200_000 })
    expect(far.agent.connections()).toHaveLength(1)
  })

  it('broken while it greets, at any byte, costs tries and nothing else', async () => {
    relay.use({})
    for (const [index, bytes] of [1, 150, 400, 700].entries()) {
      const direction = index % 2 === 0 ? 'up' : 'down'
      relay.cutNextAfter(bytes, direction)
      const agent = await startAgent({
        server: relay.url,
        key: scene.agentKey,
        ollama: far.fake.url,
        id: `cut-${index}`,
        transport,
        connectedMs: 25_000,
      })
      onTestFinished(() => agent[Symbol.asyncDispose]())
      expect(await agent.stop()).toBe(0)
    }
  })
})

describe('posts of an agent via sse that are', () => {
  let scene: AgentScene
  let relay: HttpRelay
  let far: AgentAndFake
  beforeAll(async () => {
    scene = await startAgentScene({ config: { agents: { heartbeat: '1s' } } })
    relay = await startHttpRelay(scene.gateway.url)
    far = await scene.addAgent({ transport: 'sse', server: relay.url })
  })
  afterAll(async () => {
    await scene[Symbol.asyncDispose]()
    await relay[Symbol.asyncDispose]()
  })

  const faults: readonly (readonly [name: string, fault: HttpFault])[] = [
    ['acknowledged into the void', 'lose-answer'],
    ['lost', 'lose-request'],
    ['doubled', 'double'],
    ['repeated late', 'late-copy'],
    ['overtaken', 'overtaken'],
  ]
  it.each(faults)('%s change no byte of an answer', async (_name, fault) => {
    relay.use([{ path: '/agent/v1/up', fault, every: 3 }])
    await expectSameBytes(scene, far, { down: 1_000_000, up: 1_200_000 })
    relay.use([])
    expect(relay.hits()[fault]).toBeGreaterThan(1)
    expect(far.agent.connections()).toEqual(['sse'])
    // A copy is taken for what it is, never for a gap.
    expect(new Set(relay.statuses('/agent/v1/up'))).toEqual(new Set([200]))
  })
})
