import { afterAll, beforeAll, expect, it } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { readStream, type StreamResult } from '../harness/stream-client.ts'
import { HOLDS_WITHIN_MS } from '../keys/opened.ts'
import { askAdmin } from '../people/ask-admin.ts'
import { openBrowser, type Browser } from './browser.ts'

let before: GatewayBefore

beforeAll(async () => {
  before = await startGatewayBefore({ tokensPerSecond: 50, answerTokens: 100_000 })
})
afterAll(() => before[Symbol.asyncDispose]())

interface LoggedIn {
  readonly browser: Browser
  /** What the session is told and asks for when it ends. */
  readonly streams: Readonly<Record<'live' | 'chat', Promise<StreamResult>>>
}

/** With a page that listens, and chats. */
async function logIn(user: string, ...args: string[]): Promise<LoggedIn> {
  const { gateway } = before
  const role = args.includes('admin') ? 'admin' : 'member'
  await askAdmin(gateway, 'POST /admin/users', { body: { name: user, role } })
  const key = await gateway.createKey({ name: `of-${user}`, user, args })
  const browser = openBrowser(gateway)
  expect(await browser.logIn({ key })).toMatchObject({ status: 200, body: { user, role } })
  const messages = [{ role: 'user', content: 'hello' }]
  const live = await begun(browser, 'GET /admin/live')
  const chat = await begun(browser, 'POST /admin/playground/chat', { model: 'tiny', messages })
  return { browser, streams: { live: live.ended, chat: chat.ended } }
}

/** Not in a promise of its own, which would wait for the end. */
interface Begun {
  readonly ended: Promise<StreamResult>
}

async function begun(browser: Browser, call: string, body?: unknown): Promise<Begun> {
  const [method = '', path = ''] = call.split(' ')
  const { url } = before.gateway
  const headers = { cookie: browser.cookie ?? '', origin: url, 'corral-csrf': browser.csrf ?? '' }
  return new Promise((resolve, reject) => {
    const ended = readStream(url + path, { method, headers, body, onChunk: () => resolve({ ended }) })
    ended.then(({ status, text }) => reject(new Error(`no stream but ${status} ${text}`)), reject)
  })
}

async function expectEnd({ browser, streams }: LoggedIn): Promise<void> {
  const asked = async () => (await browser.ask('GET /admin/me')).code
  await expect.poll(asked, { timeout: HOLDS_WITHIN_MS, interval: 20 }).toBe('no_session')
  const [live, chat] = await Promise.all([streams.live, streams.chat])
  expect(live.status).toBe(200)
  expect(chat.events.at(-1)?.text).toMatch(/^\{"error":"(The key was revoked|The session has ended)"\}$/)
  const change = await browser.ask('POST /admin/me/keys', { body: { name: 'afterwards' } })
  expect(change).toMatchObject({ status: 401, code: 'no_session' })
}

const ADMIN_TERMS = ['--scope', 'admin', '--scope', 'chat']

const endings: Readonly<Record<string, (user: string) => Promise<unknown>>> = {
  'its key is revoked': (user) => before.gateway.cli('key', 'revoke', `of-${user}`),
  'its key gets another secret, though the old one still opens it': (user) =>
    before.gateway.cli('key', 'rotate', `of-${user}`),
  'its user is disabled': (user) => before.gateway.cli('user', 'disable', user),
  'its user is deleted': (user) => askAdmin(before.gateway, `DELETE /admin/users/${user}`),
  'its user is no admin any more': (user) => before.gateway.cli('user', 'change', user, '--role', 'member'),
}

it.each(Object.entries(endings))('ends with its streams when %s', async (name, end) => {
  const user = `user-${Object.keys(endings).indexOf(name)}`
  const page = await logIn(user, ...ADMIN_TERMS)
  await end(user)
  await expectEnd(page)
})

it('ends with its streams when somebody logs out, and another session of the same key goes on', async () => {
  const page = await logIn('leaver', '--scope', 'chat')
  const { gateway } = before
  const link = await page.browser.ask('POST /admin/console-links', { body: {} })
  const other = openBrowser(gateway)
  expect(await other.logIn({ link: String(link.body['link']) })).toMatchObject({ status: 200 })
  expect(await page.browser.ask('DELETE /console/session')).toMatchObject({ status: 200 })
  await expectEnd(page)
  expect(await other.ask('GET /admin/me')).toMatchObject({ status: 200 })
})

it('ends with its streams when its key expires', async () => {
  const page = await logIn('guest', '--scope', 'chat')
  const body = { key: 'of-guest', expires_in_seconds: 1 }
  expect(await askAdmin(before.gateway, 'POST /admin/keys/change', { body })).toMatchObject({ status: 200 })
  await page.streams.live
  await expectEnd(page)
})
