import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { watchConfig } from './watch-config.ts'

function watched(prepare: (folder: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'corral-watch-'))
  prepare(folder)
  let calls = 0
  const watch = watchConfig({ file: join(folder, 'corral.yaml') }, () => void calls++, { settleMs: 10, pollMs: 50 })
  onTestFinished(() => {
    watch.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    path: (name: string) => join(folder, name),
    calls: () => calls,
    close: () => watch.close(),
    async until(wanted: number) {
      for (let i = 0; i < 200 && calls < wanted; i++) await sleep(10)
      return calls
    },
  }
}

const plain = (folder: string) => writeFileSync(join(folder, 'corral.yaml'), 'a')

describe('watchConfig', () => {
  it('notices that the file is written, again and again', async () => {
    const { path, until } = watched(plain)
    writeFileSync(path('corral.yaml'), 'bb')
    expect(await until(1)).toBe(1)
    writeFileSync(path('corral.yaml'), 'ccc')
    expect(await until(2)).toBe(2)
  })

  it('notices another file in its place, even after a while without any', async () => {
    const { path, until } = watched(plain)
    writeFileSync(path('new'), 'bb')
    renameSync(path('new'), path('corral.yaml'))
    expect(await until(1)).toBe(1)
    unlinkSync(path('corral.yaml'))
    await sleep(100)
    writeFileSync(path('corral.yaml'), 'cc')
    expect(await until(2)).toBe(2)
  })

  it('notices a link that leads elsewhere', async () => {
    const { path, until } = watched((folder) => {
      writeFileSync(join(folder, 'one'), 'a')
      writeFileSync(join(folder, 'two'), 'b')
      symlinkSync('one', join(folder, 'data'))
      symlinkSync('data', join(folder, 'corral.yaml'))
    })
    symlinkSync('two', path('data-new'))
    renameSync(path('data-new'), path('data'))
    expect(await until(1)).toBe(1)
  })

  it('says nothing where nothing else is written, and nothing after its end', async () => {
    const { path, calls, close } = watched(plain)
    writeFileSync(path('corral.yaml'), 'a')
    writeFileSync(path('corral.db-wal'), 'x')
    await sleep(150)
    expect(calls()).toBe(0)
    close()
    writeFileSync(path('corral.yaml'), 'b')
    await sleep(100)
    expect(calls()).toBe(0)
  })

  it('does nothing without a file', () => {
    expect(() => watchConfig({ file: null }, () => {}).close()).not.toThrow()
  })
})
