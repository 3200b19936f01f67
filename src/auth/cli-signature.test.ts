import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isSignatureTimely, isSignatureValid, parseSignatureTime } from './cli-signature.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')

function signatureOf(message: string): string {
  return sign(null, Buffer.from(message), privateKey).toString('base64')
}

describe('isSignatureValid', () => {
  const request = { method: 'POST', path: '/api/chat', query: 'ts=1700000000' }
  const signature = signatureOf('POST,/api/chat?ts=1700000000')

  it('accepts what the CLI signs: method, bare path and time', () => {
    expect(isSignatureValid(request, { publicKey, signature })).toBe(true)
  })

  it.each([
    ['another method', { ...request, method: 'DELETE' }],
    ['another path', { ...request, path: '/api/delete' }],
    ['another time', { ...request, query: 'ts=1700000001' }],
  ])('refuses it for %s', (_, other) => {
    expect(isSignatureValid(other, { publicKey, signature })).toBe(false)
  })

  it('refuses it from another key', () => {
    const stranger = generateKeyPairSync('ed25519').publicKey
    expect(isSignatureValid(request, { publicKey: stranger, signature })).toBe(false)
  })

  it('refuses what is no signature', () => {
    expect(isSignatureValid(request, { publicKey, signature: 'A'.repeat(86) + '==' })).toBe(false)
    expect(isSignatureValid(request, { publicKey, signature: '' })).toBe(false)
  })
})

describe('parseSignatureTime', () => {
  it('reads the time where it is all there is', () => {
    expect(parseSignatureTime('ts=1700000000')).toBe(1_700_000_000)
  })

  it.each(['', 'ts=', 'ts=1&ts=2', 'ts=1&x=2', 'x=2&ts=1', 'ts=-1', 'ts=1.5', 'ts=1e9', 'TS=1', 'ts=9999999999999'])(
    'refuses %j, of which a part would be unsigned or no time',
    (query) => {
      expect(parseSignatureTime(query)).toBeUndefined()
    },
  )
})

describe('isSignatureTimely', () => {
  it.each([
    [-61, false],
    [-60, true],
    [0, true],
    [60, true],
    [61, false],
  ])('%i s off: %s', (offset, expected) => {
    expect(isSignatureTimely(1_700_000_000 + offset, 1_700_000_000_000)).toBe(expected)
  })
})
