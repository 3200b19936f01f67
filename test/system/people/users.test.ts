import { Agent, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'
import { startStream } from '../keys/endless-stream.ts'
import { expectStatus, statusWith } from '../keys/opened.ts'
import { askAdmin } from './ask-admin.ts'

let before: GatewayBefore
let gateway: RunningGateway

beforeAll(async () => {
  before = await startGatewayBefore({
    models: [{ name: 'tiny' }, { name: 'other' }],
    tokensPerSecond: 50,
    answerTokens: 100_000,
  })
  gateway = before.gateway
})
afterAll(() => before[Symbol.asyncDispose]())

async function corral(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await gateway.cli(...args)
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
  return stdout.trim()
}

describe('a user who is deleted', () => {
  it('loses keys and streams at once, and leaves the name and the names of the keys to others', async () => {
    const old = await corral('user', 'create', 'ann')
    await expectStatus(gateway, old, { status: 200 })
    const stream = await startStream(gateway, old)
    await corral('user', 'delete', 'ann')
    expect((await stream.ended).events.at(-1)?.text).toContain('The key was revoked')
    await expectStatus(gateway, old, { status: 401 })
    const next = await corral('user', 'create', 'ann')
    await expectStatus(gateway, next, { status: 200 })
    expect(await statusWith(gateway, old)).toBe(401)
    const { body } = await askAdmin<{ keys: { state: string }[] }>(gateway, 'GET /admin/users/ann')
    expect(body.keys).toMatchObject([{ state: 'active', name: 'ann' }])
    const enabled = await gateway.cli('user', 'enable', 'nobody')
    expect([enabled.code, enabled.stderr]).toEqual([1, expect.stringContaining('There is no user "nobody"')])
  })
})

describe('a role', () => {
  it('says which scopes keys may have, and takes those away that are too much', async () => {
    const refused = await gateway.cli('user', 'create', 'root2', '--role', 'member', '--scope', 'admin')
    expect([refused.code, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toBe(
      'corral: "root2" is a member, whose keys cannot have the scope "admin": that takes the role admin\n',
    )
    expect(JSON.parse(await corral('user', 'list', '--json'))).not.toContainEqual(
      expect.objectContaining({ name: 'root2' }),
    )
    // Who is given such a key is an admin.
    const key = await corral('user', 'create', 'boss', '--scope', 'admin', 'chat', 'models:read')
    const metrics = await corral('key', 'create', 'boss-metrics', '--user', 'boss', '--scope', 'metrics')
    await expectStatus(gateway, metrics, { status: 403 })
    expect(await statusWith(gateway, key, '/admin/users')).toBe(200)
    await corral('user', 'change', 'boss', '--role', 'member')
    await expectStatus(gateway, metrics, { status: 401 })
    expect(await statusWith(gateway, key, '/admin/users')).toBe(403)
    expect(await statusWith(gateway, key)).toBe(200)
  })
})

describe('a key that is changed', () => {
  /** On one connection for as long as it is the same agent. */
  function askOver(agent: Agent, key: string, model: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const url = `${gateway.url}/api/show`
      const options = { agent, method: 'POST', headers: { authorization: `Bearer ${key}` } }
      const sent = request(url, options, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode ?? 0))
      })
      sent.once('error', reject).end(JSON.stringify({ model }))
    })
  }

  it('is another one for a connection that knew it before', async () => {
    const key = await gateway.createKey({ name: 'narrowing' })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      expect(await askOver(agent, key, 'other')).toBe(200)
      const { status, body } = await askAdmin(gateway, 'POST /admin/keys/change', {
        body: { key: 'narrowing', models: ['tiny'], limits: { requests_per_minute: 600 } },
      })
      expect([status, body]).toMatchObject([200, { models: ['tiny'], limits: { requests_per_minute: 600 } }])
      expect(await askOver(agent, key, 'other')).toBe(403)
      expect(await askOver(agent, key, 'tiny')).toBe(200)
    } finally {
      agent.destroy()
    }
  })

  it('keeps what is not named, and loses a limit that is none', async () => {
    await corral(
      'key',
      'create',
      'steps',
      '--limit',
      'concurrent=2',
      '--limit',
      'money_per_month=1.5',
      '--model',
      'tiny',
    )
    await corral(
      'key',
      'change',
      'steps',
      '--limit',
      'concurrent=none',
      '--limit',
      'tokens_per_day=10',
      '--expires',
      '1h',
    )
    const shown = JSON.parse(await corral('key', 'show', 'steps', '--json')) as Record<string, unknown>
    expect(shown).toMatchObject({ models: ['tiny'], limits: { money_per_month: 1.5, tokens_per_day: 10 } })
    expect(Object.keys(shown['limits'] as object)).toHaveLength(2)
    expect(shown['expires_at']).not.toBeNull()
    await corral('key', 'change', 'steps', '--expires', 'never', '--weight', '3')
    expect(JSON.parse(await corral('key', 'show', 'steps', '--json'))).toMatchObject({ expires_at: null, weight: 3 })
  })

  it.each([
    [['--limit', 'requests_per_minute=0'], 2, 'requests_per_minute must be a whole number from 1'],
    [['--limit', 'requests_per_minute=-5'], 2, 'requests_per_minute must be a whole number from 1'],
    [
      ['--limit', 'tokens_per_day=1.5'],
      2,
      'tokens_per_day must be a number of tokens from 1 on, such as 500000, 500k or 2M',
    ],
    [['--limit', 'tokens_per_day=0k'], 2, 'tokens_per_day must be a number of tokens from 1 on'],
    [['--limit', 'money_per_month=0'], 2, 'money_per_month must be a number above 0'],
    [['--limit', 'speed=9'], 2, 'It must be one of requests_per_minute, concurrent,'],
    [['--expires', '2020-01-31'], 1, 'The expiry lies in the past'],
    [['--expires', 'soon'], 2, '12h or 30d'],
    [['--expires', '2099-02-30'], 2, 'a day such as 2027-01-31'],
    [[], 2, 'Say what is to change'],
  ])('is not changed by %j', async (options, exitCode, sentence) => {
    const { code, stdout, stderr } = await gateway.cli('key', 'change', 'first', ...options)
    expect([code, stdout]).toEqual([exitCode, ''])
    expect(stderr).toContain(sentence)
    const { body } = await askAdmin(gateway, 'GET /admin/keys/first')
    expect(body).toMatchObject({ limits: {}, expires_at: null })
  })

  it.each([
    [{ limits: { requests_per_minute: 0 } }, '"limits.requests_per_minute" is not acceptable: must be 1 or more'],
    [{ limits: { money_per_month: -1 } }, '"limits.money_per_month" is not acceptable: must be more than 0'],
    [{ limits: { requests_per_hour: 5 } }, 'There is no field "requests_per_hour"'],
    [{ role: 'boss' }, '"role" must be one of admin, member'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'The expiry lies in the past'],
    [{ expires_at: '2090-01-01T00:00:00Z', expires_in_seconds: 5 }, 'give one of the two'],
  ])('nor is a user made with %j', async (terms, sentence) => {
    const body = { name: 'never', ...terms }
    expect(await askAdmin(gateway, 'POST /admin/users', { body })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining(sentence) },
    })
    expect((await askAdmin(gateway, 'GET /admin/users/never')).status).toBe(404)
  })
})
