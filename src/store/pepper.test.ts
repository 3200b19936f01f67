import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { Secret } from '../lib/secret.ts'
import { openStore, type Store } from './open-store.ts'
import { loadPepper, type PepperOptions } from './pepper.ts'
import { PLAIN_SHARE } from '../auth/principal.ts'

interface Place extends PepperOptions {
  readonly store: Store
  readonly secretPath: string
}

async function setUp(): Promise<Place> {
  const folder = tempFolder()
  const storeUrl = `sqlite:${join(folder, 'corral.db')}`
  const store = await openStore(storeUrl)
  onTestFinished(() => store.close())
  return { storeUrl, store, secretPath: join(folder, 'corral.secret') }
}

async function addKey(store: Store): Promise<void> {
  const user = await store.createUser({ name: 'ada' })
  const limits = {
    scopes: ['chat'] as const,
    models: null,
    upstreams: null,
    pools: null,
    expiresAt: null,
    queue: PLAIN_SHARE,
  }
  await store.createKey({ id: 'k', name: 'k', userId: user.id, ...limits, kind: 'key', digest: 'd', hint: '' })
}

describe('loadPepper', () => {
  it('makes 32 random bytes that only the owner may read, and finds them again', async () => {
    const place = await setUp()
    const pepper = await loadPepper(place)
    expect(pepper).toHaveLength(32)
    expect(readFileSync(place.secretPath, 'utf8')).toBe(`${Buffer.from(pepper).toString('hex')}\n`)
    expect(statSync(place.secretPath).mode & 0o777).toBe(0o600)
    await addKey(place.store)
    expect(await loadPepper(place)).toEqual(pepper)
    expect(await loadPepper(await setUp())).not.toEqual(pepper)
  })

  it('leaves no draft behind', async () => {
    const place = await setUp()
    await Promise.all([loadPepper(place), loadPepper(place)])
    expect(readdirSync(join(place.secretPath, '..')).filter((name) => name.includes('secret'))).toEqual([
      'corral.secret',
    ])
  })

  it('takes the environment instead, as hex or as text, and writes no file', async () => {
    const [hex, text] = [await setUp(), await setUp()]
    expect(await loadPepper({ ...hex, pepper: new Secret('0f'.repeat(32)) })).toEqual(Buffer.alloc(32, 15))
    expect(await loadPepper({ ...text, pepper: new Secret('correct horse battery staple ok?') })).toEqual(
      Buffer.from('correct horse battery staple ok?'),
    )
    expect([hex, text].some((place) => existsSync(place.secretPath))).toBe(false)
  })

  it('refuses a pepper that is too short, without quoting it', async () => {
    const place = await setUp()
    const failure = loadPepper({ ...place, pepper: new Secret('hunter2') })
    await expect(failure).rejects.toMatchObject({
      code: 'invalid_input',
      message: 'CORRAL_PEPPER is not 64 hex digits or at least 32 characters',
    })
  })

  it('closes a secret that others may read, and says so', async () => {
    const place = await setUp()
    await loadPepper(place)
    chmodSync(place.secretPath, 0o644)
    const warnings: string[] = []
    await loadPepper({ ...place, onWarning: (sentence) => warnings.push(sentence) })
    expect(warnings).toEqual([`"${place.secretPath}" could be read by others; its mode is 0600 now`])
    expect(statSync(place.secretPath).mode & 0o777).toBe(0o600)
  })

  it('refuses to make a new secret beside keys of a lost one', async () => {
    const place = await setUp()
    const pepper = await loadPepper(place)
    await addKey(place.store)
    rmSync(place.secretPath)
    await expect(loadPepper(place)).rejects.toThrow(/is missing, and without it no key of this database is valid/)
    expect(existsSync(place.secretPath)).toBe(false)
    expect(await loadPepper({ ...place, pepper: new Secret(Buffer.from(pepper).toString('hex')) })).toEqual(pepper)
  })

  it('refuses another secret than the one the keys were made with', async () => {
    const place = await setUp()
    await loadPepper(place)
    await addKey(place.store)
    writeFileSync(place.secretPath, '00'.repeat(32))
    await expect(loadPepper(place)).rejects.toThrow('is not the one that the keys of this database were made with')
    await expect(loadPepper({ ...place, pepper: new Secret('11'.repeat(32)) })).rejects.toThrow(
      'CORRAL_PEPPER is not the one',
    )
  })

  it('takes any secret while there are no keys', async () => {
    const place = await setUp()
    await loadPepper(place)
    rmSync(place.secretPath)
    expect(await loadPepper(place)).toHaveLength(32)
  })

  it.each(['', 'hunter2', '0f'.repeat(31)])('refuses a file that holds %j, without quoting it', async (text) => {
    const place = await setUp()
    writeFileSync(place.secretPath, text)
    await expect(loadPepper(place)).rejects.toMatchObject({
      message: `The secret "${place.secretPath}" is not 64 hex digits`,
    })
  })

  it('says in one sentence that the secret cannot be read', async () => {
    const place = await setUp()
    mkdirSync(place.secretPath)
    await expect(loadPepper(place)).rejects.toMatchObject({
      code: 'invalid_input',
      message: `Cannot use the secret "${place.secretPath}": it is a folder`,
    })
  })
})
