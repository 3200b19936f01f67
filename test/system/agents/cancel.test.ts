import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RequestRecord } from '../../fakes/fake-ollama/counters.ts'
import { type FaultRelay, startFaultRelay } from '../../fakes/fault-relay/fault-relay.ts'
import { openRaw, type RawConnection } from '../../faults/raw-connection.ts'
import {
  type AgentAndFake,
  type AgentScene,
  shownUpstreams,
  startAgentScene,
  tunnels,
} from '../harness/agent-before.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { loggedExchange } from '../harness/request-log.ts'
import { whenAtRest } from '../harness/when-at-rest.ts'

/** Within this after the client has left, the connection to the Ollama is closed; loopback has no delay. */
const CLOSED_WITHIN_MS = 100
/** A machine that runs other things may be late once; a tunnel that is late always is not excused by that. */
const TRIES = 5

const ways: Readonly<Record<string, (client: RawConnection) => void>> = {
  'closes its connection': (client) => void client.socket.destroy(),
  'resets its connection': (client) => client.reset(),
  'closes its sending side': (client) => client.half(),
}
const messages = [{ role: 'user', content: 'hello' }]

interface State {
  readonly path: string
  readonly body: unknown
  /** When the client leaves. */
  readonly once: RegExp | 'asked'
  readonly stalls?: boolean
}

const states: Readonly<Record<string, State>> = {
  'waits for the prompt to be read': {
    path: '/api/chat',
    body: { model: 'tiny', messages },
    once: 'asked',
    stalls: true,
  },
  'waits for an answer that is one whole': {
    path: '/api/generate',
    body: { model: 'tiny', prompt: 'hello', stream: false },
    once: 'asked',
  },
  'reads a native stream': { path: '/api/chat', body: { model: 'tiny', messages }, once: /"done":false/ },
  'reads an OpenAI stream': {
    path: '/v1/chat/completions',
    body: { model: 'tiny', messages, stream: true },
    once: /chat\.completion\.chunk/,
  },
}

let lastId = 0

describe.each(tunnels)('via %s', (transport) => {
  let scene: AgentScene
  let relay: FaultRelay
  let far: AgentAndFake

  beforeAll(async () => {
    scene = await startAgentScene()
    relay = await startFaultRelay(scene.gateway.url)
    const fake = { tokensPerSecond: 100, answerTokens: 100_000 }
    far = await scene.addAgent({ transport, server: relay.url, fake })
  })
  afterAll(async () => {
    await scene[Symbol.asyncDispose]()
    await relay[Symbol.asyncDispose]()
  })
  beforeEach(() => far.fake.faults.clear())

  function asked(path: string): number {
    return far.fake.counters.snapshot().requests[`POST ${path}`] ?? 0
  }

  async function nextRequest(
    path: string,
    since: number,
    satisfied: (record: RequestRecord) => boolean = () => true,
  ): Promise<RequestRecord> {
    const last = (): RequestRecord | undefined => far.fake.counters.requestsTo(path).at(-1)
    await far.fake.counters.until(() => {
      const record = last()
      return asked(path) > since && record !== undefined && satisfied(record)
    })
    const record = last()
    if (record === undefined) throw new Error(`the Ollama was not asked for ${path}`)
    return record
  }

  async function closedAt(connection: number): Promise<number> {
    const { closes } = await far.fake.counters.until((snapshot) =>
      snapshot.closes.some((close) => close.connection === connection),
    )
    return closes.find((close) => close.connection === connection)?.at ?? Infinity
  }

  /** How long the Ollama's connection lived on after the client of one exchange in this state had left. */
  async function leaveOnce(state: State, leave: (client: RawConnection) => void): Promise<{ id: string; ms: number }> {
    const id = `tunnel-cancel-${(lastId += 1)}`
    const since = asked(state.path)
    using client = await openRaw(scene.gateway.url)
    client.write(rawRequest(state.path, { key: scene.key, id, body: state.body }))
    const { connection } = await nextRequest(state.path, since)
    if (state.once === 'asked') await new Promise((resolve) => setTimeout(resolve, 30))
    else await client.until(state.once)
    const leftAt = performance.now()
    leave(client)
    return { id, ms: (await closedAt(connection)) - leftAt }
  }

  async function expectUnharmed(): Promise<void> {
    await expect
      .poll(() => shownUpstreams(scene.gateway), { timeout: 3000 })
      .toContainEqual(expect.objectContaining({ name: far.agent.id, state: 'up', running: 0 }))
    expect(far.agent.connections()).toHaveLength(1)
    const { aborted } = far.fake.counters.snapshot()
    const response = await fetch(`${scene.gateway.url}/api/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.key}` },
      body: JSON.stringify({ model: 'tiny', prompt: 'next', stream: false, options: { num_predict: 1 } }),
    })
    expect(response.status).toBe(200)
    await response.text()
    expect(far.fake.counters.snapshot().aborted).toBe(aborted)
  }

  describe.each(Object.entries(states))('a client that %s', (_name, state) => {
    it.each(Object.entries(ways))('and %s ends the work for it at once', async (_way, leave) => {
      if (state.stalls === true) far.fake.faults.add({ kind: 'stall-before-first-byte', route: state.path })
      const ids: string[] = []
      let fastest = Infinity
      for (let attempt = 0; attempt < TRIES && fastest > CLOSED_WITHIN_MS; attempt += 1) {
        const { id, ms } = await leaveOnce(state, leave)
        ids.push(id)
        fastest = Math.min(fastest, ms)
      }
      expect(fastest).toBeLessThan(CLOSED_WITHIN_MS)
      far.fake.faults.clear()
      await expectUnharmed()
      for (const id of ids) {
        expect(await loggedExchange(scene.gateway.folder, id)).toMatchObject({
          upstream: far.agent.id,
          status: 499,
          ending: 'client-gone',
          error: null,
        })
      }
    })
  })

  it('a client that leaves before the agent has heard of it: the Ollama is never asked, or let go', async () => {
    const since = asked('/api/chat')
    relay.stall('down')
    using client = await openRaw(scene.gateway.url)
    client.write(rawRequest('/api/chat', { key: scene.key, body: { model: 'tiny', messages } }))
    await expect
      .poll(async () => (await shownUpstreams(scene.gateway)).find(({ name }) => name === far.agent.id)?.running)
      .toBe(1)
    client.reset()
    relay.go()
    await expectUnharmed()
    await whenAtRest(() => far.fake.counters.snapshot().running + asked('/api/chat'))
    expect(far.fake.counters.snapshot().running).toBe(0)
    expect(asked('/api/chat') - since).toBeLessThanOrEqual(1)
  })

  it.each(Object.entries(ways))('a client that uploads a blob and %s ends the upload', async (_way, leave) => {
    const path = `/api/blobs/sha256:${'5'.repeat(64)}`
    const since = asked(path)
    using client = await openRaw(scene.gateway.url)
    const body = Buffer.alloc(2_000_000)
    client.write(rawRequest(path, { method: 'POST', key: scene.key, body, contentLength: 4_000_000 }))
    const { connection } = await nextRequest(path, since, (record) => record.bodyBytes === body.length)
    const leftAt = performance.now()
    leave(client)
    expect((await closedAt(connection)) - leftAt).toBeLessThan(1000)
    await expectUnharmed()
  })

  it('a client that leaves while its small blob is gathered: the Ollama never hears of it', async () => {
    const path = `/api/blobs/sha256:${'6'.repeat(64)}`
    using client = await openRaw(scene.gateway.url)
    client.write(
      rawRequest(path, { method: 'POST', key: scene.key, body: Buffer.alloc(50_000), contentLength: 100_000 }),
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    client.reset()
    await expectUnharmed()
    expect(far.fake.counters.requestsTo(path)).toEqual([])
  })

  it('clients that leave in crowds leave nothing behind', async () => {
    await expectUnharmed()
    const connectionsBefore = far.fake.counters.snapshot().openConnections
    const bodies = Object.values(states)
    const allWays = Object.values(ways)
    const leaveEarly = async (index: number): Promise<void> => {
      const state = bodies[index % bodies.length]
      if (state === undefined) return
      using client = await openRaw(scene.gateway.url)
      client.write(rawRequest(state.path, { key: scene.key, body: state.body }))
      await new Promise((resolve) => setTimeout(resolve, (index * 7) % 40))
      allWays[index % allWays.length]?.(client)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    for (let round = 0; round < 8; round += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => leaveEarly(round * 20 + index)))
    }
    await whenAtRest(() => far.fake.counters.snapshot().aborted + far.fake.counters.snapshot().running)
    await expectUnharmed()
    await far.fake.counters.until((snapshot) => snapshot.openConnections <= connectionsBefore + 1)
  })
})
