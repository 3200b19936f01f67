import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { watchKeys } from '../../../src/app/key-watch.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Log } from '../../../src/lib/log.ts'
import { openStore } from '../../../src/store/open-store.ts'

it('a token file that changes while the store cannot be read is told in the log, and ends nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'corral-hostile-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const tokensFile = join(folder, 'authTokens.json')
  await writeFile(tokensFile, '["one"]')
  const store = await openStore(`sqlite:${join(folder, 'corral.db')}`)
  const said: string[] = []
  const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: (_, sentence) => void said.push(sentence) }
  const keys = await watchKeys(
    { store, pepper: new Uint8Array(32), clock: systemClock, log },
    {
      ...{ mode: 'keys', nonePublic: false, pathKeys: true, keyFile: null, keySalt: null, keySeparator: '' },
      ...{ keyRefreshMs: 10_000, tokensFile, token: null, tokenScopes: [] },
    },
  )
  onTestFinished(() => keys.stop())
  await store.close()
  await writeFile(tokensFile, '["one","another"]')
  // An unhandled rejection fails the run; in the gateway it would end the process.
  await expect.poll(() => said.length, { timeout: 3000 }).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 600))
  // Once, though it was looked for ten times a second.
  expect(said).toEqual(['The keys could not be read; those known before still hold'])
})
