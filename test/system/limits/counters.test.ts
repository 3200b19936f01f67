import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LimitUsesView } from '../../../src/admin/limit-schemas.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { askAdmin } from '../people/ask-admin.ts'

let before: GatewayBefore

beforeAll(async () => {
  before = await startGatewayBefore(
    { models: [{ name: 'embedder', capabilities: ['embedding'] }] },
    { config: { limits: { models: [{ match: 'embedder', tokens_per_day: 100 }] } } },
  )
})
afterAll(() => before[Symbol.asyncDispose]())

async function embed(key: string): Promise<number> {
  const { status } = await fetch(`${before.gateway.url}/v1/embeddings`, {
    ...{ method: 'POST', headers: { authorization: `Bearer ${key}` } },
    body: JSON.stringify({ model: 'embedder', input: 'x' }),
  })
  return status
}

async function limitsOf(call: 'GET /admin/me' | 'GET /admin/status', key?: string): Promise<LimitUsesView> {
  const { status, body } = await askAdmin<{ limits: LimitUsesView }>(
    before.gateway,
    call,
    key === undefined ? {} : { key },
  )
  expect(status).toBe(200)
  return body.limits
}

it('what is used of limits is told to admins of everybody, and to a caller of its own', async () => {
  const { gateway } = before
  const { body } = await askAdmin<{ key: { secret: string } }>(gateway, 'POST /admin/users', {
    body: { name: 'ann', limits: { tokens_per_month: 50 } },
  })
  const ann = await makeKey(gateway, { name: 'phone', user: 'ann', limits: { requests_per_minute: 3, concurrent: 2 } })
  const other = await makeKey(gateway, { limits: { requests_per_minute: 20 } })
  expect([await embed(ann), await embed(ann), await embed(other)]).toEqual([200, 200, 200])

  const ofKey = { scope: 'key', name: 'phone', reserved: 0 }
  const tokens = { scope: 'user', name: 'ann', limit: 'tokens_per_month', most: 50, used: 2, reserved: 0 }
  const requests = { ...ofKey, limit: 'requests_per_minute', most: 3, used: 2 }
  const concurrent = { ...ofKey, limit: 'concurrent', most: 2, used: 0 }
  expect(await limitsOf('GET /admin/me', ann)).toMatchObject([requests, concurrent, tokens])
  // The other key of the same user has used nothing of its own, and has no limits.
  expect(await limitsOf('GET /admin/me', body.key.secret)).toMatchObject([tokens])
  expect(await limitsOf('GET /admin/me')).toEqual([])

  expect(await limitsOf('GET /admin/status')).toMatchObject([
    requests,
    { scope: 'key', most: 20, used: 1 },
    tokens,
    { scope: 'model', name: 'embedder:latest', limit: 'tokens_per_day', most: 100, used: 3 },
    concurrent,
  ])
  expect((await askAdmin(gateway, 'GET /admin/status', { key: ann })).status).toBe(403)
  const { stdout, stderr } = await gateway.cli('status', '--once', '--server', gateway.url, '--key', gateway.adminKey)
  expect([stderr, stdout]).toEqual(['', expect.stringMatching(/^key phone +requests a minute +2 66% +3 +(1m|\d+s)$/m)])
})
