import { describe, expect, it, onTestFinished } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { openStore, type Store } from '../store/open-store.ts'
import { createConsoleLogin, type ConsoleLogin, type ConsoleLoginDeps } from './console-login.ts'
import { LINK_MS } from './console-session.ts'
import { createConsoleSessions, type ConsoleSessions } from './console-sessions.ts'
import { createTokenDigester } from './console-token.ts'
import { issueKey } from './issue-key.ts'
import { createKeyDigester } from './key-digest.ts'
import { createKeyDirectory } from './key-directory.ts'
import { createThrottle } from './throttle.ts'

const pepper = Buffer.alloc(32, 7)
const digester = createTokenDigester(pepper)
const keyDigester = createKeyDigester(pepper)

interface Scene {
  readonly login: ConsoleLogin
  readonly store: Store
  readonly clock: { at: number; now(): number }
  /** Of the one key there is. */
  readonly secret: string
  readonly keyId: string
  link(text: string): Promise<void>
  readonly parts: ConsoleLoginDeps
  readonly sessions: ConsoleSessions
}

async function setUp(): Promise<Scene> {
  const clock = { at: Date.now(), now: () => clock.at }
  const store = await openStore('sqlite:corral.db', { cwd: tempFolder(), clock })
  onTestFinished(() => store.close())
  await store.createUser({ name: 'ann' })
  const issued = await issueKey(
    { store, pepper, clock },
    { name: 'laptop', user: 'ann', scopes: ['chat'], models: null, expiresAt: null },
  )
  const directory = createKeyDirectory({ digester: keyDigester, clock })
  directory.refresh({ users: await store.listUsers(), keys: await store.listKeys(), foreign: [] })
  const sessions = createConsoleSessions({ directory, digester, clock })
  const throttle = createThrottle({ clock }, { maxWrong: 2 })
  const parts = { store, directory, sessions, digester, throttle, clock }
  const login = createConsoleLogin(parts)
  const { id: keyId, digest: keyDigest } = issued.record
  const link = (text: string): Promise<void> =>
    store.createLink({ digest: digester.link(text), keyId, keyDigest, expiresAt: clock.now() + LINK_MS })
  return { login, store, clock, secret: issued.secret, keyId, link, parts, sessions }
}

describe('logging in', () => {
  it('keeps of a session what opens nothing', async () => {
    const { login, store, clock, secret, keyId } = await setUp()
    const { token, principal } = await login.withKey(secret, '10.0.0.1')
    const [record, ...others] = await store.listSessions()
    expect(others).toEqual([])
    const { at } = clock
    const keyDigest = keyDigester.store(secret)
    expect(record).toEqual({ digest: principal.session, keyId, keyDigest, scopes: ['chat'], madeAt: at, seenAt: at })
    expect(JSON.stringify(record)).not.toContain(token)
    expect(principal.session).not.toContain(token)
  })

  it('goes by a link until its minute is over, and no second time', async () => {
    const { login, clock, link } = await setUp()
    await link('one')
    await link('two')
    clock.at += LINK_MS - 1
    expect((await login.withLink('one', '10.0.0.1')).principal).toMatchObject({ user: 'ann', keyName: 'laptop' })
    await expect(login.withLink('one', '10.0.0.1')).rejects.toMatchObject({ code: 'bad_link' })
    clock.at += 1
    await expect(login.withLink('two', '10.0.0.1')).rejects.toMatchObject({ code: 'bad_link' })
  })

  it('counts what is wrong by address, whichever way it is tried', async () => {
    const { login, secret } = await setUp()
    await expect(login.withKey('wrong', '10.0.0.1')).rejects.toMatchObject({ code: 'wrong_credential' })
    await expect(login.withLink('wrong', '10.0.0.1')).rejects.toMatchObject({ code: 'bad_link' })
    await expect(login.withKey('wrong', '10.0.0.1')).rejects.toMatchObject({ code: 'throttled' })
    await expect(login.withLink('wrong', '10.0.0.1')).rejects.toMatchObject({ code: 'throttled' })
    await expect(login.withKey('wrong', '10.0.0.2')).rejects.toMatchObject({ code: 'wrong_credential' })
    expect((await login.withKey(secret, '10.0.0.1')).token).toMatch(/^crl_/)
  })

  it('is none that could not be written down', async () => {
    const { secret, parts, sessions } = await setUp()
    const change = (): Promise<never> => Promise.reject(new GatewayError('store_unavailable'))
    const login = createConsoleLogin({ ...parts, store: { change } })
    const before = sessions.takeNews()
    await expect(login.withKey(secret, '10.0.0.1')).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(sessions.takeNews()).toEqual(before)
  })
})

describe('logging out', () => {
  it('takes the session out of the store too, once', async () => {
    const { login, store, secret } = await setUp()
    const one = await login.withKey(secret, '10.0.0.1')
    const other = await login.withKey(secret, '10.0.0.1')
    await login.end(one.token)
    await login.end(one.token)
    expect((await store.listSessions()).map(({ digest }) => digest)).toEqual([other.principal.session])
    const actions = (await store.listAudit({ since: 0, limit: 10 })).map(({ action }) => action)
    expect(actions).toEqual(['console.logout', 'console.login', 'console.login'])
  })
})
