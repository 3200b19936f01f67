import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { parseKeyFile, parseTokensFile } from '../auth/foreign-keys.ts'
import { createKeyDigester } from '../auth/key-digest.ts'
import { systemClock } from '../lib/clock.ts'
import { createKeyFiles, type KeyFiles } from './key-files.ts'

const digester = createKeyDigester(Buffer.alloc(32, 7))

interface Setting {
  readonly files: KeyFiles
  readonly keyFile: string
  readonly tokensFile: string
  readonly lines: string[]
  changes(): number
  open(): string[]
}

const names = ['alpha', 'beta', 'gamma']

function setUp(everyMs = 3_600_000): Setting {
  const folder = tempFolder()
  const [keyFile, tokensFile] = [join(folder, 'keys.txt'), join(folder, 'authTokens.json')]
  const lines: string[] = []
  let changes = 0
  const log = {
    debug: () => {},
    info: (_: object, line: string) => void lines.push(line),
    warn: (_: object, line: string) => void lines.push(line),
    error: () => {},
  }
  const files = createKeyFiles({ log, clock: systemClock, onChange: () => void changes++ }, [
    { label: 'auth.key_file', path: keyFile, everyMs, parse: (text) => parseKeyFile(text, digester) },
    { label: 'auth.tokens_file', path: tokensFile, everyMs, parse: (text) => parseTokensFile(text, digester) },
  ])
  onTestFinished(() => files.close())
  const open = (): string[] => names.filter((name) => files.keys().some((key) => key.digest === digester.store(name)))
  return { files, keyFile, tokensFile, lines, changes: () => changes, open }
}

describe('createKeyFiles', () => {
  it('holds the keys of all its files, and follows them', async () => {
    const { files, keyFile, tokensFile, open, changes } = setUp()
    writeFileSync(keyFile, 'alpha\nbeta\n')
    writeFileSync(tokensFile, '["gamma"]')
    await files.start()
    expect(open()).toEqual(['alpha', 'beta', 'gamma'])
    writeFileSync(keyFile, 'beta\n')
    await files.check()
    expect(open()).toEqual(['beta', 'gamma'])
    writeFileSync(tokensFile, '[]')
    await files.check()
    expect(open()).toEqual(['beta'])
    expect(changes()).toBe(4)
  })

  it('says nothing when a file was written again with the same keys', async () => {
    const { files, keyFile, tokensFile, changes, lines } = setUp()
    writeFileSync(keyFile, 'alpha\n')
    writeFileSync(tokensFile, '[]')
    await files.check()
    writeFileSync(keyFile, '# the same\nalpha\n')
    await files.check()
    expect(changes()).toBe(1)
    expect(lines).toEqual([])
  })

  it('sees a change of the same length within the same moment', async () => {
    const { files, keyFile, open } = setUp()
    const moment = new Date()
    writeFileSync(keyFile, 'alpha')
    utimesSync(keyFile, moment, moment)
    await files.check()
    writeFileSync(keyFile, 'gamma')
    utimesSync(keyFile, moment, moment)
    await files.check()
    expect(open()).toEqual(['gamma'])
  })

  it('keeps the last good keys of a file that is gone or malformed, and reports each once', async () => {
    const { files, keyFile, tokensFile, open, lines } = setUp()
    writeFileSync(keyFile, 'alpha\n')
    writeFileSync(tokensFile, '["gamma"]')
    await files.check()
    rmSync(keyFile)
    writeFileSync(tokensFile, '["gamma"')
    for (let i = 0; i < 3; i++) await files.check()
    expect(open()).toEqual(['alpha', 'gamma'])
    expect(lines.toSorted()).toEqual([
      'auth.key_file cannot be used, its last good keys stay: it does not exist',
      'auth.tokens_file cannot be used, its last good keys stay: it is not a JSON array of strings',
    ])
    lines.length = 0
    writeFileSync(keyFile, 'beta\n')
    writeFileSync(tokensFile, '[]')
    await files.check()
    expect(open()).toEqual(['beta'])
    expect(lines.toSorted()).toEqual(['auth.key_file is readable again', 'auth.tokens_file is readable again'])
  })

  it('does not take a file that is being written for an empty one', async () => {
    const { files, keyFile, tokensFile, open } = setUp()
    writeFileSync(tokensFile, '[]')
    writeFileSync(keyFile, 'alpha\nbeta\n')
    await files.check()
    writeFileSync(keyFile, '')
    const checked = files.check()
    await new Promise((resolve) => setTimeout(resolve, 20))
    writeFileSync(keyFile, 'alpha\n')
    await checked
    expect(open()).toEqual(['alpha'])
  })

  it('starts without its files and takes them when they come', async () => {
    const { files, keyFile, tokensFile, open, lines } = setUp()
    await files.start()
    expect(open()).toEqual([])
    expect(lines).toHaveLength(2)
    writeFileSync(`${keyFile}.new`, 'alpha')
    renameSync(`${keyFile}.new`, keyFile)
    writeFileSync(tokensFile, '["beta"]')
    await files.check()
    expect(open()).toEqual(['alpha', 'beta'])
  })

  it('reads by itself as often as it was told', async () => {
    const { files, keyFile, open } = setUp(20)
    writeFileSync(keyFile, 'alpha')
    await files.start()
    writeFileSync(keyFile, 'beta')
    await vi.waitFor(() => expect(open()).toEqual(['beta']), { timeout: 3000 })
  })
})
