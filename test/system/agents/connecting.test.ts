import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type AgentScene, shownUpstreams, startAgentScene, tunnels, untilState } from '../harness/agent-before.ts'
import { createAgentKey, startAgent, type AgentOptions, type StartedAgent } from '../harness/start-agent.ts'
import { HOLDS_WITHIN_MS } from '../keys/opened.ts'

let scene: AgentScene
beforeAll(async () => {
  const pools = [{ name: 'home', models: ['tiny'] }, { name: 'lab' }]
  scene = await startAgentScene({ config: { agents: { pools, heartbeat: '500ms' } } })
})
afterAll(() => scene[Symbol.asyncDispose]())

let made = 0

/** Beside an Ollama that is not there, unless told otherwise; gone with the test. */
async function start(options: Partial<AgentOptions> = {}): Promise<StartedAgent> {
  const nowhere = 'http://127.0.0.1:9'
  const defaults = { server: scene.gateway.url, key: scene.agentKey, ollama: nowhere, id: `own-${(made += 1)}` }
  const agent = await startAgent({ ...defaults, ...options })
  onTestFinished(() => agent[Symbol.asyncDispose]())
  return agent
}

async function names(path = '/api/tags', key = scene.key): Promise<string[]> {
  const response = await fetch(scene.gateway.url + path, { headers: { authorization: `Bearer ${key}` } })
  const { models, data } = (await response.json()) as { models?: { name: string }[]; data?: { id: string }[] }
  return models?.map(({ name }) => name) ?? data?.map(({ id }) => id) ?? []
}

async function ask(model: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(`${scene.gateway.url}/api/generate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.key}`, ...headers },
    body: JSON.stringify({ model, prompt: 'hello', stream: false }),
  })
  return { status: response.status, text: await response.text() }
}

describe.each([...tunnels, 'auto'] as const)('an agent that automation starts with --transport %s', (transport) => {
  it('prints one line on stdout, is an upstream, brings its models, and leaves at SIGTERM', async () => {
    const id = `npm-${transport}`
    const model = `of-${transport}`
    const { agent } = await scene.addAgent({ id, transport, viaNpm: true, fake: { models: [{ name: model }] } })
    const used = transport === 'auto' ? 'ws' : transport
    expect(agent.stdout()).toBe(`corral agent ${id} connected ${used}\n`)
    expect(agent.stderr()).toMatch(/^Found Ollama 0\.24\.0, 1 model, at http:\/\/127\.0\.0\.1:\d+;/)
    expect(await shownUpstreams(scene.gateway)).toContainEqual(expect.objectContaining({ name: id, state: 'up' }))
    for (const path of ['/api/tags', '/v1/models']) expect(await names(path)).toContain(`${model}:latest`)
    expect(await ask(model)).toMatchObject({ status: 200 })
    expect(await agent.stop('SIGTERM')).toBe(0)
    await untilState(scene.gateway, id, 'down')
    expect(agent.connections()).toHaveLength(1)
  })
})

describe('an agent', () => {
  it('connects before its Ollama is there, and serves as soon as it is', async () => {
    const { agent, fake } = await scene.addAgent({ id: 'early', unawaited: true, fake: { models: [{ name: 'late' }] } })
    await agent.connected(1)
    await fake.setDoor('refuse')
    await agent.said(/Ollama does not answer/)
    await fake.setDoor('open')
    await untilState(scene.gateway, 'early', 'up')
    await vi.waitFor(async () => expect(await ask('late')).toMatchObject({ status: 200 }), { timeout: 10_000 })
    expect(await agent.stop()).toBe(0)
  })

  it('says what it found where another program answers for Ollama, and is not taken for one that serves', async () => {
    const page = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', () =>
        socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<html>no</html'),
      )
    })
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void page.close())
    const { port } = page.address() as AddressInfo // listening on TCP, so never a path
    const ollama = `http://127.0.0.1:${port}`
    const agent = await start({ ollama })
    expect(agent.stderr()).toMatch(new RegExp(`^No Ollama at ${ollama} yet \\(.+\\)`))
    await vi.waitFor(async () => {
      const shown = await shownUpstreams(scene.gateway)
      expect(shown.find(({ name }) => name === agent.id)?.state).not.toBe('up')
    })
    expect(await names()).not.toContain('no')
  })

  it('lets through what it was told to allow, and nothing else', async () => {
    const { agent, fake } = await scene.addAgent({
      id: 'shy',
      args: ['--allow', 'models:read', 'embed'],
      fake: { models: [{ name: 'guarded', capabilities: ['completion', 'embedding'] }] },
    })
    expect(await ask('guarded')).toEqual({ status: 403, text: '{"error":"Agent \\"shy\\" does not allow chat"}' })
    const show = await fetch(`${scene.gateway.url}/api/show`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: '{"model":"guarded"}',
    })
    expect(show.status).toBe(200)
    expect(fake.counters.requestsTo('/api/generate')).toEqual([])
    await agent.stop()
  })
})

describe('an agent with a key that', () => {
  it('is wrong is told so once, tries again slowly, and the key is in no output', async () => {
    for (const transport of tunnels) {
      const key = 'crl_0000000000000000000000000000000000000'
      const agent = await start({ key, transport, unawaited: true })
      await agent.said(/not connected: the gateway answered 401: .+/)
      expect(retryOf(agent)).toBeGreaterThan(30_000)
      expect(agent.stdout() + agent.stderr()).not.toContain(key)
    }
  })

  it('is for clients is refused, as is a client with a key for agents', async () => {
    const agent = await start({ key: scene.key, unawaited: true })
    await agent.said(/not connected: the gateway answered 403: .+/)
    const response = await fetch(`${scene.gateway.url}/api/tags`, {
      headers: { authorization: `Bearer ${scene.agentKey}` },
    })
    expect(response.status).toBe(403)
  })

  it.each(tunnels)('is of another pool, or of a pool that is not there, is refused: %s', async (transport) => {
    const other = await start({ transport, args: ['--pool', 'lab'], unawaited: true })
    await other.said(/not connected: The key is not of pool lab/)
    const { code, stderr } = await scene.gateway.cli('key', 'create', 'lost', '--agent', '--pool', 'nowhere')
    expect(code).not.toBe(0)
    expect(stderr).toContain('nowhere')
  })

  it('is of several pools says which one it wants', async () => {
    const key = await createAgentKey(scene.gateway, { pools: ['home', 'lab'] })
    const silent = await start({ key, unawaited: true })
    await silent.said(/say which with --pool/)
    const agent = await start({ key, args: ['--pool', 'lab'] })
    expect(await agent.stop()).toBe(0)
  })

  it('is of a pool for some models serves those, and tells which it does not', async () => {
    const key = await createAgentKey(scene.gateway, { pools: ['home'] })
    const { agent, fake } = await scene.addAgent({
      id: 'homely',
      key,
      fake: { models: [{ name: 'tiny' }, { name: 'huge' }] },
    })
    await agent.said(/Pool home serves tiny only: not served from here are huge:latest/)
    expect(await names()).toContain('tiny:latest')
    expect(await names()).not.toContain('huge:latest')
    expect((await ask('huge')).status).not.toBe(200)
    expect(fake.counters.requestsTo('/api/generate')).toEqual([])
    expect((await ask('tiny')).status).toBe(200)
    await agent.stop()
  })

  it.each(tunnels)('is revoked loses its link within a second: %s', async (transport) => {
    const name = `shortlived-${transport}`
    const key = await createAgentKey(scene.gateway, { name })
    const { agent, fake } = await scene.addAgent({
      id: name,
      key,
      transport,
      fake: { models: [{ name }], tokensPerSecond: 20, answerTokens: 100_000 },
    })
    const stream = await fetch(`${scene.gateway.url}/api/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: JSON.stringify({ model: name, prompt: 'hello' }),
    })
    const text = stream.text()
    const { code } = await scene.gateway.cli('key', 'revoke', name)
    const revokedAt = performance.now()
    expect(code).toBe(0)
    await untilState(scene.gateway, name, 'down')
    expect(performance.now() - revokedAt).toBeLessThan(HOLDS_WITHIN_MS)
    await agent.said(/not connected: /)
    expect((await text).trim().split('\n').at(-1)).toMatch(/^\{"error":".+"\}$/)
    await fake.counters.until((snapshot) => snapshot.running === 0)
    expect(retryOf(agent)).toBeGreaterThan(30_000)
  })
})

describe('an id', () => {
  it('belongs to the key that is connected under it', async () => {
    await scene.addAgent({ id: 'taken' })
    const key = await createAgentKey(scene.gateway)
    const thief = await start({ id: 'taken', key, unawaited: true })
    await thief.said(/not connected: Id taken is in use with another key, on host \S+/)
    expect(await shownUpstreams(scene.gateway)).toContainEqual(expect.objectContaining({ name: 'taken', state: 'up' }))
  })

  it.each(tunnels)('goes to the newest process; the one before stands back for a while: %s', async (transport) => {
    const id = `moved-${transport}`
    const model = { models: [{ name: id }] }
    const first = await scene.addAgent({ id, transport, fake: model })
    const second = await scene.addAgent({ id, transport, fake: model })
    await first.agent.said(/not connected: Another connection took the id, from host \S+/)
    expect(retryOf(first.agent)).toBeGreaterThan(30_000)
    await vi.waitFor(async () => expect(await ask(id)).toMatchObject({ status: 200 }))
    expect(first.fake.counters.requestsTo('/api/generate')).toEqual([])
    expect(second.fake.counters.requestsTo('/api/generate')).toHaveLength(1)
    await Promise.all([first.agent.stop(), second.agent.stop()])
  })
})

/** What the last line about it says. */
function retryOf(agent: StartedAgent): number {
  const lines = agent.stderr().match(/"retryInMs":\d+/g) ?? []
  return Number(lines.at(-1)?.split(':')[1])
}
