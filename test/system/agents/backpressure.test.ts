import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openSlowReader, type SlowReader } from '../backpressure/slow-reader.ts'
import { type AgentAndFake, type AgentScene, startAgentScene, tunnels } from '../harness/agent-before.ts'
import { hasProcessFacts, residentMegabytes } from '../harness/process-facts.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { readStream } from '../harness/stream-client.ts'
import { whenAtRest } from '../harness/when-at-rest.ts'

const MEGABYTE = 1_000_000
/** What sockets, kernels, credit and both processes hold between an Ollama and a reader that has stopped, at most. */
const HELD_BYTES = 24 * MEGABYTE
const ANSWER_BYTES = 40 * MEGABYTE

const prompt = { model: 'tiny', prompt: 'hello' }

describe.each(tunnels)('via %s', (transport) => {
  let scene: AgentScene
  let far: AgentAndFake
  beforeAll(async () => {
    scene = await startAgentScene()
    far = await scene.addAgent({ transport, fake: { models: [{ name: 'tiny' }, { name: 'other' }] } })
  })
  afterAll(() => scene[Symbol.asyncDispose]())
  beforeEach(() => {
    far.fake.faults.clear()
    far.fake.faults.add({ kind: 'flood', route: '/api/generate', bytes: ANSWER_BYTES })
  })

  const written = (): number => far.fake.counters.snapshot().bytesOut

  function readThrough(): Promise<SlowReader> {
    return openSlowReader(scene.gateway.port, rawRequest('/api/generate', { key: scene.key, body: prompt }))
  }
  async function readDirectly(): Promise<{ sha256: string; bytes: number }> {
    using reader = await openSlowReader(far.fake.port, rawRequest('/api/generate', { body: prompt }))
    return await reader.body
  }
  /** One small answer on the same link; how long it took from its first line to its last. */
  async function neighbour(): Promise<number> {
    const answer = await readStream(`${scene.gateway.url}/api/chat`, {
      headers: { authorization: `Bearer ${scene.key}` },
      body: { model: 'other', messages: [{ role: 'user', content: 'hello' }], options: { num_predict: 50 } },
    })
    expect(answer).toMatchObject({ status: 200, ending: 'complete' })
    expect(answer.events).toHaveLength(51)
    return answer.events.at(-1)?.at ?? Infinity
  }

  it('a client that stops reading stops the Ollama, and gets every byte when it reads on', async () => {
    const expected = await readDirectly()
    const start = written()
    using reader = await readThrough()
    reader.pause()
    const atRest = await whenAtRest(written)
    expect(atRest - start).toBeGreaterThan(0)
    expect(atRest - start).toBeLessThan(HELD_BYTES)
    reader.resume()
    expect(await reader.body).toEqual(expected)
  })

  it('clients that stop reading do not slow their neighbours on the link', async () => {
    // Before anything stalls, and after it: the same work, so a factor and no time is compared.
    const free = await fastest(neighbour)
    const stalled = await Promise.all(Array.from({ length: 4 }, readThrough))
    for (const reader of stalled) reader.pause()
    await whenAtRest(written)
    expect(await fastest(neighbour)).toBeLessThan(10 * free + 100)
    using whole = await readThrough()
    expect((await whole.body).bytes).toBeGreaterThanOrEqual(ANSWER_BYTES)
    for (const reader of stalled) {
      expect(reader.received()).toBeLessThan(ANSWER_BYTES)
      reader[Symbol.dispose]()
    }
    await far.fake.counters.until((snapshot) => snapshot.running === 0)
  })

  it.skipIf(!hasProcessFacts)('twenty of them cost neither gateway nor agent much memory', async () => {
    const pids = [scene.gateway.pid, far.agent.pid]
    const before = await Promise.all(pids.map(residentMegabytes))
    const readers = await Promise.all(Array.from({ length: 20 }, readThrough))
    for (const reader of readers) reader.pause()
    await whenAtRest(written)
    const after = await Promise.all(pids.map(residentMegabytes))
    for (const reader of readers) reader[Symbol.dispose]()
    await far.fake.counters.until((snapshot) => snapshot.running === 0)
    for (const [index, megabytes] of after.entries()) expect(megabytes - (before[index] ?? 0)).toBeLessThan(80)
  })

  it('an upload to an Ollama that has stopped reading stops its sender, and arrives whole later', async () => {
    const { fake } = far
    const body = Buffer.alloc(ANSWER_BYTES, `corral ${transport} `)
    const digest = createHash('sha256').update(body).digest('hex')
    const path = `/api/blobs/sha256:${digest}`
    fake.faults.add({ kind: 'stall-upload', route: path, forMs: 2000 })
    const socket = connect(scene.gateway.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
    const sent = (): number => socket.bytesWritten - socket.writableLength
    socket.write(rawRequest(path, { method: 'POST', key: scene.key, contentLength: body.length }))
    for (let at = 0; at < body.length; at += MEGABYTE / 10) socket.write(body.subarray(at, at + MEGABYTE / 10))
    expect(await whenAtRest(sent)).toBeLessThan(HELD_BYTES)
    await expect.poll(() => answer, { timeout: 20_000 }).toMatch(/^HTTP\/1\.1 201 /)
    expect(fake.counters.requestsTo(path).at(-1)).toMatchObject({ bodyBytes: body.length, bodySha256: digest })
    socket.destroy()
  })
})

async function fastest(measure: () => Promise<number>): Promise<number> {
  let best = Infinity
  for (let i = 0; i < 3; i += 1) best = Math.min(best, await measure())
  return best
}
