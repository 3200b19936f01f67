import { afterAll, beforeAll, expect, it } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'
import { startStream } from '../keys/endless-stream.ts'
import { expectStatus, statusWith } from '../keys/opened.ts'
import { askAdmin } from './ask-admin.ts'

let before: GatewayBefore
let gateway: RunningGateway

beforeAll(async () => {
  before = await startGatewayBefore({ tokensPerSecond: 50, answerTokens: 100_000 })
  gateway = before.gateway
})
afterAll(() => before[Symbol.asyncDispose]())

async function rotate(name: string, ...options: string[]): Promise<string> {
  const { code, stdout, stderr } = await gateway.cli('key', 'rotate', name, ...options)
  expect([code, stderr]).toEqual([0, expect.stringContaining('is shown this once')])
  expect(stderr).not.toContain(stdout.trim())
  return stdout.trim()
}

it('leaves the old secret its time, on a connection that it had opened before too, and not a second more', async () => {
  const old = await gateway.createKey({ name: 'two-secrets' })
  const stream = await startStream(gateway, old)
  const { body } = await askAdmin(gateway, 'POST /admin/keys/rotate', {
    body: { key: 'two-secrets', overlap_seconds: 5 },
  })
  const next = String(body['secret'])
  expect(next).not.toBe(old)
  expect(await statusWith(gateway, next)).toBe(200)
  expect(await statusWith(gateway, old)).toBe(200)
  await expectStatus(gateway, old, { status: 401, withinMs: 8000 })
  // What ran with it runs on: it is the same key.
  const chunks = stream.chunks()
  await expect.poll(stream.chunks).toBeGreaterThan(chunks + 5)
  expect(await statusWith(gateway, next)).toBe(200)
  expect((await gateway.cli('key', 'revoke', 'two-secrets')).code).toBe(0)
  await stream.ended
  await expectStatus(gateway, next, { status: 401 })
})

it('without an overlap ends the old secret and what runs with it, and only the newest but one lives on', async () => {
  const first = await gateway.createKey({ name: 'leaked' })
  const stream = await startStream(gateway, first)
  const second = await rotate('leaked', '--overlap', '0s')
  expect((await stream.ended).events.at(-1)?.text).toContain('The key was revoked')
  await expectStatus(gateway, first, { status: 401 })
  await expectStatus(gateway, second, { status: 200 })
  const third = await rotate('leaked')
  const fourth = await rotate('leaked')
  await expectStatus(gateway, fourth, { status: 200 })
  expect(await Promise.all([second, third, fourth].map((key) => statusWith(gateway, key)))).toEqual([401, 200, 200])
  const { body } = await askAdmin(gateway, 'GET /admin/keys/leaked')
  expect(body).toMatchObject({ name: 'leaked', state: 'active', hint: fourth.slice(-4) })
  const hours = (Date.parse(String(body['old_secret_until'])) - Date.now()) / 3_600_000
  expect(hours).toBeGreaterThan(23.9)
  expect(hours).toBeLessThanOrEqual(24)
})

it('is refused for a key that signs, is revoked or does not exist, in one line', async () => {
  await gateway.createKey({ name: 'gone' })
  await gateway.cli('key', 'revoke', 'gone')
  for (const [name, sentence] of [
    ['gone', 'There is no key "gone" ("corral user list" and "corral key list" say what there is)'],
    ['nobody', 'There is no key "nobody" ("corral user list" and "corral key list" say what there is)'],
  ] as const) {
    const { code, stdout, stderr } = await gateway.cli('key', 'rotate', name)
    expect([code, stdout, stderr]).toEqual([1, '', `corral: ${sentence}\n`])
  }
  const tooLong = await gateway.cli('key', 'rotate', 'first', '--overlap', '91d')
  expect([tooLong.code, tooLong.stderr]).toEqual([2, expect.stringContaining('up to 90d')])
})

it('an old secret cannot make, rotate or change what lasts longer than itself', async () => {
  const old = await gateway.createKey({ name: 'handover', scopes: ['admin', 'chat'] })
  const { body } = await askAdmin(gateway, 'POST /admin/keys/rotate', { body: { key: 'handover' } })
  const next = String(body['secret'])
  const wish = { body: { name: 'heir', scopes: ['chat'] } }
  expect(await askAdmin(gateway, 'POST /admin/keys', { key: old, ...wish })).toMatchObject({ code: 'missing_scope' })
  const again = { body: { key: 'handover' } }
  expect(await askAdmin(gateway, 'POST /admin/keys/rotate', { key: old, ...again })).toMatchObject({ status: 403 })
  expect(await askAdmin(gateway, 'POST /admin/keys', { key: next, ...wish })).toMatchObject({ status: 201 })
})
