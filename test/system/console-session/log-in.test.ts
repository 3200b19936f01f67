import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { askAdmin } from '../people/ask-admin.ts'
import { openBrowser } from './browser.ts'

let gateway: RunningGateway

beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway[Symbol.asyncDispose]())

describe('logging in', () => {
  it('gives a cookie that counts on the management API, and what the page needs to know', async () => {
    const browser = openBrowser(gateway)
    expect(await browser.ask('GET /console/session')).toMatchObject({ status: 401, code: 'no_session' })
    const { status, body, headers } = await browser.logIn({ key: gateway.adminKey })
    expect(status).toBe(200)
    expect(headers.get('set-cookie')).toMatch(
      /^__Host-corral=crl_[0-9A-Za-z]{33}; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
    )
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toEqual({
      user: 'admin',
      role: 'admin',
      scopes: ['chat', 'embed', 'models:read', 'models:write', 'admin', 'metrics'],
      key_name: 'first',
      csrf: expect.stringMatching(/^[0-9A-Za-z]{43}$/),
      expires_at: expect.any(String),
      secure: true,
    })
    const hours = (Date.parse(String(body['expires_at'])) - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(11.9)
    expect(hours).toBeLessThanOrEqual(12)
    const again = await browser.ask('GET /console/session')
    expect(again).toMatchObject({ status: 200, body: { user: 'admin', csrf: body['csrf'] } })
    expect(await browser.ask('GET /admin/me')).toMatchObject({ status: 200, body: { user: { name: 'admin' } } })
    expect(await browser.ask('GET /admin/users')).toMatchObject({ status: 200 })
  })

  it('is for members too, who see no more than with their key', async () => {
    const made = await askAdmin(gateway, 'POST /admin/users', { body: { name: 'ann' } })
    const key = (made.body['key'] as { secret: string }).secret
    const browser = openBrowser(gateway)
    const { body } = await browser.logIn({ key: ` ${key}\n` })
    expect(body).toMatchObject({ user: 'ann', role: 'member', scopes: ['chat', 'embed', 'models:read'] })
    expect(await browser.ask('GET /admin/me/keys')).toMatchObject({ status: 200 })
    expect(await browser.ask('GET /admin/users')).toMatchObject({ status: 403, code: 'missing_scope' })
    const own = await browser.ask('POST /admin/me/keys', { body: { name: 'laptop' } })
    expect(own).toMatchObject({ status: 201, body: { user: 'ann' } })
    const beyond = await browser.ask('POST /admin/me/keys', { body: { name: 'more', scopes: ['models:write'] } })
    expect(beyond).toMatchObject({ status: 403, code: 'missing_scope' })
  })

  it('is refused for what opens nothing, or nothing here, in a sentence', async () => {
    const browser = openBrowser(gateway)
    const wrong = await browser.logIn({ key: 'crl_nothing' })
    expect(wrong).toMatchObject({ status: 401, code: 'wrong_credential' })
    expect(wrong.headers.get('set-cookie')).toBeNull()
    for (const [name, args] of Object.entries({ home: ['--agent'], graphs: ['--scope', 'metrics'] })) {
      const key = await gateway.createKey({ name, args })
      expect(await browser.logIn({ key }), name).toMatchObject({ status: 403, code: 'missing_scope' })
    }
    for (const body of [{}, { key: gateway.adminKey, link: 'x' }, { key: '' }, [], 'x', { key: 1 }]) {
      const answer = await browser.ask('POST /console/session', { body })
      expect(answer, JSON.stringify(body)).toMatchObject({ status: 400, code: 'invalid_input' })
    }
    expect((await browser.ask('POST /console/session', { body: {} })).body).toEqual({
      error: '"key" or "link" is needed, and not both',
    })
  })

  it('takes the secret that a key has now, and not the one before', async () => {
    const old = await gateway.createKey({ name: 'turned' })
    const { body } = await askAdmin(gateway, 'POST /admin/keys/rotate', { body: { key: 'turned' } })
    const refused = await openBrowser(gateway).logIn({ key: old })
    expect(refused).toMatchObject({ status: 401, body: { error: 'The key "turned" was rotated: use its new secret' } })
    expect(await openBrowser(gateway).logIn({ key: String(body['secret']) })).toMatchObject({ status: 200 })
  })

  it('once more in the same browser ends what it was logged in as before', async () => {
    const browser = openBrowser(gateway)
    await browser.logIn({ key: gateway.adminKey })
    const former = Object.assign(openBrowser(gateway), { cookie: browser.cookie })
    await browser.logIn({ key: await gateway.createKey({ name: 'second' }) })
    expect(await browser.ask('GET /console/session')).toMatchObject({ status: 200, body: { key_name: 'second' } })
    expect(await former.ask('GET /console/session')).toMatchObject({ status: 401, code: 'no_session' })
    // One that fails ends nothing.
    const failed = await browser.ask('POST /console/session', { body: { key: 'wrong' } })
    expect([failed.status, (await browser.ask('GET /console/session')).status]).toEqual([401, 200])
  })

  it('lasts no longer than the key does', async () => {
    const key = await gateway.createKey({ name: 'brief', expires: '2h' })
    const { body } = await openBrowser(gateway).logIn({ key })
    const hours = (Date.parse(String(body['expires_at'])) - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(1.9)
    expect(hours).toBeLessThanOrEqual(2)
  })

  it('takes nothing large from whoever has shown no key yet', async () => {
    const body = { key: 'x'.repeat(20_000) }
    const answer = await openBrowser(gateway).ask('POST /console/session', { body })
    expect(answer).toMatchObject({ status: 413, code: 'body_too_large' })
  })

  it('is written into the audit log, and so is logging out', async () => {
    await gateway.createKey({ name: 'watched' }).then((key) => openBrowser(gateway).logIn({ key }))
    const { body } = await askAdmin<{ action: string; subject: string }[]>(gateway, 'GET /admin/audit?limit=1')
    expect(body).toMatchObject([{ action: 'console.login', subject: 'watched', user: 'admin', detail: { by: 'key' } }])
  })
})

describe('logging out', () => {
  it('ends this session and no other', async () => {
    const [one, other] = [openBrowser(gateway), openBrowser(gateway)]
    await one.logIn({ key: gateway.adminKey })
    await other.logIn({ key: gateway.adminKey })
    expect(one.cookie).not.toBe(other.cookie)
    const left = await one.ask('DELETE /console/session')
    expect(left).toMatchObject({ status: 200, body: { ended: true } })
    expect(left.headers.get('set-cookie')).toMatch(/^__Host-corral=; .*Max-Age=0$/)
    for (const path of ['/console/session', '/admin/me'])
      expect(await one.ask(`GET ${path}`)).toMatchObject({ status: 401, code: 'no_session' })
    expect(await other.ask('GET /admin/me')).toMatchObject({ status: 200 })
    const { body } = await askAdmin<{ action: string }[]>(gateway, 'GET /admin/audit?limit=1')
    expect(body).toMatchObject([{ action: 'console.logout', subject: 'first' }])
  })
})
