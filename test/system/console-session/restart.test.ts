import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { askAdmin } from '../people/ask-admin.ts'
import { openBrowser, type Browser } from './browser.ts'

let folder: string
const running: RunningGateway[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-sessions-'))
})
afterAll(async () => {
  for (const gateway of running) await gateway[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function start(): Promise<RunningGateway> {
  const gateway = await startGateway({ folder })
  running.push(gateway)
  return gateway
}

/** The same browser at the gateway's next address. */
function moved(browser: Browser, gateway: RunningGateway): Browser {
  return Object.assign(openBrowser(gateway), { cookie: browser.cookie, csrf: browser.csrf })
}

it('outlives a gateway that was killed, logging out does too, and so does what its key became meanwhile', async () => {
  const first = await start()
  const { adminKey } = first
  const [stays, left, revoked] = [openBrowser(first), openBrowser(first), openBrowser(first)]
  for (const browser of [stays, left]) expect(await browser.logIn({ key: adminKey })).toMatchObject({ status: 200 })
  await revoked.logIn({ key: await first.createKey({ name: 'brief' }) })
  await left.ask('DELETE /console/session')
  await first.kill9()
  expect((await first.cli('key', 'revoke', 'brief')).code).toBe(0)

  const second = await start()
  const again = moved(stays, second)
  expect(await again.ask('GET /console/session')).toMatchObject({ status: 200, body: { csrf: stays.csrf } })
  expect(await again.ask('POST /admin/me/keys', { body: { name: 'later' } })).toMatchObject({ status: 201 })
  for (const browser of [left, revoked])
    expect(await moved(browser, second).ask('GET /admin/me')).toMatchObject({ status: 401, code: 'no_session' })
  await second.stop()
  const rows = sessionRows()
  expect(rows).toHaveLength(1)
  expect(rows[0]?.['seen_at']).toBeGreaterThan(Number(rows[0]?.['made_at']))
  expect(JSON.stringify(rows)).not.toContain(stays.cookie?.split('=')[1])
})

it('does not come back from a backup', async () => {
  const gateway = await start()
  const { body } = await askAdmin(gateway, 'POST /admin/keys', {
    key: await keyOf(gateway),
    body: { name: 'restorer', scopes: ['admin', 'chat'] },
  })
  const browser = openBrowser(gateway)
  await browser.logIn({ key: String(body['secret']) })
  const backup = join(folder, 'backup.db')
  expect((await gateway.cli('backup', backup)).code).toBe(0)
  await gateway.stop()
  expect((await gateway.cli('restore', backup)).code).toBe(0)
  expect(sessionRows()).toEqual([])
  const next = await start()
  expect(await moved(browser, next).ask('GET /admin/me')).toMatchObject({ status: 401, code: 'no_session' })
  expect(await openBrowser(next).logIn({ key: String(body['secret']) })).toMatchObject({ status: 200 })
})

async function keyOf(gateway: RunningGateway): Promise<string> {
  return gateway.createKey({ scopes: ['admin', 'chat', 'embed', 'models:read'] })
}

function sessionRows(): Record<string, unknown>[] {
  const database = new DatabaseSync(join(folder, 'corral.db'), { readOnly: true })
  try {
    return database.prepare('SELECT * FROM console_sessions').all()
  } finally {
    database.close()
  }
}
