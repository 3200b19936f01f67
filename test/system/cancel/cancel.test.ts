import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RequestRecord } from '../../fakes/fake-ollama/counters.ts'
import { openRaw, type RawConnection } from '../../faults/raw-connection.ts'
import { startGatewayBefore, upstreamFacts, type GatewayBefore } from '../harness/gateway-before.ts'
import { hasProcessFacts, openFiles } from '../harness/process-facts.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { loggedExchange } from '../harness/request-log.ts'
import { whenAtRest } from '../harness/when-at-rest.ts'

/** Within this after the client has left, the connection to the upstream is closed. */
const CLOSED_WITHIN_MS = 100
/** A machine that runs other things may be late once; a gateway that is late always is not excused by that. */
const TRIES = 3

let before: GatewayBefore

beforeAll(async () => {
  before = await startGatewayBefore({ tokensPerSecond: 100, answerTokens: 100_000 })
})
afterAll(() => before[Symbol.asyncDispose]())
beforeEach(() => before.fake.faults.clear())

const ways: Readonly<Record<string, (client: RawConnection) => void>> = {
  'closes its connection': (client) => void client.socket.destroy(),
  'resets its connection': (client) => client.reset(),
  'closes its sending side': (client) => client.half(),
}

interface State {
  readonly path: string
  readonly body: unknown
  /** When the client leaves. */
  readonly once: RegExp | 'asked'
  readonly stalls?: boolean
}

const messages = [{ role: 'user', content: 'hello' }]
const states: Readonly<Record<string, State>> = {
  'waits for the first byte of a native stream': {
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
  'reads a Responses stream': {
    path: '/v1/responses',
    body: { model: 'tiny', input: 'hello', stream: true },
    once: /output_text\.delta/,
  },
  'reads an Anthropic stream': {
    path: '/v1/messages',
    body: { model: 'tiny', max_tokens: 100_000, messages, stream: true },
    once: /content_block_delta/,
  },
}

let lastId = 0

function nextId(): string {
  lastId += 1
  return `cancel-test-${lastId}`
}

function asked(path: string): number {
  return before.fake.counters.snapshot().requests[`POST ${path}`] ?? 0
}

/** The next request the upstream gets for this path, once it satisfies. */
async function nextRequest(
  path: string,
  since: number,
  satisfied: (record: RequestRecord) => boolean = () => true,
): Promise<RequestRecord> {
  const last = (): RequestRecord | undefined => before.fake.counters.requestsTo(path).at(-1)
  await before.fake.counters.until(() => {
    const record = last()
    return asked(path) > since && record !== undefined && satisfied(record)
  })
  const record = last()
  if (record === undefined) throw new Error(`the upstream was not asked for ${path}`)
  return record
}

/** When the fake saw a connection close, by the clock of this process. */
async function closedAt(connection: number): Promise<number> {
  const { closes } = await before.fake.counters.until((snapshot) =>
    snapshot.closes.some((close) => close.connection === connection),
  )
  return closes.find((close) => close.connection === connection)?.at ?? Infinity
}

/** Brings one exchange into its state, leaves, and tells how long the upstream's connection lived on. */
async function leaveOnce(state: State, leave: (client: RawConnection) => void): Promise<{ id: string; ms: number }> {
  const { gateway, key } = before
  const id = nextId()
  const since = asked(state.path)
  using client = await openRaw(gateway.url)
  client.write(rawRequest(state.path, { key, id, body: state.body }))
  const { connection } = await nextRequest(state.path, since)
  if (state.once === 'asked') await pause(30)
  else await client.until(state.once)
  const leftAt = performance.now()
  leave(client)
  return { id, ms: (await closedAt(connection)) - leftAt }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function expectUnharmed(): Promise<void> {
  const { fake, gateway, key } = before
  expect(await upstreamFacts(before)).toMatchObject({ state: 'up', running: 0 })
  expect(gateway.stderr()).not.toContain('upstream is down')
  const { aborted } = fake.counters.snapshot()
  const response = await fetch(`${gateway.url}/api/generate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'tiny', prompt: 'next', stream: false, options: { num_predict: 1 } }),
  })
  expect(response.status).toBe(200)
  await response.text()
  expect(fake.counters.snapshot().aborted).toBe(aborted)
}

describe.each(Object.entries(states))('a client that %s', (_name, state) => {
  it.each(Object.entries(ways))('and %s ends the work for it at once', async (_way, leave) => {
    if (state.stalls === true) before.fake.faults.add({ kind: 'stall-before-first-byte', route: state.path })
    const ids: string[] = []
    let fastest = Infinity
    for (let attempt = 0; attempt < TRIES && fastest > CLOSED_WITHIN_MS; attempt += 1) {
      const { id, ms } = await leaveOnce(state, leave)
      ids.push(id)
      fastest = Math.min(fastest, ms)
    }
    expect(fastest).toBeLessThan(CLOSED_WITHIN_MS)
    before.fake.faults.clear()
    await expectUnharmed()
    for (const id of ids) {
      expect(await loggedExchange(before.gateway.folder, id)).toMatchObject({
        path: state.path,
        model: 'tiny:latest',
        upstream: 'fake',
        status: 499,
        ending: 'client-gone',
        error: null,
      })
    }
  })
})

describe('a client that leaves while it uploads', () => {
  it.each(Object.entries(ways))('a JSON body and %s: no upstream hears of it', async (_way, leave) => {
    const { gateway, key } = before
    const since = asked('/api/chat')
    const id = nextId()
    using client = await openRaw(gateway.url)
    client.write(rawRequest('/api/chat', { key, id, body: '{"model":"tiny","messages":[', contentLength: 50_000 }))
    await pause(30)
    leave(client)
    const line = await loggedExchange(gateway.folder, id)
    expect(line).toMatchObject({ path: '/api/chat', upstream: null, status: 499, ending: 'client-gone', error: null })
    expect(asked('/api/chat')).toBe(since)
    await expectUnharmed()
  })

  it.each(Object.entries(ways))('a blob and %s: the upload ends with it', async (_way, leave) => {
    const { gateway, key } = before
    const path = `/api/blobs/sha256:${'5'.repeat(64)}`
    const since = asked(path)
    const id = nextId()
    using client = await openRaw(gateway.url)
    client.write(rawRequest(path, { key, id, body: Buffer.alloc(100_000), contentLength: 1_000_000 }))
    const { connection } = await nextRequest(path, since, (record) => record.bodyBytes === 100_000)
    const leftAt = performance.now()
    leave(client)
    expect((await closedAt(connection)) - leftAt).toBeLessThan(1000)
    expect(await loggedExchange(gateway.folder, id)).toMatchObject({
      status: 499,
      ending: 'client-gone',
      bytesIn: 100_000,
    })
    await expectUnharmed()
  })
})

describe('many clients that leave', () => {
  it('leave no exchange, no connection to the upstream and no open file behind', async () => {
    const { fake, gateway, key } = before
    await expectUnharmed()
    const filesBefore = hasProcessFacts ? await openFiles(gateway.pid) : 0
    const connectionsBefore = fake.counters.snapshot().openConnections
    const paths = Object.values(states)
    const allWays = Object.values(ways)
    const leaveEarly = async (index: number): Promise<void> => {
      const state = paths[index % paths.length]
      if (state === undefined) return
      using client = await openRaw(gateway.url)
      client.write(rawRequest(state.path, { key, body: state.body }))
      await pause((index * 7) % 40)
      allWays[index % allWays.length]?.(client)
      await pause(5)
    }
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => leaveEarly(round * 20 + index)))
    }
    // The last of them may still wait to be accepted.
    await whenAtRest(() => fake.counters.snapshot().aborted + fake.counters.snapshot().running)
    await vi.waitFor(async () => expect(await upstreamFacts(before)).toMatchObject({ running: 0 }), 3000)
    await expectUnharmed()
    await fake.counters.until((snapshot) => snapshot.openConnections <= connectionsBefore + 1)
    // Idle connections kept to the upstream and for this test's own requests are a handful.
    if (hasProcessFacts) expect(await openFiles(gateway.pid)).toBeLessThanOrEqual(filesBefore + 4)
  })
})
