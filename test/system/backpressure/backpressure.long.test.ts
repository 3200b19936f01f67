import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { hasProcessFacts, residentMegabytes } from '../harness/process-facts.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { whenAtRest } from '../harness/when-at-rest.ts'
import { openSlowReader, type SlowReader } from './slow-reader.ts'

const BYTES = 200_000_000
/** Beyond what it took before; a gateway that gathers would take all of it. */
const MAY_GROW_MEGABYTES = 60

let before: GatewayBefore

beforeAll(async () => {
  before = await startGatewayBefore()
  before.fake.faults.add({ kind: 'flood', route: '/api/generate', bytes: BYTES })
})
afterAll(() => before[Symbol.asyncDispose]())

/** The most that was resident at any look until `work` is done, less what was before. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  if (!hasProcessFacts) {
    await work()
    return 0
  }
  const atFirst = await residentMegabytes(before.gateway.pid)
  let most = atFirst
  const timer = setInterval(
    () => void residentMegabytes(before.gateway.pid).then((now) => (most = Math.max(most, now))),
    50,
  )
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return most - atFirst
}

describe('200 MB', () => {
  it('pass through a reader that stops again and again: every byte, in flat memory', async () => {
    const prompt = { model: 'tiny', prompt: 'hello' }
    using direct = await openSlowReader(before.fake.port, rawRequest('/api/generate', { body: prompt }))
    const expected = await direct.body
    expect(expected.bytes).toBeGreaterThanOrEqual(BYTES)
    const written = (): number => before.fake.counters.snapshot().bytesOut
    const read = (): Promise<SlowReader> =>
      openSlowReader(before.gateway.port, rawRequest('/api/generate', { key: before.key, body: prompt }))
    // What a fast stream leaves to the garbage collector is not what a slow one makes wait.
    using fast = await read()
    expect(await fast.body).toEqual(expected)
    const grown = await growthDuring(async () => {
      using reader = await read()
      for (let stop = 0; stop < 10; stop += 1) {
        reader.pause()
        await whenAtRest(written, { quietMs: 300 })
        reader.resume()
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      expect(await reader.body).toEqual(expected)
    })
    expect(grown).toBeLessThan(MAY_GROW_MEGABYTES)
  })

  it('are uploaded to an upstream that stalls first: every byte, in flat memory', async () => {
    const { fake, gateway, key } = before
    const piece = Buffer.alloc(1_000_000, 'corral ')
    const hash = createHash('sha256')
    for (let sent = 0; sent < BYTES; sent += piece.length) hash.update(piece)
    const digest = hash.digest('hex')
    const path = `/api/blobs/sha256:${digest}`
    fake.faults.add({ kind: 'stall-upload', route: path, forMs: 3000 })
    const grown = await growthDuring(async () => {
      const socket = connect(gateway.port, '127.0.0.1')
      socket.on('error', () => undefined)
      let answer = ''
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
      socket.write(rawRequest(path, { method: 'POST', key, contentLength: BYTES }))
      for (let sent = 0; sent < BYTES; sent += piece.length) {
        if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve))
      }
      await expect.poll(() => answer, { timeout: 60_000 }).toMatch(/^HTTP\/1\.1 201 /)
      socket.destroy()
    })
    expect(fake.counters.requestsTo(path).at(-1)).toMatchObject({ bodyBytes: BYTES, bodySha256: digest })
    expect(grown).toBeLessThan(MAY_GROW_MEGABYTES)
  })
})
