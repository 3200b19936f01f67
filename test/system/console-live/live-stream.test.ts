import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { logsSchema } from '../../../src/admin/log-schemas.ts'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { startStream } from '../keys/endless-stream.ts'
import { listen } from './live-client.ts'

let before: GatewayBefore
beforeAll(async () => {
  before = await startGatewayBefore({ tokensPerSecond: 200, answerTokens: 100_000 })
})
afterAll(() => before[Symbol.asyncDispose]())

async function manage(method: string, path: string, body?: object): Promise<void> {
  const headers = { authorization: `Bearer ${before.key}` }
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const response = await fetch(before.gateway.url + path, init)
  expect(response.ok, `${method} ${path}: ${await response.text()}`).toBe(true)
}

async function makeUser(name: string, role: 'admin' | 'member', scopes?: readonly string[]): Promise<string> {
  await manage('POST', '/admin/users', { name, role })
  return makeKey(before.gateway, { user: name, name: `of-${name}`, ...(scopes && { scopes }) })
}

it('begins with who listens to what, and with the same status as is answered', async () => {
  const { gateway, key } = before
  using page = await listen(gateway.url, key)
  expect(page.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  })
  await page.until(() => page.of('exchanges').length > 0, 'everything was told once')
  expect(page.events.slice(0, 4).map(({ name }) => name)).toEqual(['hello', 'exchanges', 'status', 'jobs'])
  expect(page.asides).toContain('retry: 1000')
  expect(page.of('exchanges')[0]?.whole).toBe(true)
  const answer = await fetch(`${gateway.url}/admin/status`, { headers: { authorization: `Bearer ${key}` } })
  const { uptime_seconds: _, ...status } = (await answer.json()) as Record<string, unknown>
  expect(page.of('status').at(-1)).toMatchObject(status)
})

it('tells of an upstream that comes and goes, within moments', async () => {
  await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
  const config = { upstreams: [{ name: 'flaky', url: fake.url }], routing: { health_interval: '200ms' } }
  await using gateway = await startGateway({ config })
  using page = await listen(gateway.url, gateway.adminKey, { withinMs: 15_000 })
  const state = (): string | undefined => page.of('status').at(-1)?.upstreams[0]?.state
  await page.until(() => state() === 'up', 'it is up')
  await fake.setDoor('refuse')
  await page.until(() => state() === 'down', 'it is down')
  await fake.setDoor('open')
  await page.until(() => state() === 'up', 'it is up again')
})

describe('who may not listen any more hears the end of it', () => {
  it.each([
    ['its key is revoked', () => manage('DELETE', '/admin/keys/of-gone-1'), 'gone-1'],
    ['its user is disabled', () => manage('POST', '/admin/users/disable', { name: 'gone-2' }), 'gone-2'],
    [
      'its user is no admin any more',
      () => manage('POST', '/admin/users/change', { name: 'gone-3', role: 'member' }),
      'gone-3',
    ],
  ])('when %s', async (_name, end, user) => {
    const scopes = ['admin', 'chat', 'embed', 'models:read']
    const key = await makeUser(user, 'admin', scopes)
    using page = await listen(before.gateway.url, key)
    using other = await listen(before.gateway.url, before.key)
    await page.until(() => page.of('status').length > 0, 'it listens')
    await end()
    expect(await page.ended).toBe('complete')
    const told = other.events.length
    await startStream(before.gateway, before.key, { id: `after-${user}` })
    await other.until(() => other.events.length > told, 'another goes on')
    await manage('DELETE', `/admin/exchanges/after-${user}`)
  })
})

it('is for users: not for a key of an agent or for metrics, nor by the path, and the log is for admins', async () => {
  const { url } = before.gateway
  const agentKey = await makeKey(before.gateway, { scopes: ['agent'] })
  const metricsKey = await makeKey(before.gateway, { scopes: ['metrics'] })
  const member = await makeUser('curious', 'member')
  const refusals: [key: string, path: string][] = [
    [agentKey, '/admin/live'],
    [metricsKey, '/admin/live'],
    [agentKey, '/admin/exchanges'],
    [member, '/admin/live?logs=1'],
    [member, '/admin/logs'],
    [member, '/admin/config'],
  ]
  for (const [key, path] of refusals) {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } })
    expect([answer.status, answer.headers.get('corral-error')], path).toEqual([403, 'missing_scope'])
    await answer.text()
  }
  const byPath = await fetch(`${url}/k/${member}/admin/live`)
  expect(byPath.status).toBe(403)
})

it('who listens too often is told so', async () => {
  const key = await makeUser('tabs', 'member')
  const pages = await Promise.all(Array.from({ length: 32 }, () => listen(before.gateway.url, key)))
  await expect(listen(before.gateway.url, key)).rejects.toThrow('429 rate_limited')
  pages[0]?.[Symbol.dispose]()
  await expect
    .poll(() =>
      listen(before.gateway.url, key).then(
        (page) => pages.push(page),
        () => 0,
      ),
    )
    .toBe(33)
  for (const page of pages) page[Symbol.dispose]()
})

it('a reader that pauses gets less, not later', { timeout: 90_000 }, async () => {
  await using gateway = await startGateway()
  using page = await listen(gateway.url, gateway.adminKey, { query: '?logs=1', withinMs: 20_000 })
  await page.until(() => page.of('status').length > 0, 'it listens')
  const seen = page.of('log').length
  page.pause()
  // Lines that are long enough to fill what the kernel holds between here and there, and more than are remembered.
  const wrong = Object.fromEntries(Array.from({ length: 60 }, (_, each) => [`${'x'.repeat(3900)}${each}`, 1]))
  await writeFile(gateway.configFile, JSON.stringify(wrong))
  let last = await lastLine(gateway)
  for (let reload = 0; reload < 50; reload++) {
    process.kill(gateway.pid, 'SIGHUP')
    const before = last
    await expect
      .poll(async () => (last = await lastLine(gateway)), { timeout: 10_000, interval: 5 })
      .toBeGreaterThan(before)
  }
  page.resume()
  const told = () => page.of('log').slice(seen)
  await expect
    .poll(async () => told().at(-1)?.lines.at(-1)?.number === (await lastLine(gateway)), { timeout: 20_000 })
    .toBe(true)
  // Rounds tell of some reloads each; while none was taken, all that came was gathered for one.
  expect(Math.max(...told().map(({ missed, lines }) => missed + lines.length))).toBeGreaterThan(500)
  let next = told()[0]?.lines[0]?.number ?? 0
  for (const { missed, lines } of told()) {
    expect(lines[0]?.number).toBe(next + missed)
    next = (lines.at(-1)?.number ?? 0) + 1
  }
})

/** The number of the newest line of the log. */
async function lastLine({ url, adminKey }: RunningGateway): Promise<number> {
  const response = await fetch(`${url}/admin/logs?last=1`, { headers: { authorization: `Bearer ${adminKey}` } })
  return logsSchema.parse(await response.json()).lines[0]?.number ?? 0
}

it('a gateway that stops ends it at once, and the next one is another', async () => {
  await using first = await startGatewayBefore({ tokensPerSecond: 50, answerTokens: 100_000 })
  const page = await listen(first.gateway.url, first.key)
  await page.until(() => page.of('hello').length > 0, 'it listens')
  const runs = await startStream(first.gateway, first.key)
  void first.gateway.stop()
  // Long before what runs has ended.
  expect(await Promise.race([page.ended, runs.ended])).toBe('complete')
  await using second = await startGateway({ config: { upstreams: [] } })
  using next = await listen(second.url, second.adminKey)
  await next.until(() => next.of('hello').length > 0, 'it listens again')
  expect(next.of('hello')[0]?.started_at).not.toBe(page.of('hello')[0]?.started_at)
})
