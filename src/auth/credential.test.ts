import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCredential } from './credential.ts'

const K = 'crl_SOhKUSw6U9ER31wsOsYdOyuU9fn0dUbcJ'
const OTHER = 'OLLAMA-6f9619ff-8b86-4011-b42d-00c04fc964ff'
const publicKey = `AAAAC3NzaC1lZDI1NTE5AAAAI${'B'.repeat(43)}`
const signature = `${'C'.repeat(86)}==`
const signed = ['Authorization', `${publicKey}:${signature}`]

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`
}

function header(secret: string): object {
  return { kind: 'key', secret, carrier: 'header' }
}

/** Every way a header can hold a key. */
const carriers: ((key: string) => string[])[] = [
  (key) => ['Authorization', `Bearer ${key}`],
  (key) => ['authorization', `bEARER   ${key}\t`],
  (key) => ['AUTHORIZATION', key],
  (key) => ['Authorization', basic('', key)],
  (key) => ['Authorization', basic('somebody', key)],
  (key) => ['x-api-key', key],
  (key) => ['X-API-Key', ` ${key}`],
  (key) => ['APIKEY', key],
  (key) => ['Api-Key', key],
]

const secrets = fc
  .string({ unit: fc.constantFrom(..."abcXYZ019-_.:=+/@'"), minLength: 1, maxLength: 24 })
  .filter((key) => {
    return !/^(bearer|basic|ollama)$/i.test(key)
  })

/** Any header value as node:http may hand it over. */
const bytes = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'))

describe('parseCredential', () => {
  it.each(carriers.map((carry) => [carry(K)]))('finds the key in %j', (headers) => {
    expect(parseCredential(['Host', 'gw', ...headers, 'Accept', '*/*'], null)).toEqual(header(K))
  })

  it.each(carriers.map((carry) => [carry(K)]))(
    'takes the same key in the path and in %j as one, from the path',
    (headers) => {
      expect(parseCredential(headers, K)).toEqual({ kind: 'key', secret: K, carrier: 'path' })
    },
  )

  it('takes one key in many carriers for one, and two keys in any two carriers for none', () => {
    const pick = fc.constantFrom(...carriers)
    fc.assert(
      fc.property(fc.tuple(pick, pick), fc.tuple(secrets, secrets), ([one, two], [first, second]) => {
        const [here, there] = [one(first), two(second)]
        fc.pre(here[0]?.toLowerCase() !== 'authorization' || there[0]?.toLowerCase() !== 'authorization')
        const expected = first === second ? header(first) : { kind: 'conflicting' }
        expect(parseCredential([...here, ...there], null)).toEqual(expected)
        expect(parseCredential([...there, ...here], null)).toEqual(expected)
      }),
    )
  })

  it('refuses a path key beside another key', () => {
    for (const carry of carriers) expect(parseCredential(carry(OTHER), K)).toEqual({ kind: 'conflicting' })
  })

  it('prefers a path key to the placeholder in any carrier', () => {
    for (const carry of carriers) {
      expect(parseCredential(carry('ollama'), K)).toEqual({ kind: 'key', secret: K, carrier: 'path' })
    }
    expect(parseCredential(['x-api-key', 'ollama', 'Authorization', `Bearer ${K}`], K).kind).toBe('key')
    expect(parseCredential(['Authorization', 'Bearer Ollama'], K)).toEqual({ kind: 'conflicting' })
  })

  it('takes the placeholder for a key like any other without a path key', () => {
    expect(parseCredential(['Authorization', 'Bearer ollama'], null)).toEqual(header('ollama'))
    expect(parseCredential(['Authorization', 'Bearer ollama', 'x-api-key', K], null)).toEqual({ kind: 'conflicting' })
  })

  it('reads the signature of the CLI, which a path key overrules and another key contradicts', () => {
    expect(parseCredential(signed, null)).toEqual({ kind: 'signature', publicKey, signature })
    expect(parseCredential(signed, K)).toEqual({ kind: 'key', secret: K, carrier: 'path' })
    expect(parseCredential([...signed, 'x-api-key', K], null)).toEqual({ kind: 'conflicting' })
  })

  it.each([
    ['Authorization', 'Bearer'],
    ['Authorization', 'Bearer '],
    ['Authorization', 'basic'],
    ['Authorization', ''],
    ['x-api-key', ''],
    ['x-api-key', ' \t'],
    ['Authorization', `Token ${K}`],
    ['Authorization', `Digest username="${K}"`],
    ['Authorization', `Bearer ${K} ${K}`],
    ['Authorization', `Bearer ${K}\u0000`],
    ['Authorization', `Bearer ${K}, Bearer ${OTHER}`],
    ['Authorization', 'Basic not-base-64!'],
    ['Authorization', `Basic ${Buffer.from('nocolon').toString('base64')}`],
    ['Authorization', basic('user', '')],
    ['Authorization', basic('user', 'two words')],
    ['x-api-key', `Bearer ${K}`],
    ['apikey', `${K}\u007f`],
  ])('%s: %j is malformed', (name, value) => {
    expect(parseCredential([name, value], null)).toEqual({ kind: 'malformed' })
    expect(parseCredential(['Accept', '*/*', name, value, 'Accept', 'a'], null)).toEqual({ kind: 'malformed' })
  })

  it('passes over an empty carrier beside a full one, but not over a malformed one', () => {
    expect(parseCredential(['Authorization', 'Bearer', 'x-api-key', K], null)).toEqual(header(K))
    expect(parseCredential(['x-api-key', '', 'Authorization', K], null)).toEqual(header(K))
    expect(parseCredential(['Authorization', 'Bearer '], K).kind).toBe('key')
    expect(parseCredential(['Authorization', 'Token x', 'x-api-key', K], null)).toEqual({ kind: 'malformed' })
    expect(parseCredential(['x-api-key', K, 'Authorization', 'Token x'], null)).toEqual({ kind: 'malformed' })
    expect(parseCredential(['Authorization', 'Token x'], K)).toEqual({ kind: 'malformed' })
  })

  it('refuses a second Authorization field, were it the same', () => {
    const twice = ['Authorization', `Bearer ${K}`, 'authorization', `Bearer ${K}`]
    expect(parseCredential(twice, null)).toEqual({ kind: 'repeated' })
    expect(parseCredential(twice, K)).toEqual({ kind: 'repeated' })
  })

  it('takes two fields of one name like two carriers', () => {
    expect(parseCredential(['x-api-key', K, 'x-api-key', K], null)).toEqual(header(K))
    expect(parseCredential(['x-api-key', K, 'x-api-key', OTHER], null)).toEqual({ kind: 'conflicting' })
  })

  it('finds nothing in other fields', () => {
    const headers = [
      'Cookie',
      K,
      'x_api_key',
      K,
      'Proxy-Authorization',
      `Bearer ${K}`,
      'x-authorization',
      K,
      'api-kez',
      K,
    ]
    expect(parseCredential(headers, null)).toEqual({ kind: 'none' })
    expect(parseCredential([], null)).toEqual({ kind: 'none' })
  })

  it('never throws, whatever the fields hold', () => {
    const name = fc.constantFrom('authorization', 'Authorization', 'x-api-key', 'apikey', 'api-key', 'host')
    const fields = fc.array(fc.tuple(name, bytes), { maxLength: 5 })
    fc.assert(
      fc.property(fields, fc.option(bytes), (fields, pathKey) => {
        const credential = parseCredential(fields.flat(), pathKey)
        if (credential.kind === 'key') expect(credential.secret).toMatch(/^[\x21-\x7e\x80-\xff]+$/)
        else expect(['none', 'malformed', 'conflicting', 'repeated', 'signature']).toContain(credential.kind)
      }),
    )
  })
})
