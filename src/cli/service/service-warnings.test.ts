import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { firstForbidden } from './first-forbidden.ts'
import { serviceWarnings } from './service-warnings.ts'

function folderWith(file: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'corral-service-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'etc/corral'), { recursive: true })
  writeFileSync(join(folder, file), 'text')
  for (const path of ['.', 'etc', 'etc/corral', file]) chmodSync(join(folder, path), path === file ? 0o644 : 0o755)
  return folder
}

it('finds the first folder or file that somebody may not pass or read', async () => {
  const from = folderWith('etc/corral/corral.yaml')
  const path = join(from, 'etc/corral/corral.yaml')
  expect(await firstForbidden(path, { account: null, from })).toBeUndefined()
  chmodSync(path, 0o600)
  expect(await firstForbidden(path, { account: null, from })).toBe(path)
  const { uid, gid } = statSync(path)
  expect(await firstForbidden(path, { account: { name: 'own', uid, gid }, from })).toBeUndefined()
  expect(await firstForbidden(path, { account: { name: 'other', uid: uid + 1, gid }, from })).toBe(path)
  chmodSync(path, 0o640)
  expect(await firstForbidden(path, { account: { name: 'other', uid: uid + 1, gid }, from })).toBeUndefined()
  chmodSync(join(from, 'etc'), 0o700)
  expect(await firstForbidden(path, { account: null, from })).toBe(join(from, 'etc'))
  expect(await firstForbidden(path, { account: null, from: join(from, 'etc/corral') })).toBe(path)
})

it('warns of a config that only others may read, and of a program that lies where it does not last', async () => {
  const root = folderWith('etc/corral/corral.yaml')
  const main = join(root, 'etc/corral/corral.yaml')
  const files = { program: [main, main], paths: [root] } as const
  const terms = { files, config: '/etc/corral/corral.yaml', account: null, root }
  const before = await serviceWarnings(terms)
  chmodSync(main, 0o600)
  const after = await serviceWarnings(terms)
  expect(after.filter((warning) => !before.includes(warning)).at(-1)).toBe(
    `The service may not read ${main}: chmod o+rX ${main}, and keep secrets in /etc/corral/corral.env`,
  )
  const inTemporary = { ...terms, files: { program: [main, main], paths: ['/tmp/corral'] } as const }
  expect((await serviceWarnings(inTemporary))[0]).toMatch(/^\/tmp\/corral lies in a folder that is emptied at boot/)
  const inHome = { ...terms, files: { program: [main, main], paths: ['/home/ann/corral'] } as const }
  expect((await serviceWarnings(inHome))[0]).toMatch(/^\/home\/ann\/corral lies in a home folder/)
})
