import { describe, expect, it } from 'vitest'
import { IDLE_MS, LONGEST_MS, type SessionRecord } from './console-session.ts'
import { createConsoleSessions, MAX_OF_A_KEY, type ConsoleSessions } from './console-sessions.ts'
import { createTokenDigester } from './console-token.ts'
import { createKeyDigester } from './key-digest.ts'
import { createKeyDirectory, type KeyDirectory } from './key-directory.ts'
import type { KeyRecord, UserRecord } from './key-store.ts'
import { PLAIN_SHARE } from './principal.ts'

const pepper = Buffer.alloc(32, 7)
const digester = createTokenDigester(pepper)
const keyDigester = createKeyDigester(pepper)
const START = 1_700_000_000_000

const ann: UserRecord = { id: 'u1', name: 'ann', disabled: false, role: 'admin', limits: null, createdAt: START }
const first: KeyRecord = {
  id: 'k1',
  name: 'first',
  userId: 'u1',
  userName: 'ann',
  scopes: ['chat', 'admin'],
  models: null,
  upstreams: null,
  pools: null,
  queue: PLAIN_SHARE,
  limits: null,
  lastUsedAt: null,
  previous: null,
  createdAt: START,
  expiresAt: null,
  revokedAt: null,
  kind: 'key',
  digest: keyDigester.store('secret'),
  hint: '',
}

interface Scene {
  readonly sessions: ConsoleSessions
  readonly ended: string[]
  readonly clock: { at: number }
  /** The store is different. */
  change(key: Partial<KeyRecord>, user?: Partial<UserRecord>): void
}

function recordOf(token: string): SessionRecord {
  const at = { madeAt: START, seenAt: START }
  return { digest: digester.session(token), keyId: 'k1', keyDigest: first.digest, scopes: first.scopes, ...at }
}

function setUp(...tokens: string[]): Scene {
  const clock = { at: START, now: () => clock.at }
  const directory: KeyDirectory = createKeyDirectory({ digester: keyDigester, clock })
  const sessions = createConsoleSessions({ directory, digester, clock })
  const ended: string[] = []
  sessions.onEnded((session) => void ended.push(session))
  const change: Scene['change'] = (key, user = {}) =>
    void directory.refresh({ users: [{ ...ann, ...user }], keys: [{ ...first, ...key }], foreign: [] })
  change({})
  for (const token of tokens) sessions.add(recordOf(token))
  return { sessions, ended, clock, change }
}

const MINUTE = 60_000

describe('a session', () => {
  it('is its key, by another name', () => {
    const { sessions } = setUp('one', 'two')
    const [one, two] = [sessions.find('one'), sessions.find('two')]
    expect(one).toMatchObject({ user: 'ann', userId: 'u1', keyId: 'k1', session: digester.session('one') })
    expect(one?.scopes).toEqual(new Set(['chat', 'admin']))
    expect(two?.session).not.toBe(one?.session)
    expect(sessions.find('one')).toBe(one)
    expect(one?.use?.noted).toBe(true)
    for (const unknown of ['three', '', digester.session('one'), 'secret'])
      expect(sessions.find(unknown)).toBeUndefined()
  })

  it('follows what its key is given and loses meanwhile', () => {
    const { sessions, change } = setUp('one')
    change({ models: ['tiny'], limits: { concurrent: 1 } })
    expect(sessions.find('one')).toMatchObject({ models: ['tiny'], limits: { concurrent: 1 } })
  })

  it('goes on while it is used, and ends when it was not for its time', () => {
    const { sessions, clock, ended } = setUp('one')
    const session = digester.session('one')
    clock.at += IDLE_MS - 1
    expect(sessions.endsAt(session)).toBe(START + IDLE_MS)
    expect(sessions.find('one')).toBeDefined()
    expect(sessions.endsAt(session)).toBe(clock.at + IDLE_MS)
    clock.at += IDLE_MS - 1
    expect(sessions.isLive(session)).toBe(true)
    clock.at += IDLE_MS
    expect(sessions.find('one')).toBeUndefined()
    expect(sessions.endsAt(session)).toBeUndefined()
    expect(ended).toEqual([session])
  })

  it('ends after the longest time however much it is used', () => {
    const { sessions, clock, ended } = setUp('one')
    while (clock.at < START + LONGEST_MS - MINUTE) {
      clock.at += MINUTE
      if (clock.at % (60 * MINUTE) === START % (60 * MINUTE)) expect(sessions.find('one')).toBeDefined()
    }
    expect(sessions.endsAt(digester.session('one'))).toBe(START + LONGEST_MS)
    clock.at = START + LONGEST_MS
    sessions.sweep()
    expect(ended).toHaveLength(1)
  })

  it.each<[string, Partial<KeyRecord>, Partial<UserRecord>]>([
    ['is revoked', { revokedAt: START }, {}],
    ['expires', { expiresAt: START }, {}],
    ['has another secret, though the old one still opens it', rotated(), {}],
    ['has a disabled user', {}, { disabled: true }],
    ['has a user who is no admin any more', {}, { role: 'member' }],
    ['may do less', { scopes: ['admin'] }, {}],
  ])('ends at once when its key %s', (_how, key, user) => {
    const { sessions, ended, change } = setUp('one', 'two')
    change(key, user)
    expect(sessions.find('one')).toBeUndefined()
    expect(ended).toEqual([digester.session('one')])
    sessions.sweep()
    expect(ended).toEqual([digester.session('one'), digester.session('two')])
    // And not again when the key is as it was.
    change({})
    expect(sessions.find('one')).toBeUndefined()
    expect(sessions.find('two')).toBeUndefined()
  })

  it('goes on when its key may do more', () => {
    const { sessions, change } = setUp('one')
    change({ scopes: ['chat', 'admin', 'embed'] })
    expect(sessions.find('one')?.scopes).toEqual(new Set(['chat', 'admin', 'embed']))
  })

  it('is ended once, and tells whether it was there', () => {
    const { sessions, ended } = setUp('one')
    const session = digester.session('one')
    expect([sessions.end(session), sessions.end(session)]).toEqual([true, false])
    expect(ended).toEqual([session])
    expect(sessions.isLive(session)).toBe(false)
  })
})

describe('sessions of one key', () => {
  it('are so many, and then the one ends that was not used for longest', () => {
    const tokens = Array.from({ length: MAX_OF_A_KEY }, (_, index) => `token-${index}`)
    const { sessions, clock, ended } = setUp(...tokens)
    clock.at += MINUTE
    for (const token of tokens) if (token !== 'token-7') sessions.find(token)
    sessions.add({ ...recordOf('one more'), seenAt: clock.at })
    expect(ended).toEqual([digester.session('token-7')])
    expect(sessions.find('one more')).toBeDefined()
    expect(sessions.takeNews().ended).toEqual(ended)
    sessions.add({ ...recordOf('of another key'), keyId: 'k2' })
    expect(ended).toHaveLength(1)
  })
})

describe('what the store does not know yet', () => {
  it('is told once: when they were used, and which ended by themselves', () => {
    const { sessions, clock, change } = setUp('one', 'two', 'three')
    clock.at += MINUTE
    sessions.find('one')
    sessions.find('two')
    sessions.end(digester.session('two'))
    expect(sessions.takeNews()).toEqual({ seen: new Map([[digester.session('one'), clock.at]]), ended: [] })
    change({ revokedAt: START })
    sessions.sweep()
    const { seen, ended } = sessions.takeNews()
    expect([seen.size, ended]).toEqual([0, [digester.session('one'), digester.session('three')]])
    expect(sessions.takeNews()).toEqual({ seen: new Map(), ended: [] })
  })
})

function rotated(): Partial<KeyRecord> {
  return { digest: keyDigester.store('next'), previous: { digest: first.digest, until: START + LONGEST_MS } }
}
