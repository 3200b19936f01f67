import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminRoutes } from '../../../src/admin/routes.ts'
import { routes } from '../../../src/http/route-table.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { askAdmin } from '../people/ask-admin.ts'
import { openBrowser, type Browser } from './browser.ts'

let before: GatewayBefore
let browser: Browser

beforeAll(async () => {
  before = await startGatewayBefore()
  browser = openBrowser(before.gateway)
  await browser.logIn({ key: before.key })
})
afterAll(() => before[Symbol.asyncDispose]())

/** Without what a browser of the gateway's own page knows or says. */
const alone = { origin: null, 'corral-csrf': null }
const pathOf = (pattern: string): string => pattern.replace(/[:*]\w+$/, `sha256:${'0'.repeat(64)}`)
const isOfConsole = ({ pattern }: { pattern: string }): boolean => /^\/(admin|console)\//.test(pattern)

describe('the cookie', () => {
  it('opens nothing but the management API and the console', async () => {
    const others = routes.filter((route) => route.scope !== 'open' && !isOfConsole(route))
    expect(others.length).toBeGreaterThan(25)
    before.fake.counters.reset()
    for (const { method, pattern } of others) {
      const body = method === 'POST' || method === 'DELETE' ? { model: 'tiny' } : undefined
      const answer = await browser.ask(`${method} ${pathOf(pattern)}`, { body })
      expect([method, pattern, answer.status]).toEqual([method, pattern, 401])
      if (method !== 'HEAD') expect(answer.code).toBe('no_credential')
    }
    const asked = others.filter(({ method }) => method === 'POST')
    for (const { pattern } of asked) expect(before.fake.counters.requestsTo(pathOf(pattern)), pattern).toEqual([])
  })

  it('tells an admin nothing of the health, which is no part of the console', async () => {
    expect((await browser.ask('GET /health')).body).toEqual({ status: 'ok' })
  })

  it('is no key: neither in a header nor in the path', async () => {
    const token = String(browser.cookie?.split('=')[1])
    for (const headers of [{ authorization: `Bearer ${token}` }, { 'x-api-key': token }]) {
      const answer = await openBrowser(before.gateway).ask('GET /admin/me', { headers })
      expect(answer).toMatchObject({ status: 401, code: 'wrong_credential' })
    }
    expect(await openBrowser(before.gateway).ask(`GET /k/${token}/api/tags`)).toMatchObject({ status: 401 })
    expect(await openBrowser(before.gateway).logIn({ key: token })).toMatchObject({ status: 401 })
    expect(await openBrowser(before.gateway).logIn({ link: token })).toMatchObject({ status: 401, code: 'bad_link' })
  })

  it('goes with a key only where that is the very same', async () => {
    const other = await before.gateway.createKey({ name: 'other', scopes: ['admin', 'chat'] })
    const bearer = (key: string) => ({ headers: { ...alone, authorization: `Bearer ${key}` } })
    expect(await browser.ask('GET /admin/me', bearer(other))).toMatchObject({
      status: 400,
      code: 'conflicting_credentials',
    })
    expect(await browser.ask('GET /admin/me', bearer('wrong'))).toMatchObject({ status: 401, code: 'wrong_credential' })
    expect(await browser.ask(`GET /k/${other}/admin/me`)).toMatchObject({ status: 400 })
    // Who shows the key itself is no page that was tricked.
    const same = { ...bearer(before.key), body: { name: 'by-both' } }
    expect(await browser.ask('POST /admin/me/keys', same)).toMatchObject({ status: 201 })
    expect(await browser.ask(`GET /k/${before.key}/admin/me`)).toMatchObject({ status: 403, code: 'missing_scope' })
  })

  it('of a session that is over does not spoil a key, and is worth nothing alone', async () => {
    const stale = { cookie: '__Host-corral=crl_over' }
    expect(await browser.ask('GET /admin/me', { headers: stale })).toMatchObject({ status: 401, code: 'no_session' })
    const headers = { ...stale, authorization: `Bearer ${before.key}` }
    expect(await browser.ask('GET /admin/me', { headers })).toMatchObject({ status: 200 })
    expect(await browser.ask('GET /console/session', { headers })).toMatchObject({ status: 401, code: 'no_session' })
  })

  it('is not read where there are two of it', async () => {
    const headers = { cookie: `${browser.cookie}; __Host-corral=another` }
    expect(await browser.ask('GET /admin/me', { headers })).toMatchObject({ status: 401 })
  })
})

describe('what a page of somebody else can have a browser send', () => {
  const changes = [...routes, ...adminRoutes].filter(
    (route) => isOfConsole(route) && route.method !== 'GET' && route.scope !== 'open',
  )

  const forged: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
    'nothing but the cookie': alone,
    'no token': { 'corral-csrf': null },
    'a wrong token': { 'corral-csrf': 'A'.repeat(43) },
    'no origin': { origin: null },
    'the origin of another page': { origin: 'https://evil.example' },
    'the origin of another port': { origin: 'http://127.0.0.1:1' },
    'no origin that it may tell': { origin: 'null' },
    'a page of the same site': { 'sec-fetch-site': 'same-site' },
    'a page of another site': { 'sec-fetch-site': 'cross-site' },
  }

  it.each(Object.entries(forged))('changes nothing with %s', async (_what, headers) => {
    expect(changes.length).toBeGreaterThan(20)
    for (const { method, pattern } of changes) {
      const answer = await browser.ask(`${method} ${pathOf(pattern)}`, { headers, body: { name: 'forged' } })
      expect([pattern, answer.status, answer.code]).toEqual([pattern, 403, 'csrf_denied'])
    }
    expect(await browser.ask('GET /console/session')).toMatchObject({ status: 200 })
    const { body } = await askAdmin<{ name: string }[]>(before.gateway, 'GET /admin/users')
    expect(body.map(({ name }) => name)).toEqual(['admin'])
  })

  it('takes the token of no other session', async () => {
    const other = openBrowser(before.gateway)
    await other.logIn({ key: before.key })
    expect(other.csrf).not.toBe(browser.csrf)
    const headers = { 'corral-csrf': other.csrf ?? '' }
    const answer = await browser.ask('POST /admin/me/keys', { headers, body: { name: 'forged' } })
    expect(answer).toMatchObject({ status: 403, code: 'csrf_denied' })
  })

  it('reads nothing either, nor logs anybody in', async () => {
    for (const headers of [{ origin: 'http://127.0.0.1:1' }, { 'sec-fetch-site': 'same-site' }]) {
      expect(await browser.ask('GET /admin/keys', { headers })).toMatchObject({ status: 403, code: 'csrf_denied' })
      const logIn = { headers, body: { key: before.key } }
      expect(await browser.ask('POST /console/session', logIn)).toMatchObject({ status: 403, code: 'csrf_denied' })
    }
  })

  it('gets through from the page itself, also where a proxy in front has changed the Host', async () => {
    const headers = { origin: 'https://corral.example', 'sec-fetch-site': 'same-origin' }
    const answer = await browser.ask('POST /admin/me/keys', { headers, body: { name: 'through-a-proxy' } })
    expect(answer).toMatchObject({ status: 201 })
  })
})
