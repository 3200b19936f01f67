import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '../../../src/http/route-table.ts'
import type { RawConnection } from '../../faults/raw-connection.ts'
import { createAgentKey } from '../harness/start-agent.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { bearer, enter, frame, goodbye, greeting, HANDSHAKE, knock, opcodes } from './raw-agent.ts'
import { openStream } from './raw-stream.ts'

const AUTH_TOKEN = 'a-shared-token'

let gateway: RunningGateway
let clientKey: string
let agentKey: string

beforeAll(async () => {
  const config = { agents: { pools: [{ name: 'home' }], heartbeat: '60s' } }
  gateway = await startGateway({ config, env: { AUTH_TOKEN } })
  clientKey = await gateway.createKey({ scopes: ['chat', 'embed', 'models:read', 'models:write', 'admin', 'metrics'] })
  agentKey = await createAgentKey(gateway, { pools: ['home'] })
})
afterAll(() => gateway[Symbol.asyncDispose]())

/** What each way in for agents answers: the status and the code of the error. */
async function knockEverywhere(...fields: string[]): Promise<string[]> {
  const verdict = (text: string): string =>
    `${text.slice(9, 12)} ${/^corral-error: (\S+)\r$/m.exec(text)?.[1] ?? 'none'}`
  using upgrade = await knock(gateway, [...HANDSHAKE, ...fields])
  const verdicts = [verdict((await upgrade.closed()).text)]
  for (const path of ['/agent/v1/sse', '/agent/v1/up']) {
    const headers = new Headers(
      fields.map((field): [string, string] => {
        const colon = field.indexOf(':')
        return [field.slice(0, colon), field.slice(colon + 1)]
      }),
    )
    const answer = await fetch(gateway.url + path, { method: 'POST', headers, body: new Uint8Array(greeting('x')) })
    await answer.arrayBuffer()
    verdicts.push(`${answer.status} ${answer.headers.get('corral-error')}`)
  }
  return verdicts
}

async function greeted(raw: RawConnection, id: string, pool: string | null = null): Promise<RawConnection> {
  raw.write(frame(opcodes.binary, greeting(id, { pool })))
  await raw.until('"session_id"')
  return raw
}

describe('the ways in for agents', () => {
  it.each([
    ['no key', [], '401 no_credential'],
    ['a wrong key', ['Authorization: Bearer crl_wrong'], '401 wrong_credential'],
    ['a malformed key', ['Authorization: Bearer a b'], '401 malformed_credential'],
  ])('are closed to %s', async (_what, fields, expected) => {
    expect(await knockEverywhere(...fields)).toEqual([expected, expected, expected])
  })

  it('are closed to every key of a client, an admin too', async () => {
    const expected = Array.from({ length: 3 }, () => '403 missing_scope')
    expect(await knockEverywhere(bearer(clientKey))).toEqual(expected)
    expect(await knockEverywhere(`x-api-key: ${clientKey}`)).toEqual(expected)
  })

  it('take no key in the path or the query', async () => {
    for (const path of [`/k/${agentKey}/agent/v1`, `/agent/v1?key=${agentKey}`]) {
      using raw = await knock(gateway, HANDSHAKE, { path })
      expect((await raw.closed()).text).toMatch(/^HTTP\/1\.1 40[13] /)
    }
    using both = await knock(gateway, [...HANDSHAKE, bearer(agentKey)], { path: `/k/${agentKey}/agent/v1` })
    expect((await both.closed()).text).toMatch(/^HTTP\/1\.1 403 [^]*missing_scope/)
  })
})

describe('a key of an agent', () => {
  it('opens no route of a client or an admin', async () => {
    const others: readonly string[] = ['open', 'agent', 'session']
    const closed = routes.filter(({ scope }) => !others.includes(scope))
    expect(closed.length).toBeGreaterThan(20)
    const paths = closed.map(({ method, pattern }) => [method, pattern.replace(/[:*]\w+$/, 'x')] as const)
    for (const [method, path] of [...paths, ['GET', '/admin/keys'], ['POST', '/admin/keys']] as const) {
      const body = method === 'POST' || method === 'DELETE' ? '{}' : null
      const answer = await fetch(gateway.url + path, { method, body, headers: { authorization: `Bearer ${agentKey}` } })
      await answer.arrayBuffer()
      expect([`${method} ${path}`, answer.status]).toEqual([`${method} ${path}`, 403])
    }
    const headers = { authorization: `Bearer ${agentKey}` }
    for (const { method, pattern } of routes.filter(({ scope }) => scope === 'session'))
      expect((await fetch(gateway.url + pattern, { method, headers })).status).toBe(401)
  })

  it('joins the pools that it names and no other', async () => {
    using home = await greeted(await enter(gateway, agentKey), 'at-home')
    expect(home.text()).toContain('"pool":"home"')
    using elsewhere = await enter(gateway, agentKey)
    elsewhere.write(frame(opcodes.binary, greeting('astray', { pool: 'default' })))
    expect(await goodbye(elsewhere)).toBe('4403 The key is not of pool default')
  })

  it('ends its WebSockets and streams within a second of its revocation, greeted or not', async () => {
    const key = await createAgentKey(gateway, { name: 'leaver', pools: ['home'] })
    using silent = await enter(gateway, key)
    using talking = await greeted(await enter(gateway, key), 'talking')
    using stream = await openStream(gateway, key, greeting('streaming'))
    await stream.raw.until('data: ')
    using other = await greeted(await enter(gateway, agentKey), 'bystander')
    const headers = { authorization: `Bearer ${clientKey}` }
    const startedAt = performance.now()
    expect((await fetch(`${gateway.url}/admin/keys/leaver`, { method: 'DELETE', headers })).status).toBe(200)
    const words = '4401 The key is not valid any more'
    expect(await Promise.all([goodbye(silent), goodbye(talking)])).toEqual([words, words])
    await stream.raw.until(`event: close\ndata: ${words}`)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect((await stream.post(new Uint8Array(20))).status).toBe(401)
    expect(other.socket.destroyed).toBe(false)
  })
})

describe('AUTH_TOKEN', () => {
  it('is the one key that is both: a client, and an agent of pool default', async () => {
    const headers = { authorization: `Bearer ${AUTH_TOKEN}` }
    const body = '{"model":"m","messages":[{"role":"user","content":"hi"}]}'
    const counted = await fetch(`${gateway.url}/v1/messages/count_tokens`, { method: 'POST', headers, body })
    expect(counted.status).toBe(200)
    using raw = await greeted(await enter(gateway, AUTH_TOKEN), 'shared')
    expect(raw.text()).toContain('"pool":"default"')
    using astray = await enter(gateway, AUTH_TOKEN)
    astray.write(frame(opcodes.binary, greeting('shared-2', { pool: 'home' })))
    expect(await goodbye(astray)).toBe('4403 The key is not of pool home')
  })
})

describe('auth.mode: none', () => {
  it('lets agents into pool default, and no page', async () => {
    await using open = await startGateway({ config: { auth: { mode: 'none' } } })
    using raw = await knock(open, HANDSHAKE, { host: 'localhost' })
    await raw.until('101 Switching Protocols')
    raw.write(frame(opcodes.binary, greeting('anybody')))
    await raw.until('"pool":"default"')
    using page = await knock(open, [...HANDSHAKE, 'Origin: http://localhost:3000'], { host: 'localhost' })
    expect((await page.closed()).text).toMatch(/^HTTP\/1\.1 403 [^]*origin_denied/)
    using rebound = await knock(open, HANDSHAKE, { host: 'evil.example' })
    expect((await rebound.closed()).text).toMatch(/^HTTP\/1\.1 403 [^]*host_denied/)
  })

  it('that gives way to keys ends those who had none', async () => {
    await using open = await startGateway({ config: { auth: { mode: 'none' } } })
    using raw = await knock(open, HANDSHAKE, { host: 'localhost' })
    await raw.until('101 Switching Protocols')
    await greeted(raw, 'anybody')
    const config = JSON.parse(await readFile(open.configFile, 'utf8')) as object
    await writeFile(open.configFile, JSON.stringify({ ...config, auth: { mode: 'keys' } }))
    process.kill(open.pid, 'SIGHUP')
    expect(await goodbye(raw)).toBe('4401 The key is not valid any more')
  })
})
