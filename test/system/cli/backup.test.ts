import { copyFileSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { migrations } from '../../../src/store/migrations.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { startGatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { corralIn } from './corral.ts'

async function tags(url: string, key: string): Promise<number> {
  return (await fetch(`${url}/api/tags`, { headers: { authorization: `Bearer ${key}` } })).status
}

it(
  'a backup of a gateway at work moves to another machine with the secret, and lets the same keys in',
  { timeout: 120_000 },
  async () => {
    await using before = await startGatewayBefore()
    const { gateway, fake } = before
    const key = await gateway.createKey({ name: 'laptop', user: 'admin' })
    let isBusy = true
    const busy = (async () => {
      for (let made = 0; isBusy; made++) {
        await makeKey(gateway)
        expect(await tags(gateway.url, key)).toBe(200)
      }
    })()
    const other = tempFolder()
    const file = join(other, 'backup.db')
    const backup = await gateway.cli('backup', file)
    isBusy = false
    await busy
    expect(backup.code).toBe(0)
    expect(backup.stdout).toMatch(
      new RegExp(
        String.raw`^Wrote ${file}: 1 user, \d+ keys, \d+ audit entr(y|ies), \d+ exchanges? \(schema ${migrations.length}\); \d+ bytes, checked\n$`,
      ),
    )
    expect(backup.stderr).toBe(
      'Not in it: the secret beside the store, corral.secret. Keep a copy elsewhere: without it no key of this backup is valid\n',
    )
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(other)).toEqual(['backup.db'])

    const corral = corralIn(other)
    const lacking = await corral('restore', 'backup.db')
    expect(lacking.code).toBe(0)
    expect(lacking.stdout).toMatch(/^Restored .*corral\.db from .*backup\.db: 1 user, \d+ keys/)
    expect(lacking.stderr).toMatch(
      /corral: The secret ".*corral\.secret" is missing, .*put it back or set CORRAL_PEPPER\n$/,
    )
    expect(existsSync(join(other, 'corral.secret'))).toBe(false)

    copyFileSync(join(gateway.folder, 'corral.secret'), join(other, 'corral.secret'))
    const again = await corral('restore', 'backup.db', '--force')
    expect(again.code).toBe(0)
    expect(again.stderr).toBe(
      [
        `The store that was there is now ${join(other, 'corral.db')}.before-restore`,
        'Keys that were revoked after the backup was made are valid again: "corral key list" shows them',
        '',
      ].join('\n'),
    )
    const [entry] = await corral.json('audit')
    expect(entry).toMatchObject({ action: 'store.restore', subject: 'backup.db', user: null })
    await using moved = await startGateway({ folder: other, config: { upstreams: [{ name: 'fake', url: fake.url }] } })
    expect([moved.adminKey, await tags(moved.url, key), await tags(moved.url, gateway.adminKey)]).toEqual([
      '',
      200,
      200,
    ])
  },
)

it('what cannot be done is said in one line, and nothing is changed', { timeout: 120_000 }, async () => {
  const corral = corralIn()
  const none = await corral('backup', 'b.db')
  expect([none.code, none.stderr]).toEqual([
    1,
    `corral: There is no store "${join(corral.folder, 'corral.db')}" to back up\n`,
  ])
  expect(readdirSync(corral.folder)).toEqual([])
  expect((await corral('backup')).code).toBe(2)
  expect((await corral('restore')).code).toBe(2)
  expect((await corral('user', 'create', 'ada')).code).toBe(0)
  expect((await corral('backup', 'b.db')).code).toBe(0)
  for (const [args, said] of [
    [['backup', 'b.db'], /it is there already; --force replaces it/],
    [['backup', 'corral.db', '--force'], /it belongs to the store itself/],
    [['backup', 'none/b.db'], /its folder does not exist/],
    [['restore', 'none.db'], /There is no backup/],
    [['restore', 'corral.secret'], /belongs to the store itself/],
    [['restore', 'b.db', '--store', 'postgres://u:hunter2@db/x'], /is not of the form sqlite:PATH/],
  ] as const) {
    const { code, stdout, stderr } = await corral(...args)
    expect([args, code, stdout]).toEqual([args, 1, ''])
    expect(stderr).toMatch(/^corral: [^\n]+\n$/)
    expect(stderr).toMatch(said)
    expect(stderr).not.toContain('hunter2')
  }
  expect((await corral('restore', 'b.db', '--store', 'sqlite:other.db')).code).toBe(0)
  expect(await corral.json('user', 'list')).toHaveLength(1)
  rmSync(join(corral.folder, 'corral.db'))
  expect((await corral('restore', 'b.db')).code).toBe(0)
  expect(await corral.json('user', 'list')).toHaveLength(1)
})
