import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { openStore, type Store } from '../store/open-store.ts'
import { enrolSshKey } from './enrol-ssh-key.ts'
import { importKeys } from './import-keys.ts'
import { issueKey, type IssueDeps, type KeyRequest } from './issue-key.ts'
import { createKeyDigester } from './key-digest.ts'
import { isIntactKey, isOllamaUuidKey } from './key-format.ts'
import { defaultScopes } from './scope.ts'

const START = 1_700_000_000_000
const SSH = `AAAAC3NzaC1lZDI1NTE5AAAAI${'B'.repeat(43)}`
const UUIDS = ['OLLAMA-6f9619ff-8b86-4011-b42d-00c04fc964ff', 'OLLAMA-6f9619ff-8b86-4011-b42d-00c04fc964fe']

async function setUp(): Promise<IssueDeps & { readonly store: Store }> {
  const clock = { now: () => START }
  const store = await openStore('sqlite:corral.db', { cwd: tempFolder(), clock })
  await store.createUser({ name: 'ada', role: 'admin' })
  return { store, pepper: Buffer.alloc(32, 7), clock }
}

const wish: KeyRequest = { name: 'laptop', user: 'ada', scopes: defaultScopes, models: null, expiresAt: null }

describe('issueKey', () => {
  it('makes a key whose secret is nowhere in the store', async () => {
    const deps = await setUp()
    const request = { ...wish, scopes: ['chat', 'chat', 'admin'] as const, models: ['llama3*'], expiresAt: START + 1 }
    const { record, secret } = await issueKey(deps, request)
    expect(isIntactKey(secret)).toBe(true)
    expect(record).toEqual({
      id: expect.stringMatching(/^key_/),
      name: 'laptop',
      userId: expect.any(String),
      userName: 'ada',
      scopes: ['chat', 'admin'],
      models: ['llama3*'],
      upstreams: null,
      pools: null,
      createdAt: START,
      expiresAt: START + 1,
      queue: { class: 'interactive', weight: 1 },
      revokedAt: null,
      limits: null,
      lastUsedAt: null,
      previous: null,
      kind: 'key',
      digest: createKeyDigester(deps.pepper).store(secret),
      hint: secret.slice(-4),
    })
    expect(await deps.store.listKeys()).toEqual([record])
    expect(JSON.stringify(record)).not.toContain(secret)
  })

  it('makes OLLAMA-UUID keys on demand', async () => {
    const { secret } = await issueKey(await setUp(), { ...wish, format: 'ollama-uuid' })
    expect(isOllamaUuidKey(secret)).toBe(true)
  })

  it.each<[string, Partial<KeyRequest>, string]>([
    ['no scope', { scopes: [] }, 'A key needs at least one scope'],
    ['an unknown scope', { scopes: ['root' as never] }, 'There is no scope "root"'],
    ['an unknown class', { queue: { class: 'first' as never, weight: 1 } }, 'There is no class "first" of the queue'],
    ['a weight of nothing', { queue: { class: 'batch', weight: 0 } }, 'A weight is a whole number from 1 to 100'],
    ['a huge weight', { queue: { class: 'batch', weight: 101 } }, 'A weight is a whole number from 1 to 100'],
    ['a broken weight', { queue: { class: 'batch', weight: 1.5 } }, 'A weight is a whole number from 1 to 100'],
    ['an unknown user', { user: 'bob' }, 'There is no user "bob"'],
    ['an impossible pattern', { models: ['llama3', '../x'] }, '"../x" is not a model name or pattern'],
    ['an empty pattern', { models: [''] }, '"" is not a model name or pattern'],
    ['an expiry that has passed', { expiresAt: START }, 'The expiry lies in the past'],
    ['an expiry that is no time', { expiresAt: NaN }, 'The expiry lies in the past'],
    ['an impossible name', { name: "x'; DROP TABLE keys;--" }, '"x\'; DROP TABLE keys;--" cannot be a name'],
  ])('refuses %s and leaves nothing behind', async (_, changes, message) => {
    const deps = await setUp()
    await expect(issueKey(deps, { ...wish, ...changes })).rejects.toThrow(message)
    expect(await deps.store.listKeys()).toEqual([])
  })

  it('refuses a second key of the same name until the first is revoked', async () => {
    const deps = await setUp()
    await issueKey(deps, wish)
    await expect(issueKey(deps, wish)).rejects.toMatchObject({ code: 'name_taken' })
    await deps.store.revokeKey('laptop')
    await expect(issueKey(deps, wish)).resolves.toBeDefined()
  })

  it('refuses keys for a user who is disabled', async () => {
    const deps = await setUp()
    await deps.store.setUserDisabled('ada', true)
    await expect(issueKey(deps, wish)).rejects.toThrow('The user "ada" is disabled')
  })
})

describe('enrolSshKey', () => {
  it.each([`ssh-ed25519 ${SSH} ada@laptop\n`, SSH, ` ssh-ed25519   ${SSH}`])('takes %j', async (publicKey) => {
    const record = await enrolSshKey(await setUp(), { ...wish, publicKey })
    expect(record).toMatchObject({ kind: 'ssh', digest: SSH, scopes: defaultScopes })
  })

  it.each(['', 'ssh-rsa AAAAB3NzaC1yc2E= x', 'ssh-ed25519', SSH.slice(1), `${SSH}A`, SSH.replace('B', '!')])(
    'refuses %j',
    async (publicKey) => {
      await expect(enrolSshKey(await setUp(), { ...wish, publicKey })).rejects.toThrow('not an ssh-ed25519 public key')
    },
  )

  it.each(['admin', 'metrics', 'agent'] as const)('refuses to let a signature carry %s', async (scope) => {
    const request = { ...wish, publicKey: SSH, scopes: ['chat', scope] as const }
    await expect(enrolSshKey(await setUp(), request)).rejects.toThrow(`cannot carry "${scope}"`)
  })

  it('refuses to enrol a key twice', async () => {
    const deps = await setUp()
    await enrolSshKey(deps, { ...wish, publicKey: SSH })
    await expect(enrolSshKey(deps, { ...wish, name: 'again', publicKey: SSH })).rejects.toThrow('in the store already')
  })
})

describe('importKeys', () => {
  const terms = { user: 'ada', scopes: defaultScopes, models: null, expiresAt: null }

  it.each([
    ['authTokens.json', JSON.stringify(UUIDS)],
    ['a list', `# keys\n${UUIDS.join('\r\n\r\n')}\n`],
    ['a list with repetitions', [...UUIDS, ...UUIDS].join('\n')],
  ])('takes over the keys of %s', async (_, text) => {
    const deps = await setUp()
    const { imported, known } = await importKeys(deps, { ...terms, text })
    const digester = createKeyDigester(deps.pepper)
    expect(imported.map((key) => key.digest)).toEqual(UUIDS.map((key) => digester.store(key)))
    expect(imported.map((key) => key.name)).toEqual(['imported-1', 'imported-2'])
    expect(known).toBe(0)
  })

  it('adds what is missing when it runs again', async () => {
    const deps = await setUp()
    await importKeys(deps, { ...terms, text: UUIDS[0] ?? '' })
    const second = await importKeys(deps, { ...terms, text: UUIDS.join('\n') })
    expect([second.imported.map((key) => key.name), second.known]).toEqual([['imported-2'], 1])
    const third = await importKeys(deps, { ...terms, text: UUIDS.join('\n') })
    expect([third.imported, third.known]).toEqual([[], 2])
  })

  it.each([
    ['["OLLAMA-x", 5]', 'not a JSON array of strings'],
    ['[broken', 'not a JSON array of strings'],
    ['["two words"]', 'Entry 1 of the file is not a key'],
    [`${UUIDS[0]}\nhunter2`, 'Line 2 of the file is not an OLLAMA-UUID key'],
  ])('refuses %j whole, without quoting it', async (text, message) => {
    const deps = await setUp()
    const failure = await importKeys(deps, { ...terms, text }).catch((error: unknown) => String(error))
    expect(failure).toContain(message)
    expect(failure).not.toContain('hunter2')
    expect(await deps.store.listKeys()).toEqual([])
  })
})
