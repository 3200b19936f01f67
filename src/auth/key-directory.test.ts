import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseKeyFile, parseTokensFile, type ForeignKey } from './foreign-keys.ts'
import { createKeyDigester, type KeyDigester } from './key-digest.ts'
import { createKeyDirectory, type DirectoryContents, type KeyDirectory } from './key-directory.ts'
import type { KeyRecord } from './key-store.ts'
import { PLAIN_SHARE } from './principal.ts'

const pepper = Buffer.alloc(32, 7)
const salt = { salt: 'NaCl', separator: '@separator@' }
const digester = createKeyDigester(pepper)
const SSH = `AAAAC3NzaC1lZDI1NTE5AAAAI${'B'.repeat(43)}`
const START = 1_700_000_000_000

const plain = { role: 'admin', limits: null } as const

function record(id: string, secret: string, changes: Partial<KeyRecord> = {}): KeyRecord {
  return {
    id,
    name: id,
    userId: 'u1',
    userName: 'ada',
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
    digest: digester.store(secret),
    hint: '',
    ...changes,
  }
}

function contents(keys: KeyRecord[], changes: Partial<DirectoryContents> = {}): DirectoryContents {
  const users = [{ id: 'u1', name: 'ada', disabled: false, ...plain, createdAt: START }]
  return { users, keys, foreign: [], ...changes }
}

interface Setting {
  readonly directory: KeyDirectory
  readonly clock: { at: number; now(): number }
}

function setUp(keys: KeyRecord[], changes: Partial<DirectoryContents> = {}, used: KeyDigester = digester): Setting {
  const clock = { at: START, now: () => clock.at }
  const directory = createKeyDirectory({ digester: used, clock })
  directory.refresh(contents(keys, changes))
  return { directory, clock }
}

function foreign(content: ReturnType<typeof parseKeyFile>): readonly ForeignKey[] {
  return content.kind === 'keys' ? content.keys : []
}

describe('findBySecret', () => {
  it('knows whose key it is', () => {
    const { directory } = setUp([record('k1', 'alpha', { models: ['llama3*'], expiresAt: START + 5 })])
    expect(directory.findBySecret('alpha', 'full')).toEqual({
      user: 'ada',
      userId: 'u1',
      keyId: 'k1',
      keyName: 'k1',
      scopes: new Set(['chat', 'admin']),
      models: ['llama3*'],
      upstreams: null,
      pools: null,
      expiresAt: START + 5,
      queue: PLAIN_SHARE,
      use: { noted: false },
    })
  })

  it('knows how it waits in the queue, from any carrier', () => {
    const queue = { class: 'batch', weight: 7 } as const
    const { directory } = setUp([record('k1', 'alpha', { queue })])
    expect(directory.findBySecret('alpha', 'full')?.queue).toEqual(queue)
    expect(directory.findBySecret('alpha', 'weak')?.queue).toEqual(queue)
  })

  it('gives every request of a key the same frozen object', () => {
    const { directory } = setUp([record('k1', 'alpha')])
    const principal = directory.findBySecret('alpha', 'full')
    expect(directory.findBySecret('alpha', 'full')).toBe(principal)
    expect(Object.isFrozen(principal)).toBe(true)
    expect(directory.findBySecret('alpha', 'weak')).toBe(directory.findBySecret('alpha', 'weak'))
  })

  it('takes admin, metrics and agent off for a weak carrier, and nothing else', () => {
    const all = ['chat', 'embed', 'models:read', 'models:write', 'admin', 'metrics'] as const
    const agent = record('k2', 'beta', { scopes: ['agent'], pools: ['home'] })
    const { directory } = setUp([record('k1', 'alpha', { scopes: all }), agent])
    expect(directory.findBySecret('alpha', 'full')?.scopes).toEqual(new Set(all))
    expect(directory.findBySecret('alpha', 'weak')?.scopes).toEqual(new Set(all.slice(0, 4)))
    expect(directory.findBySecret('beta', 'full')).toMatchObject({ scopes: new Set(['agent']), pools: ['home'] })
    expect(directory.findBySecret('beta', 'weak')?.scopes).toEqual(new Set())
  })

  it('lets a stored key be an agent only where it is nothing else', () => {
    const { directory } = setUp([record('k1', 'alpha', { scopes: ['chat', 'agent'], pools: ['home'] })])
    expect(directory.findBySecret('alpha', 'full')?.scopes).toEqual(new Set(['chat']))
  })

  it.each([
    ['unknown', record('k2', 'beta'), {}],
    ['revoked', record('k1', 'alpha', { revokedAt: START }), {}],
    ['expired', record('k1', 'alpha', { expiresAt: START }), {}],
    [
      'of a disabled user',
      record('k1', 'alpha'),
      { users: [{ id: 'u1', name: 'ada', disabled: true, ...plain, createdAt: 0 }] },
    ],
    ['of no user', record('k1', 'alpha'), { users: [] }],
  ])('does not let in a key that is %s', (_, key, changes) => {
    expect(setUp([key], changes).directory.findBySecret('alpha', 'full')).toBeUndefined()
  })

  it('ends a key at the moment it expires, without a refresh', () => {
    const { directory, clock } = setUp([record('k1', 'alpha', { expiresAt: START + 1000 })])
    clock.at = START + 999
    expect(directory.findBySecret('alpha', 'full')?.keyId).toBe('k1')
    clock.at = START + 1000
    expect(directory.findBySecret('alpha', 'full')).toBeUndefined()
  })

  it('never lets two secrets share a principal', () => {
    const secrets = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 30 }), { minLength: 2, maxLength: 20 })
    fc.assert(
      fc.property(secrets, (secrets) => {
        const half = Math.floor(secrets.length / 2)
        const keys = secrets.slice(0, half).map((secret, i) => record(`k${i}`, secret))
        const tokens = foreign(parseTokensFile(JSON.stringify(secrets.slice(half).map(encodeURIComponent)), digester))
        const { directory } = setUp(keys, { foreign: tokens })
        const found = [...secrets.slice(0, half).map(asWire), ...secrets.slice(half).map(encodeURIComponent)]
          .filter((secret, i, all) => all.indexOf(secret) === i)
          .map((secret) => directory.findBySecret(secret, 'full')?.keyId)
        expect(new Set(found).size).toBe(found.length)
        expect(found).not.toContain(undefined)
        for (const secret of secrets.slice(0, half)) {
          for (const near of [`${secret}x`, secret.slice(1), secret.slice(0, -1), `${secret} `]) {
            if (!secrets.includes(near)) expect(directory.findBySecret(asWire(near), 'full')).toBeUndefined()
          }
        }
      }),
    )
  })
})

/** How node:http hands over a header that was sent as UTF-8. */
function asWire(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

describe('the path of a secret', () => {
  function recorded(): { digester: KeyDigester; calls: string[] } {
    const calls: string[] = []
    const real = createKeyDigester(pepper, salt)
    const digester: KeyDigester = {
      store: (secret) => real.store(secret),
      present: (secret) => (calls.push('present'), real.present(secret)),
      presentSalted: (secret) => (calls.push('presentSalted'), real.presentSalted?.(secret) ?? Buffer.alloc(0)),
      equal: (one, other) => (calls.push(`equal ${one.length} ${other.length}`), real.equal(one, other)),
    }
    return { digester, calls }
  }

  it('is the same for a valid, unknown, revoked, expired and disabled key and one of a file', () => {
    const { digester, calls } = recorded()
    const line = createHash('sha256').update('fromfile@separator@NaCl').digest('hex')
    const keys = [
      record('valid', 'valid'),
      record('revoked', 'revoked', { revokedAt: START }),
      record('expired', 'expired', { expiresAt: START }),
      record('disabled', 'disabled', { userId: 'u2' }),
    ]
    const users = [
      { id: 'u1', name: 'ada', disabled: false, ...plain, createdAt: START },
      { id: 'u2', name: 'bob', disabled: true, ...plain, createdAt: START },
    ]
    const { directory } = setUp(keys, { users, foreign: foreign(parseKeyFile(line, digester)) }, digester)
    const found = ['valid', 'revoked', 'expired', 'disabled', 'unknown', 'fromfile'].map((secret) => {
      calls.length = 0
      const principal = directory.findBySecret(secret, 'full')
      return { secret, found: principal !== undefined, calls: [...calls] }
    })
    const steps = ['present', 'presentSalted', 'equal 32 32']
    expect(found).toEqual([
      { secret: 'valid', found: true, calls: steps },
      { secret: 'revoked', found: false, calls: steps },
      { secret: 'expired', found: false, calls: steps },
      { secret: 'disabled', found: false, calls: steps },
      { secret: 'unknown', found: false, calls: steps },
      { secret: 'fromfile', found: true, calls: steps },
    ])
  })

  it('does not end before the comparison: a digest that equals nothing lets nobody in', () => {
    const never: KeyDigester = { ...createKeyDigester(pepper), equal: () => false }
    expect(setUp([record('k1', 'alpha')], {}, never).directory.findBySecret('alpha', 'full')).toBeUndefined()
  })
})

describe('keys of files', () => {
  const withSalt = createKeyDigester(pepper, salt)
  const line = createHash('sha256').update('alpha@separator@NaCl').digest('hex')

  it('open with the key whose salted digest the file holds, never with the digest itself', () => {
    const { directory } = setUp([], { foreign: foreign(parseKeyFile(line, withSalt)) }, withSalt)
    expect(directory.findBySecret('alpha', 'full')?.user).toBe('file:key-file')
    expect(directory.findBySecret(line, 'full')).toBeUndefined()
  })

  it('end when their line is gone', () => {
    const { directory } = setUp([], { foreign: foreign(parseKeyFile('alpha\nbeta', digester)) })
    const id = directory.findBySecret('alpha', 'full')?.keyId
    expect(directory.refresh(contents([], { foreign: foreign(parseKeyFile('beta', digester)) }))).toEqual([id])
    expect(directory.findBySecret('alpha', 'full')).toBeUndefined()
    expect(directory.findBySecret('beta', 'full')).toBeDefined()
  })

  it('do not let in what the store has revoked', () => {
    const revoked = record('k1', 'alpha', { revokedAt: START })
    const plain = setUp([revoked], { foreign: foreign(parseKeyFile('alpha', digester)) })
    expect(plain.directory.findBySecret('alpha', 'full')).toBeUndefined()
    const salted = setUp([revoked], { foreign: foreign(parseKeyFile(line, withSalt)) }, withSalt)
    expect(salted.directory.findBySecret('alpha', 'full')).toBeUndefined()
  })

  it('go on under their id while the store has the same key, and end with it', () => {
    const file = { foreign: foreign(parseKeyFile('alpha', digester)) }
    const { directory } = setUp([], file)
    const id = directory.findBySecret('alpha', 'full')?.keyId
    expect(directory.refresh(contents([record('k1', 'alpha')], file))).toEqual([])
    expect(directory.refresh(contents([record('k1', 'alpha', { revokedAt: START })], file))).toEqual(['k1', id])
  })

  it('of a secret that was revoked and imported again, the live key holds', () => {
    const keys = [record('old', 'alpha', { revokedAt: START }), record('new', 'alpha')]
    for (const order of [keys, keys.toReversed()]) {
      expect(setUp(order).directory.findBySecret('alpha', 'full')?.keyId).toBe('new')
    }
  })
})

describe('findBySshKey', () => {
  it('finds an enrolled key, weak, and no other', () => {
    const { directory } = setUp([record('k1', '', { kind: 'ssh', digest: SSH, scopes: ['chat', 'admin'] })])
    expect(directory.findBySshKey(SSH)?.principal.scopes).toEqual(new Set(['chat']))
    expect(directory.findBySshKey(SSH.replaceAll('B', 'C'))).toBeUndefined()
    expect(directory.findBySecret(SSH, 'full')).toBeUndefined()
  })

  it('does not let in a revoked or expired one', () => {
    const key = { kind: 'ssh', digest: SSH } as const
    expect(setUp([record('k1', '', { ...key, revokedAt: START })]).directory.findBySshKey(SSH)).toBeUndefined()
    expect(setUp([record('k1', '', { ...key, expiresAt: START })]).directory.findBySshKey(SSH)).toBeUndefined()
  })
})

describe('what ends', () => {
  it('is named once by the refresh that ends it', () => {
    const { directory } = setUp([record('k1', 'a'), record('k2', 'b'), record('k3', 'c')])
    const next = contents([record('k1', 'a', { revokedAt: START }), record('k3', 'c')])
    expect(directory.refresh(next)).toEqual(['k1', 'k2'])
    expect(directory.refresh(next)).toEqual([])
    expect(['k1', 'k2', 'k3'].map((id) => directory.isLive({ keyId: id }))).toEqual([false, false, true])
  })

  it('includes all keys of a user who was disabled', () => {
    const { directory } = setUp([record('k1', 'a'), record('k2', 'b', { kind: 'ssh', digest: SSH })])
    const disabled = [{ id: 'u1', name: 'ada', disabled: true, ...plain, createdAt: START }]
    const keys = [record('k1', 'a'), record('k2', 'b', { kind: 'ssh', digest: SSH })]
    expect(directory.refresh(contents(keys, { users: disabled }))).toEqual(['k1', 'k2'])
  })

  it('says when the next key expires, and names it once then', () => {
    const keys = [
      record('k1', 'a', { expiresAt: START + 2000 }),
      record('k2', 'b', { expiresAt: START + 1000 }),
      record('k3', 'c'),
    ]
    const { directory, clock } = setUp(keys)
    expect(directory.nextExpiryAt()).toBe(START + 1000)
    expect(directory.expire()).toEqual([])
    clock.at = START + 1000
    expect(directory.isLive({ keyId: 'k2' })).toBe(false)
    expect(directory.expire()).toEqual(['k2'])
    expect(directory.expire()).toEqual([])
    expect(directory.nextExpiryAt()).toBe(START + 2000)
    clock.at = START + 5000
    expect(directory.refresh(contents(keys))).toEqual(['k1'])
    expect(directory.nextExpiryAt()).toBeNull()
  })
})

describe('a secret that was replaced', () => {
  const rotated = (until: number): KeyRecord =>
    record('k1', 'new', { previous: { digest: digester.store('old'), until }, expiresAt: START + 9000 })

  it('opens the same key until its time is over, and no longer than that', () => {
    const { directory, clock } = setUp([rotated(START + 1000)])
    const old = directory.findBySecret('old', 'full')
    expect(old).toMatchObject({ keyId: 'k1', expiresAt: START + 1000 })
    expect(directory.findBySecret('new', 'full')).toMatchObject({ keyId: 'k1', expiresAt: START + 9000 })
    expect(old !== undefined && directory.isLive(old)).toBe(true)
    clock.at = START + 1000
    expect(directory.findBySecret('old', 'full')).toBeUndefined()
    expect(old !== undefined && directory.isLive(old)).toBe(false)
    expect(directory.findBySecret('new', 'full')).toBeDefined()
    expect(directory.expire()).toEqual([])
  })

  it('ends with the key', () => {
    const { directory } = setUp([rotated(START + 1000)])
    expect(directory.refresh(contents([{ ...rotated(START + 1000), revokedAt: START }]))).toEqual(['k1'])
    expect(directory.findBySecret('old', 'full')).toBeUndefined()
  })

  it('ends what runs with it only where it has no time left', () => {
    const { directory } = setUp([record('k1', 'old'), record('k2', 'other')])
    const others = record('k2', 'other')
    expect(directory.refresh(contents([rotated(START + 1000), others]))).toEqual([])
    const again = record('k1', 'newer', { previous: { digest: digester.store('new'), until: START + 1 } })
    expect(directory.refresh(contents([again, others]))).toEqual([])
    expect(directory.refresh(contents([record('k1', 'newest'), others]))).toEqual(['k1'])
    expect(directory.findBySecret('newest', 'full')).toBeDefined()
  })
})

describe('what was used', () => {
  it('is told once, over a refresh too, for keys of the store', () => {
    const { directory } = setUp([record('k1', 'a'), record('k2', 'b')])
    for (const strength of ['full', 'weak'] as const) {
      const use = directory.findBySecret('a', strength)?.use
      if (use !== undefined) use.noted = true
      directory.refresh(contents([record('k1', 'a'), record('k2', 'b')]))
      expect(directory.takeUsed()).toEqual(['k1'])
      expect(directory.takeUsed()).toEqual([])
    }
  })
})

describe('the owner', () => {
  const member = {
    users: [{ id: 'u1', name: 'ada', disabled: false, ...plain, role: 'member' as const, createdAt: 0 }],
  }

  it('as a member holds none of the scopes of an admin, whatever the row says', () => {
    const all = ['chat', 'admin', 'metrics'] as const
    const { directory } = setUp([record('k1', 'a', { scopes: all }), record('k2', 'b', { scopes: ['agent'] })], member)
    expect(directory.findBySecret('a', 'full')?.scopes).toEqual(new Set(['chat']))
    expect(directory.findBySecret('b', 'full')?.scopes).toEqual(new Set())
  })

  it('is known by its id in the full principal alone, with the limits of both', () => {
    const users = [
      { id: 'u1', name: 'ada', disabled: false, role: 'member' as const, limits: { concurrent: 2 }, createdAt: 0 },
    ]
    const { directory } = setUp([record('k1', 'a', { limits: { tokensPerDay: 5 } })], { users })
    expect(directory.findBySecret('a', 'full')).toMatchObject({
      userId: 'u1',
      limits: { tokensPerDay: 5 },
      userLimits: { concurrent: 2 },
    })
    const weak = directory.findBySecret('a', 'weak')
    expect(weak).toMatchObject({ userId: 'u1', isWeak: true, limits: { tokensPerDay: 5 } })
  })
})
