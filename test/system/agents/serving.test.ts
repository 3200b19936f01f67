import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type AgentScene, startAgentScene, tunnels, untilState } from '../harness/agent-before.ts'
import { rawRequest } from '../harness/raw-request.ts'
import type { GatewayOptions } from '../harness/start-gateway.ts'
import { readStream, type StreamResult } from '../harness/stream-client.ts'

const messages = [{ role: 'user', content: 'hello' }]
const dialects = {
  ollama: { path: '/api/chat', body: { model: 'tiny', messages } },
  openai: { path: '/v1/chat/completions', body: { model: 'tiny', messages } },
  responses: { path: '/v1/responses', body: { model: 'tiny', input: 'hello' } },
  anthropic: { path: '/v1/messages', body: { model: 'tiny', max_tokens: 10, messages } },
} as const

async function start(options: GatewayOptions = {}): Promise<AgentScene> {
  const scene = await startAgentScene(options)
  onTestFinished(() => scene[Symbol.asyncDispose]())
  return scene
}

function post({ gateway, key }: AgentScene, path: string, body: object): Promise<StreamResult> {
  return readStream(gateway.url + path, { headers: { authorization: `Bearer ${key}` }, body })
}

function errorOf(answer: StreamResult): unknown {
  return JSON.parse(answer.text)
}

describe('without an agent', () => {
  it('a request is answered 503 in its own dialect, and with a time to come back', async () => {
    const scene = await start()
    const answers = await Promise.all(Object.values(dialects).map(({ path, body }) => post(scene, path, body)))
    for (const answer of answers) {
      expect([answer.status, answer.headers['corral-error']]).toEqual([503, 'no_upstream'])
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    }
    const [ollama, openai, responses, anthropic] = answers.map(errorOf)
    expect(ollama).toEqual({ error: expect.stringMatching(/^No agents available/) })
    for (const each of [openai, responses]) {
      expect(each).toMatchObject({ error: { message: expect.stringMatching(/^No agents available/) } })
    }
    expect(anthropic).toMatchObject({
      type: 'error',
      error: { message: expect.stringMatching(/^No agents available/) },
    })
  })

  it('a request waits as long as agents.wait for one that connects', async () => {
    const scene = await start({ config: { agents: { wait: '20s' } } })
    const asked = post(scene, dialects.ollama.path, { ...dialects.ollama.body, stream: false })
    const { fake } = await scene.addAgent()
    expect(await asked).toMatchObject({ status: 200, ending: 'complete' })
    expect(fake.counters.requestsTo('/api/chat')).toHaveLength(1)
  })

  it('a request waits for the one that left, and no longer than it may', async () => {
    const scene = await start({ config: { agents: { wait: '1s' } } })
    const { agent } = await scene.addAgent()
    await agent.kill9()
    await untilState(scene.gateway, agent.id, 'down')
    const startedAt = performance.now()
    const answer = await post(scene, dialects.openai.path, dialects.openai.body)
    expect(answer).toMatchObject({ status: 503, headers: { 'corral-error': 'no_upstream' } })
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(900)
    await scene.addAgent({ id: agent.id })
    expect(await post(scene, dialects.openai.path, dialects.openai.body)).toMatchObject({ status: 200 })
  })
})

describe('two agents', () => {
  it('share the requests for what both have, and each alone gets those for what it alone has', async () => {
    const scene = await start()
    const slow = { tokensPerSecond: 40, answerTokens: 20 }
    const a = await scene.addAgent({ fake: { ...slow, models: [{ name: 'tiny' }, { name: 'of-a' }] } })
    const b = await scene.addAgent({
      transport: 'sse',
      fake: { ...slow, models: [{ name: 'tiny' }, { name: 'of-b' }] },
    })
    // Waiting for a loaded model may be quicker than loading it elsewhere: both have it loaded.
    for (const { agent } of [a, b]) {
      const headers = { authorization: `Bearer ${scene.key}`, 'corral-upstream': agent.id }
      const body = { model: 'tiny', prompt: 'hello' }
      expect(await readStream(`${scene.gateway.url}/api/generate`, { headers, body })).toMatchObject({ status: 200 })
    }
    for (const { fake } of [a, b]) fake.counters.reset()
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post(scene, '/api/generate', { model: 'tiny', prompt: 'hello' })),
    )
    expect(answers.map(({ status, ending }) => [status, ending])).toEqual(answers.map(() => [200, 'complete']))
    // How many each gets is a matter of how fast it turns out to be.
    const counts = [a, b].map(({ fake }) => fake.counters.requestsTo('/api/generate').length)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(8)
    const shown = new Set(answers.map((answer) => answer.headers['corral-upstream']))
    expect(shown).toEqual(new Set([a.agent.id, b.agent.id]))
    expect(await post(scene, '/api/generate', { model: 'of-b', prompt: 'hello' })).toMatchObject({
      headers: { 'corral-upstream': b.agent.id },
    })
    const tags = await readStream(`${scene.gateway.url}/api/tags`, {
      headers: { authorization: `Bearer ${scene.key}` },
    })
    for (const name of ['tiny:latest', 'of-a:latest', 'of-b:latest']) expect(tags.text).toContain(`"${name}"`)
    expect(tags.text.match(/"name":"tiny:latest"/g)).toHaveLength(1)
  })

  it('of two pools are preferred by the priority of their pools', async () => {
    const pools = [
      { name: 'near', priority: 1 },
      { name: 'far', priority: 2 },
    ]
    const scene = await start({ config: { agents: { pools } } })
    const { code, stdout } = await scene.gateway.cli('key', 'create', 'both', '--agent', '--pool', 'near', 'far')
    expect(code).toBe(0)
    const key = stdout.trim()
    const far = await scene.addAgent({ key, args: ['--pool', 'far'] })
    const near = await scene.addAgent({ key, args: ['--pool', 'near'] })
    for (let i = 0; i < 3; i += 1) await post(scene, '/api/generate', { model: 'tiny', prompt: 'hello' })
    expect(near.fake.counters.requestsTo('/api/generate')).toHaveLength(3)
    await near.agent.kill9()
    expect(await post(scene, '/api/generate', { model: 'tiny', prompt: 'hello' })).toMatchObject({ status: 200 })
    expect(far.fake.counters.requestsTo('/api/generate')).toHaveLength(1)
  })
})

describe('an agent of a pool that says what it can', () => {
  it('is sent as many requests at once as the pool has slots, from the first one on', async () => {
    const scene = await start({ config: { agents: { pools: [{ name: 'default', slots: 3 }] } } })
    const { fake } = await scene.addAgent({ fake: { answerTokens: 40, tokensPerSecond: 40 } })
    const bodies = Array.from({ length: 8 }, () => post(scene, dialects.ollama.path, dialects.ollama.body))
    const running = (): number =>
      fake.counters.requestsTo('/api/chat').filter(({ ending }) => ending === 'running').length
    await expect.poll(running, { timeout: 10_000 }).toBe(3)
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, running())), 5)
    onTestFinished(() => clearInterval(watch))
    for (const answer of await Promise.all(bodies)) expect(answer).toMatchObject({ status: 200, ending: 'complete' })
    expect(most).toBe(3)
  })

  it('is not sent a model that is larger than its memory', async () => {
    const models = [
      { name: 'tiny', sizeBytes: 1e9 },
      { name: 'huge', sizeBytes: 30e9 },
    ]
    const scene = await start({ config: { agents: { pools: [{ name: 'default', memory: '8GB' }] } } })
    const { fake } = await scene.addAgent({ fake: { models } })
    const answer = await post(scene, dialects.ollama.path, { ...dialects.ollama.body, model: 'huge' })
    expect(answer).toMatchObject({ status: 503, headers: { 'corral-error': 'no_upstream' } })
    expect(answer.text).toMatch(/memory/)
    expect(fake.counters.requestsTo('/api/chat')).toEqual([])
    expect(await post(scene, dialects.ollama.path, dialects.ollama.body)).toMatchObject({ status: 200 })
  })
})

describe.each(tunnels)('an agent that comes back, via %s,', (transport) => {
  it('is asked at once how it is, and not at its time', async () => {
    const scene = await start({ config: { routing: { health_interval: '1h' } } })
    const other = await scene.addAgent({ transport, fake: { models: [{ name: 'other' }] } })
    const { agent } = await scene.addAgent({ transport })
    await agent.kill9()
    await untilState(scene.gateway, agent.id, 'down')
    await scene.addAgent({ id: agent.id, transport })
    expect(await post(scene, '/api/generate', { model: 'tiny', prompt: 'hello' })).toMatchObject({ status: 200 })
    expect(other.fake.counters.requestsTo('/api/generate')).toEqual([])
  })
})

describe.each(tunnels)('a blob of 64 MB, via %s,', (transport) => {
  it('arrives byte by byte, and is not asked for again', async () => {
    const scene = await start()
    const { fake } = await scene.addAgent({ transport })
    const piece = Buffer.alloc(1024 * 1024, 'corral blob ')
    const pieces = 64
    const hash = createHash('sha256')
    for (let i = 0; i < pieces; i += 1) hash.update(piece)
    const digest = hash.digest('hex')
    const path = `/api/blobs/sha256:${digest}`
    const socket = connect(scene.gateway.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
    socket.write(rawRequest(path, { method: 'POST', key: scene.key, contentLength: pieces * piece.length }))
    for (let i = 0; i < pieces; i += 1) {
      if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve))
    }
    await expect.poll(() => answer, { timeout: 25_000 }).toMatch(/^HTTP\/1\.1 201 /)
    expect(fake.counters.requestsTo(path).at(-1)).toMatchObject({
      bodyBytes: pieces * piece.length,
      bodySha256: digest,
    })
    const head = await fetch(scene.gateway.url + path, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${scene.key}` },
    })
    expect(head.status).toBe(200)
  })
})
