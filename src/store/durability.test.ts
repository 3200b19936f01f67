import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { openStore } from './open-store.ts'

const modules = ['./open-store.ts', './pepper.ts', '../auth/issue-key.ts'].map(
  (path) => new URL(path, import.meta.url).href,
)

const prelude = `
  import { writeSync } from 'node:fs'
  const [{ openStore }, { loadPepper }, { issueKey }] = await Promise.all(${JSON.stringify(modules)}.map((url) => import(url)))
  const storeUrl = 'sqlite:corral.db', clock = { now: () => Date.now() }
  const store = await openStore(storeUrl)
  const pepper = await loadPepper({ storeUrl, store })
  const terms = { scopes: ['chat'], models: null, expiresAt: null }
`

function run(folder: string, program: string): ReturnType<typeof spawn> {
  return spawn(process.execPath, ['--input-type=module', '-e', prelude + program], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

describe('what the store has acknowledged', () => {
  it('is there after kill -9 at once', { timeout: 30_000 }, async () => {
    const folder = tempFolder()
    for (const [round, kills] of [1, 2, 5, 9].entries()) {
      const child = run(
        folder,
        `
        await store.createUser({ name: 'user ${round}' })
        for (let i = 0; ; i++) {
          await issueKey({ store, pepper, clock }, { ...terms, user: 'user ${round}', name: 'key ${round} ' + i })
          writeSync(1, 'x')
        }`,
      )
      let acknowledged = 0
      for await (const chunk of child.stdout ?? []) {
        acknowledged += String(chunk).length
        if (acknowledged >= kills) child.kill('SIGKILL')
      }
      const store = await openStore('sqlite:corral.db', { cwd: folder })
      const names = new Set((await store.listKeys()).map((key) => key.name))
      const users = (await store.listUsers()).map((user) => user.name)
      await store.close()
      expect(acknowledged).toBeGreaterThanOrEqual(kills)
      expect(users).toContain(`user ${round}`)
      for (let i = 0; i < acknowledged; i++) expect(names).toContain(`key ${round} ${i}`)
    }
  })
})

describe('processes that start on a fresh folder at the same time', () => {
  it('agree on one schema and one secret, and lose nothing', { timeout: 30_000 }, async () => {
    const folder = tempFolder()
    const children = Array.from({ length: 6 }, (_, i) =>
      run(
        folder,
        `
        await store.createUser({ name: 'user ${i}' })
        await issueKey({ store, pepper, clock }, { ...terms, user: 'user ${i}', name: 'key ${i}' })
        await store.close()
        writeSync(1, Buffer.from(pepper).toString('hex'))`,
      ),
    )
    const peppers = await Promise.all(
      children.map(async (child) => {
        const ended = once(child, 'close')
        let text = ''
        for await (const chunk of child.stdout ?? []) text += String(chunk)
        expect((await ended)[0]).toBe(0)
        return text
      }),
    )
    expect(new Set(peppers).size).toBe(1)
    expect(peppers[0]).toMatch(/^[0-9a-f]{64}$/)
    const store = await openStore('sqlite:corral.db', { cwd: folder })
    expect((await store.listKeys()).map((key) => key.name).toSorted()).toEqual(children.map((_, i) => `key ${i}`))
    await store.close()
  })
})
