import { expect, it, onTestFinished } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { openStore, type Store } from './open-store.ts'

async function open(folder: string): Promise<Store> {
  const store = await openStore('sqlite:corral.db', { cwd: folder })
  onTestFinished(() => store.close())
  return store
}

it('keeps what was added and what is held, over a restart, and forgets what says nothing', async () => {
  const folder = tempFolder()
  const before = await openStore('sqlite:corral.db', { cwd: folder })
  const added = { url: 'http://10.0.0.5:11434', priority: 2, memory: '24GB' }
  await before.change(async (tables) => {
    await tables.keepUpstream({ name: 'b', hold: null, added })
    await tables.keepUpstream({ name: 'a', hold: 'draining', added: null })
    await tables.keepUpstream({ name: 'gone', hold: 'disabled', added: null })
    await tables.forgetUpstream('gone')
  })
  await before.close()
  const store = await open(folder)
  expect(await store.listUpstreams()).toEqual([
    { name: 'a', hold: 'draining', added: null },
    { name: 'b', hold: null, added },
  ])
  await store.change(async (tables) => {
    await tables.keepUpstream({ name: 'a', hold: null, added: null })
    await tables.keepUpstream({ name: 'b', hold: 'disabled', added })
  })
  expect(await store.listUpstreams()).toEqual([{ name: 'b', hold: 'disabled', added }])
})

it('changes nothing where the change around it fails', async () => {
  const store = await open(tempFolder())
  const failing = store.change(async (tables) => {
    await tables.keepUpstream({ name: 'a', hold: 'draining', added: null })
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await store.listUpstreams()).toEqual([])
})
