import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startGatewayBefore } from '../harness/gateway-before.ts'
import { askAdmin } from '../people/ask-admin.ts'
import { openBrowser } from './browser.ts'

it('no secret of a session is in a file, in the log, at the upstream or in an answer that another may read', async () => {
  const config = { log: { level: 'debug', requests: 'logs/' } }
  await using before = await startGatewayBefore({}, { config })
  const { gateway } = before
  const browser = openBrowser(gateway)
  const made = await askAdmin(gateway, 'POST /admin/console-links', { body: {} })
  const spent = String(made.body['link'])
  await browser.logIn({ link: spent })
  const unspent = String((await browser.ask('POST /admin/console-links', { body: {} })).body['link'])
  const token = String(browser.cookie?.split('=')[1])
  const csrf = String(browser.csrf)

  const messages = [{ role: 'user', content: 'hello' }]
  const chat = { body: { model: 'tiny', messages, stream: false } }
  expect(await browser.ask('POST /admin/playground/chat', chat)).toMatchObject({ status: 200 })
  // Wrong in all the ways that are told of.
  await browser.ask('POST /admin/playground/chat', { ...chat, headers: { origin: 'https://evil.example' } })
  await browser.ask('POST /admin/playground/chat', { ...chat, headers: { 'corral-csrf': `${csrf}x` } })
  await browser.ask('POST /admin/playground/chat', { body: { model: 'no-such-model', messages } })
  await browser.ask('GET /api/tags')
  await browser.ask('POST /console/session', { body: { link: spent } })
  await browser.ask('POST /console/session', { body: { key: token, link: csrf } })
  await browser.ask('POST /console/session', { body: { [token]: csrf } })
  await browser.ask(`GET /console/${token}`)
  await browser.ask(`GET /admin/nowhere?link=${unspent}`)
  const answers = await Promise.all(
    ['GET /admin/audit', 'GET /admin/keys', 'GET /admin/me', 'GET /admin/status', 'GET /admin/exchanges'].map((call) =>
      browser.ask(call),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  const received = JSON.stringify(before.fake.counters.requestsTo('/api/chat'))
  expect(received).toContain('rawHeaders')
  await gateway.stop()

  const files = await readdir(gateway.folder, { recursive: true, withFileTypes: true })
  const texts = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => [file.name, await readFile(join(file.parentPath, file.name), 'latin1')] as const),
  )
  expect(texts.map(([name]) => name).some((name) => name.endsWith('.jsonl'))).toBe(true)
  const places = [...texts, ['stdout', gateway.stdout()], ['stderr', gateway.stderr()], ['the upstream', received]]
  places.push(['answers', JSON.stringify(answers.map(({ body }) => body))])
  for (const secret of [token, csrf, spent, unspent]) {
    expect(secret.length).toBeGreaterThan(30)
    expect(places.filter(([, text]) => text?.includes(secret)).map(([name]) => name)).toEqual([])
  }
})
