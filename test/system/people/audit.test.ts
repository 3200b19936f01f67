import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { statusWith } from '../keys/opened.ts'
import { askAdmin } from './ask-admin.ts'

interface Entry {
  readonly user: string | null
  readonly key: string | null
  readonly action: string
  readonly subject: string
  readonly detail: Record<string, unknown>
}

async function start(folder?: string): Promise<RunningGateway> {
  const gateway = await startGateway(folder === undefined ? {} : { folder })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

async function auditOf(gateway: RunningGateway): Promise<Entry[]> {
  const { code, stdout, stderr } = await gateway.cli('audit', '--since', '1h', '--json')
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Entry[]
}

it('tells who changed what, with which key or at the machine, and never a secret', async () => {
  const gateway = await start()
  const made = await askAdmin(gateway, 'POST /admin/users', {
    body: { name: 'ann', limits: { tokens_per_day: 1000 }, models: ['tiny'] },
  })
  const secret = (made.body['key'] as { secret: string }).secret
  await gateway.cli('key', 'create', 'laptop', '--user', 'ann')
  await askAdmin(gateway, 'POST /admin/keys/change', { body: { key: 'laptop', weight: 2 } })
  const rotated = await askAdmin(gateway, 'POST /admin/keys/rotate', { body: { key: 'laptop' } })
  await askAdmin(gateway, 'POST /admin/me/keys', { key: secret, body: { name: 'mine' } })
  await askAdmin(gateway, 'DELETE /admin/keys/laptop')
  await gateway.cli('user', 'disable', 'ann')
  await gateway.cli('user', 'delete', 'ann')
  const first = { user: 'admin', key: 'first' }
  const machine = { user: null, key: null }
  const entries = await auditOf(gateway)
  expect(entries).toMatchObject([
    { ...machine, action: 'user.delete', subject: 'ann', detail: { revoked_keys: ['ann', 'mine'] } },
    { ...machine, action: 'user.disable', subject: 'ann' },
    { ...first, action: 'key.revoke', subject: 'laptop', detail: { user: 'ann' } },
    { user: 'ann', key: 'ann', action: 'key.create', subject: 'mine', detail: { user: 'ann', models: ['tiny'] } },
    { ...first, action: 'key.rotate', subject: 'laptop' },
    { ...first, action: 'key.change', subject: 'laptop', detail: { weight: 2 } },
    { ...machine, action: 'key.create', subject: 'laptop', detail: { user: 'ann' } },
    { ...first, action: 'key.create', subject: 'ann', detail: { models: ['tiny'] } },
    { ...first, action: 'user.create', subject: 'ann', detail: { limits: { tokens_per_day: 1000 } } },
    { ...machine, action: 'key.create', subject: 'first', detail: { by: 'the first start' } },
  ])
  expect((await askAdmin<Entry[]>(gateway, 'GET /admin/audit?limit=2')).body).toHaveLength(2)
  const table = await gateway.cli('audit')
  expect(table.stdout).toMatch(/ admin by first +key\.rotate +laptop +user: ann, old_secret_until: /)
  await gateway.stop()
  const text = await readFile(join(gateway.folder, 'corral.db'), 'latin1')
  for (const each of [secret, String(rotated.body['secret']), gateway.adminKey])
    for (const kept of [table.stdout, JSON.stringify(entries), text]) expect(kept).not.toContain(each)
})

it('tells once of what somebody tried again and again who may not', async () => {
  const gateway = await start()
  const ann = (await gateway.cli('user', 'create', 'ann')).stdout.trim()
  await expect.poll(() => statusWith(gateway, ann, '/admin/me')).toBe(200)
  const tries = Array.from({ length: 30 }, () => statusWith(gateway, ann, '/admin/users'))
  expect(new Set(await Promise.all(tries))).toEqual(new Set([403]))
  await askAdmin(gateway, 'POST /admin/me/keys', { key: ann, body: { name: 'x', scopes: ['admin'] } })
  const refused = async (): Promise<Entry[]> => (await auditOf(gateway)).filter(({ action }) => action === 'refused')
  const times = async (): Promise<number> =>
    (await refused())
      .filter(({ subject }) => subject === 'GET /admin/users')
      .reduce((sum, { detail }) => sum + Number(detail['times'] ?? 1), 0)
  await expect.poll(times, { timeout: 10_000 }).toBe(30)
  const entries = await refused()
  expect(entries.length).toBeLessThan(15)
  expect(entries).toContainEqual(expect.objectContaining({ user: 'ann', key: 'ann', subject: 'POST /admin/me/keys' }))
})

it('is there with every change that was acknowledged, and without it never, after kill -9', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'corral-audit-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const gateway = await start(folder)
  const acknowledged: string[] = []
  const work = Array.from({ length: 4 }, async (_, worker) => {
    for (let i = 0; ; i++) {
      const name = `w${worker}-${i}`
      const answer = await askAdmin(gateway, 'POST /admin/keys', { body: { name } }).catch(() => undefined)
      if (answer === undefined) return
      expect(answer.status).toBe(201)
      acknowledged.push(name)
    }
  })
  await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(20)
  await gateway.kill9()
  await Promise.all(work)
  const database = new DatabaseSync(join(folder, 'corral.db'))
  onTestFinished(() => database.close())
  const column = (query: string): string[] =>
    database
      .prepare(query)
      .all()
      .map((row) => String(row['name']))
  const keys = column('SELECT name FROM keys')
  const audited = column("SELECT subject AS name FROM audit WHERE action = 'key.create'")
  for (const name of acknowledged) expect(keys).toContain(name)
  expect(audited.toSorted()).toEqual(keys.toSorted())
})

it('nothing is changed, and told in one line, where it cannot be written', async () => {
  const gateway = await start()
  const other = new DatabaseSync(join(gateway.folder, 'corral.db'))
  onTestFinished(() => other.close())
  other.exec("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no audit today'); END")
  const answer = await askAdmin(gateway, 'POST /admin/users', { body: { name: 'ann' } })
  expect(answer.status).toBeGreaterThanOrEqual(500)
  other.exec('DROP TRIGGER full')
  expect((await askAdmin(gateway, 'GET /admin/users/ann')).status).toBe(404)
  expect((await askAdmin(gateway, 'POST /admin/users', { body: { name: 'ann' } })).status).toBe(201)
})

it('says when a key was used last, once the gateway has written it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'corral-use-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const gateway = await start(folder)
  await gateway.createKey({ name: 'idle', unawaited: true })
  const startedAt = Date.now()
  expect(await statusWith(gateway, gateway.adminKey, '/admin/me')).toBe(200)
  expect(await gateway.stop()).toBe(0)
  const { stdout } = await gateway.cli('key', 'list', '--json')
  const keys = JSON.parse(stdout) as { name: string; last_used_at: string | null }[]
  expect(keys).toMatchObject([{ name: 'first' }, { name: 'idle', last_used_at: null }])
  expect(Date.parse(keys[0]?.last_used_at ?? '')).toBeGreaterThanOrEqual(startedAt)
})
