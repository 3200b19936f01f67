import { expect, it } from 'vitest'
import { startGateway } from '../harness/start-gateway.ts'
import { openBrowser } from './browser.ts'

it('says whether a browser will keep the cookie, by how the request came', async () => {
  await using gateway = await startGateway({ config: { trusted_proxies: ['127.0.0.1'] } })
  const from = (protocol: string) => ({ 'x-forwarded-for': '10.0.0.7', 'x-forwarded-proto': protocol })
  for (const [protocol, secure] of Object.entries({ https: true, http: false })) {
    const browser = openBrowser(gateway)
    const asking = { body: { key: gateway.adminKey }, headers: from(protocol) }
    const answer = await browser.ask('POST /console/session', asking)
    expect(answer).toMatchObject({ status: 200, body: { secure } })
    // What the page asks next, to see whether it was kept.
    expect(await browser.ask('GET /console/session', { headers: from(protocol) })).toMatchObject({ code: 'no_session' })
  }
})

it('is the way to manage a gateway that asks for no keys', async () => {
  await using gateway = await startGateway({ config: { auth: { mode: 'none' } } })
  const none = await gateway.cli('console', '--url', gateway.url)
  expect([none.code, none.stderr]).toEqual([
    1,
    'corral: No key may administer: make one with "corral key create NAME --scope admin --scope chat"\n',
  ])
  const args = ['key', 'create', 'owner', '--scope', 'admin', '--scope', 'chat']
  const key = (await gateway.cli(...args)).stdout.trim()
  const browser = openBrowser(gateway)
  expect(await browser.ask('GET /console/session')).toMatchObject({ status: 401, code: 'no_session' })
  await expect.poll(async () => (await browser.logIn({ key })).status).toBe(200)
  expect(await browser.ask('GET /admin/users')).toMatchObject({ status: 200 })
  expect(await browser.ask('POST /admin/me/keys', { body: { name: 'more' } })).toMatchObject({ status: 201 })
  const forged = { headers: { origin: 'http://127.0.0.1:1' }, body: { name: 'forged' } }
  expect((await browser.ask('POST /admin/me/keys', forged)).status).toBe(403)
  // Everybody else still manages nothing, with the same key too.
  const headers = { authorization: `Bearer ${key}` }
  expect(await openBrowser(gateway).ask('GET /admin/users', { headers })).toMatchObject({ status: 403 })
  expect((await gateway.cli('key', 'revoke', 'owner')).code).toBe(0)
  await expect.poll(async () => (await browser.ask('GET /admin/me')).code).toBe('no_session')
})
