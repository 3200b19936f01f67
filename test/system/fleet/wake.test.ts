import dgram from 'node:dgram'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

const MAC = 'AA-bb-cc-dd-ee-0f'
const MAGIC = Buffer.from(`ffffffffffff${'aabbccddee0f'.repeat(16)}`, 'hex')

/** The network card of a sleeping machine: keeps the packets it hears. */
async function startCard(heard: (packet: Buffer) => void): Promise<number> {
  const card = dgram.createSocket('udp4')
  card.on('message', heard)
  await new Promise<void>((resolve) => card.bind(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => card.close(() => resolve())))
  return card.address().port
}

interface Scene {
  readonly gateway: RunningGateway
  readonly sleeper: FakeOllama
  readonly packets: Buffer[]
}

/** A machine that answers nobody until a packet reaches its card, and one that is always there. */
async function startScene({ wait, wakes }: { wait: string; wakes: boolean }): Promise<Scene> {
  const sleeper = await startFakeOllama({ models: [{ name: 'big' }] })
  const always = await startFakeOllama({ models: [{ name: 'small' }] })
  onTestFinished(async () => void (await Promise.all([sleeper.stop(), always.stop()])))
  await sleeper.setDoor('refuse')
  const packets: Buffer[] = []
  const port = await startCard((packet) => {
    packets.push(packet)
    if (wakes) void sleeper.setDoor('open')
  })
  const wake = { mac: MAC, address: '127.0.0.1', port, wait }
  const upstreams = [
    { name: 'gpu', url: sleeper.url, wake },
    { name: 'nas', url: always.url },
  ]
  const gateway = await startGateway({ config: { upstreams, routing: { health_interval: '10s' } } })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return { gateway, sleeper, packets }
}

function chat(gateway: RunningGateway, model: string, signal?: AbortSignal): Promise<Response> {
  return fetch(`${gateway.url}/api/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}` },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }], stream: false }),
    ...(signal === undefined ? {} : { signal }),
  })
}

describe('a machine that sleeps', () => {
  it('is woken by a request that only it can serve, which then waits and is answered', async () => {
    const { gateway, packets } = await startScene({ wait: '20s', wakes: true })
    const answers = await Promise.all([chat(gateway, 'big'), chat(gateway, 'big')])
    expect(answers.map((answer) => [answer.status, answer.headers.get('corral-upstream')])).toEqual([
      [200, 'gpu'],
      [200, 'gpu'],
    ])
    expect(packets).toEqual([MAGIC])
    expect(gateway.stderr()).toContain('waking upstream: a request can be served by no other')
    expect(gateway.stderr()).toContain('upstream is awake')
  })

  it('sleeps on while others can serve', async () => {
    const { gateway, packets } = await startScene({ wait: '20s', wakes: true })
    expect((await chat(gateway, 'small')).headers.get('corral-upstream')).toBe('nas')
    const lists = await fetch(`${gateway.url}/api/tags`, { headers: { authorization: `Bearer ${gateway.adminKey}` } })
    expect(lists.status).toBe(200)
    expect(packets).toEqual([])
  })

  it('is given up after its time with a 503 that names it', async () => {
    const { gateway, packets } = await startScene({ wait: '1500ms', wakes: false })
    const answer = await chat(gateway, 'big')
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { error: 'Upstream "gpu" was woken and has not come up yet' },
    ])
    expect(packets.length).toBeGreaterThan(0)
    expect(gateway.stderr()).toContain('upstream did not wake')
  })

  it('does not hold a client that leaves', async () => {
    const { gateway, packets } = await startScene({ wait: '20s', wakes: false })
    const leaver = new AbortController()
    const left = chat(gateway, 'big', leaver.signal).catch((error: Error) => error.name)
    await vi.waitFor(() => expect(packets.length).toBe(1), { timeout: 5000 })
    leaver.abort()
    expect(await left).toBe('AbortError')
    expect(await gateway.stop()).toBe(0)
  })
})
