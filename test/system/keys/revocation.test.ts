import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { loggedExchange } from '../harness/request-log.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'
import { type EndlessStream, startStream } from './endless-stream.ts'
import { expectStatus, HOLDS_WITHIN_MS, statusWith } from './opened.ts'

const KEY_REVOKED = 'The key was revoked'

let before: GatewayBefore
let gateway: RunningGateway

beforeAll(async () => {
  before = await startGatewayBefore({ tokensPerSecond: 50, answerTokens: 100_000 })
  gateway = before.gateway
})
afterAll(() => before[Symbol.asyncDispose]())

async function cli(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await gateway.cli(...args)
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
  return stdout
}

/** The last words of a stream that ended within its time after `saidAt`. */
async function lastWords(stream: EndlessStream, saidAt: number): Promise<string> {
  const result = await stream.ended
  expect(result.endedAt - saidAt).toBeLessThan(HOLDS_WITHIN_MS)
  expect(result).toMatchObject({ status: 200, ending: 'complete', rest: '' })
  return result.events.at(-1)?.text ?? ''
}

describe('a key that the CLI revokes', () => {
  it('ends its running streams in-band, in every dialect, opens nothing more, and is logged', async () => {
    const key = await gateway.createKey({ name: 'shortlived' })
    const native = await startStream(gateway, key, { id: 'revoked-native' })
    const openai = await startStream(gateway, key, { dialect: 'openai' })
    const anthropic = await startStream(gateway, key, { dialect: 'anthropic' })
    await cli('key', 'revoke', 'shortlived')
    const saidAt = performance.now()
    expect(JSON.parse(await lastWords(native, saidAt))).toEqual({ error: KEY_REVOKED })
    expect(await lastWords(openai, saidAt)).toMatch(/^data: \{"error":\{"message":"The key was revoked"/)
    expect(await lastWords(anthropic, saidAt)).toMatch(/^event: error\ndata: \{"type":"error"/)
    await expectStatus(gateway, key, { status: 401 })
    await before.fake.counters.until((snapshot) => snapshot.running === 0, 1000)
    expect(await loggedExchange(gateway.folder, 'revoked-native')).toMatchObject({
      status: 200,
      ending: 'key-revoked',
      error: 'key_revoked',
    })
  })

  it('ends what waits for its first byte with an error', async () => {
    const key = await gateway.createKey({ name: 'waiting' })
    const clear = before.fake.faults.add({ kind: 'stall-before-first-byte', route: '/api/generate' })
    const asked = fetch(`${gateway.url}/api/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'tiny', prompt: 'hello' }),
    })
    await before.fake.counters.until((snapshot) => snapshot.running > 0)
    await cli('key', 'revoke', 'waiting')
    const response = await asked
    clear()
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({ error: KEY_REVOKED })
  })

  it('touches no other key of the same user', async () => {
    const [one, other] = await Promise.all([gateway.createKey({ name: 'one' }), gateway.createKey({ name: 'other' })])
    const stream = await startStream(gateway, other)
    await cli('key', 'revoke', 'one')
    await expectStatus(gateway, one, { status: 401 })
    const chunks = stream.chunks()
    await expect.poll(stream.chunks).toBeGreaterThan(chunks + 10)
    expect(await statusWith(gateway, other)).toBe(200)
    await cli('key', 'revoke', 'other')
    await stream.ended
  })
})

describe('a user whom the CLI disables', () => {
  it('loses the streams of every key at once, and gets the keys back when enabled', async () => {
    const first = (await cli('user', 'create', 'ann')).trim()
    const second = await gateway.createKey({ name: 'ann-laptop', user: 'ann' })
    const bystander = await startStream(gateway, before.key)
    const streams = [await startStream(gateway, first), await startStream(gateway, second)]
    await cli('user', 'disable', 'ann')
    const saidAt = performance.now()
    for (const stream of streams) expect(await lastWords(stream, saidAt)).toContain(KEY_REVOKED)
    for (const key of [first, second]) await expectStatus(gateway, key, { status: 401 })
    const chunks = bystander.chunks()
    await expect.poll(bystander.chunks).toBeGreaterThan(chunks + 5)
    await cli('user', 'enable', 'ann')
    for (const key of [first, second]) await expectStatus(gateway, key, { status: 200 })
  })
})

describe('a key that the CLI creates', () => {
  it('opens the door within a second', async () => {
    const key = await gateway.createKey()
    await expectStatus(gateway, key, { status: 200 })
  })

  it('ends by itself when it expires, its running stream too', async () => {
    const key = await gateway.createKey({ expires: '2s' })
    const createdAt = performance.now()
    await expectStatus(gateway, key, { status: 200 })
    const stream = await startStream(gateway, key)
    const { endedAt, events, ending } = await stream.ended
    expect(endedAt - createdAt).toBeLessThan(2000 + HOLDS_WITHIN_MS)
    expect(events.at(-1)?.text).toContain('"error"')
    expect(ending).toBe('complete')
    expect(await statusWith(gateway, key)).toBe(401)
  })
})

describe('a key in the path', () => {
  it('opens what its header form opens, but never what only an admin may', async () => {
    const headers = { authorization: `Bearer ${before.key}` }
    const asHeader = await fetch(`${gateway.url}/admin/users`, { headers })
    expect(asHeader.status).toBe(200)
    const inPath = `${gateway.url}/k/${before.key}`
    expect((await fetch(`${inPath}/api/tags`)).status).toBe(200)
    for (const path of ['/admin/users', '/admin/keys', '/admin/status']) {
      const response = await fetch(inPath + path)
      expect(response.status).toBe(403)
      expect(await response.text()).not.toContain('tiny')
    }
    const disabled = await fetch(`${inPath}/admin/users/disable`, { method: 'POST', body: '{"name":"admin"}' })
    expect(disabled.status).toBe(403)
    expect(await statusWith(gateway, before.key)).toBe(200)
    const health = await fetch(`${inPath}/health`)
    expect(await health.text()).not.toContain('upstreams')
  })
})
