import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { askAdmin } from '../people/ask-admin.ts'
import { openBrowser } from './browser.ts'

let gateway: RunningGateway

beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway[Symbol.asyncDispose]())

const ended = { status: 401, code: 'bad_link' }

/** What `corral console` prints, taken apart as the page does it. */
async function printed(
  ...args: string[]
): Promise<{ readonly url: string; readonly link: string; readonly said: string }> {
  const { code, stdout, stderr } = await gateway.cli('console', '--url', gateway.url, ...args)
  expect([code, stdout], stderr).toEqual([0, expect.stringMatching(/^http\S+\n$/)])
  const [url = '', link = ''] = stdout.trim().split('#link=')
  return { url, link, said: stderr }
}

describe('corral console', () => {
  it('prints a link that logs in once, with the first key that may administer', async () => {
    const { url, link, said } = await printed()
    expect(url).toBe(`${gateway.url}/console/`)
    expect(said).toMatch(/^It logs in once, until \d\d:\d\d:\d\d, with the key "first" of "admin"\n$/)
    expect(said).not.toContain(link)
    const browser = openBrowser(gateway)
    expect(await browser.logIn({ link })).toMatchObject({ status: 200, body: { user: 'admin', key_name: 'first' } })
    expect(await browser.ask('GET /admin/users')).toMatchObject({ status: 200 })
    const again = await openBrowser(gateway).logIn({ link })
    expect(again).toMatchObject(ended)
    expect(again.headers.get('set-cookie')).toBeNull()
  })

  it('logs in with the key that is named', async () => {
    await gateway.createKey({ name: 'viewer', scopes: ['chat'] })
    const { link } = await printed('--as', 'viewer')
    const { body } = await openBrowser(gateway).logIn({ link })
    expect(body).toMatchObject({ key_name: 'viewer', scopes: ['chat'] })
  })

  it('asks a running gateway where that is named, for the key it is given', async () => {
    const key = await gateway.createKey({ name: 'far', scopes: ['chat', 'models:read'] })
    const { url, link } = await printed('--server', gateway.url, '--key', key)
    expect(url).toBe(`${gateway.url}/console/`)
    expect(await openBrowser(gateway).logIn({ link })).toMatchObject({ status: 200, body: { key_name: 'far' } })
    const other = await gateway.cli('console', '--server', gateway.url, '--key', key, '--as', 'first')
    expect([other.code, other.stdout]).toEqual([1, ''])
    expect(other.stderr).toMatch(/^corral: A key makes links for itself alone: .*\n$/)
  })

  it('says in one line what cannot be', async () => {
    await gateway.createKey({ name: 'house', args: ['--agent'] })
    const lines: Record<string, string[]> = {
      'There is no key "nobody" ("corral user list" and "corral key list" say what there is)': ['--as', 'nobody'],
      'The key "house" is for agents or metrics: those open no console': ['--as', 'house'],
      '--url "ftp://x" is not an http or https URL': ['--url', 'ftp://x'],
    }
    for (const [line, args] of Object.entries(lines)) {
      const { code, stdout, stderr } = await gateway.cli('console', '--url', gateway.url, ...args)
      expect([code === 0, stdout, stderr]).toEqual([false, '', `corral: ${line}\n`])
    }
  })

  it('says what is in the way of a browser', async () => {
    const nowhere = await gateway.cli('console', '--url', 'http://127.0.0.1:1')
    expect(nowhere).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing answers at http://127.0.0.1:1') })
    const plain = await gateway.cli('console', '--url', 'http://gpu.invalid:11435')
    expect(plain).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Browsers keep no session over plain HTTP'),
    })
  })
})

describe('a link', () => {
  it('is made for the key that asks, by key or by session, and told of in the audit log', async () => {
    const key = await gateway.createKey({ name: 'phone', scopes: ['chat'] })
    const made = await askAdmin(gateway, 'POST /admin/console-links', { key, body: {} })
    expect(made).toMatchObject({ status: 201, body: { key_name: 'phone', user: 'admin' } })
    expect(made.body['url']).toBe(`/console/#link=${String(made.body['link'])}`)
    const seconds = (Date.parse(String(made.body['expires_at'])) - Date.now()) / 1000
    expect(seconds).toBeGreaterThan(50)
    expect(seconds).toBeLessThanOrEqual(60)
    const browser = openBrowser(gateway)
    await browser.logIn({ link: String(made.body['link']) })
    const next = await browser.ask('POST /admin/console-links', { body: {} })
    expect(next).toMatchObject({ status: 201, body: { key_name: 'phone' } })
    const { body } = await askAdmin<object[]>(gateway, 'GET /admin/audit?limit=3')
    expect(body).toMatchObject([
      { action: 'console.link', subject: 'phone' },
      { action: 'console.login', subject: 'phone', detail: { by: 'link' } },
      { action: 'console.link', subject: 'phone' },
    ])
    expect(JSON.stringify(body)).not.toContain(String(next.body['link']))
  })

  it('is spent by the first of many who come at once', async () => {
    const { body } = await askAdmin(gateway, 'POST /admin/console-links', { body: {} })
    const link = String(body['link'])
    const answers = await Promise.all(Array.from({ length: 10 }, () => openBrowser(gateway).logIn({ link })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ code }) => code === 'bad_link')).toHaveLength(9)
  })

  it('ends with the secret and the key that it was made for', async () => {
    const endings: Record<string, (name: string) => Promise<unknown>> = {
      rotated: (name) => askAdmin(gateway, 'POST /admin/keys/rotate', { body: { key: name } }),
      revoked: (name) => askAdmin(gateway, `DELETE /admin/keys/${name}`),
    }
    for (const [how, end] of Object.entries(endings)) {
      const key = await gateway.createKey({ name: `linked-${how}` })
      const { body } = await askAdmin(gateway, 'POST /admin/console-links', { key, body: {} })
      await end(`linked-${how}`)
      expect(await openBrowser(gateway).logIn({ link: String(body['link']) }), how).toMatchObject(ended)
    }
  })

  it('is not made by the secret before the last rotation, which ends sooner', async () => {
    const old = await gateway.createKey({ name: 'handed-over' })
    await askAdmin(gateway, 'POST /admin/keys/rotate', { body: { key: 'handed-over' } })
    const answer = await askAdmin(gateway, 'POST /admin/console-links', { key: old, body: {} })
    expect(answer).toMatchObject({ status: 403, code: 'missing_scope' })
    expect(answer.body['error']).toBe('The key "handed-over" was rotated: ask with its new secret')
  })
})

describe('whoever guesses', () => {
  it('is slowed down by address, keys and links together, and no valid key with them', async () => {
    await using guessed = await startGateway({ config: { trusted_proxies: ['127.0.0.1'] } })
    const browser = openBrowser(guessed)
    const from = (address: string) => ({ 'x-forwarded-for': address, 'x-forwarded-proto': 'https' })
    const guess = (index: number) => {
      const body = index % 2 === 0 ? { key: `guess-${index}` } : { link: `guess-${index}` }
      return browser.ask('POST /console/session', { body, headers: from('10.0.0.1') })
    }
    const codes: (string | null)[] = []
    for (let index = 0; index < 101; index++) codes.push((await guess(index)).code)
    expect(codes.slice(0, 4)).toEqual(['wrong_credential', 'bad_link', 'wrong_credential', 'bad_link'])
    expect(codes.slice(0, 100)).not.toContain('throttled')
    const last = await guess(101)
    expect([codes[100], last.code, last.status]).toEqual(['throttled', 'throttled', 429])
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
    // The same counts at every door.
    const bearer = { ...from('10.0.0.1'), authorization: 'Bearer guess' }
    expect(await browser.ask('GET /api/tags', { headers: bearer })).toMatchObject({ status: 429 })
    const elsewhere = { body: { key: 'guess' }, headers: from('10.0.0.2') }
    expect(await browser.ask('POST /console/session', elsewhere)).toMatchObject({ status: 401 })
    const valid = { body: { key: guessed.adminKey }, headers: from('10.0.0.1') }
    expect(await browser.ask('POST /console/session', valid)).toMatchObject({ status: 200 })
  })
})
