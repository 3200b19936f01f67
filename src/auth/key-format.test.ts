import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyId, createSecret, isCarriableKey, isIntactKey, isOllamaUuidKey, keyHint } from './key-format.ts'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

describe('createSecret', () => {
  it('makes keys that are intact, carriable and never the same', () => {
    const secrets = Array.from({ length: 1000 }, () => createSecret('corral'))
    expect(new Set(secrets).size).toBe(1000)
    for (const secret of secrets) {
      expect(secret).toMatch(/^crl_[0-9A-Za-z]{33}$/)
      expect(isIntactKey(secret)).toBe(true)
      expect(isCarriableKey(secret)).toBe(true)
    }
  })

  it('makes OLLAMA-UUID keys on demand', () => {
    const secret = createSecret('ollama-uuid')
    expect(secret).toMatch(/^OLLAMA-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(isOllamaUuidKey(secret)).toBe(true)
  })
})

describe('isIntactKey', () => {
  it('sees every single wrong character', () => {
    const secret = createSecret('corral')
    fc.assert(
      fc.property(fc.nat({ max: 32 }), fc.constantFrom(...digits), (at, digit) => {
        const position = 4 + at
        fc.pre(secret[position] !== digit)
        expect(isIntactKey(secret.slice(0, position) + digit + secret.slice(position + 1))).toBe(false)
      }),
    )
  })

  it('sees keys cut short, lengthened and two characters swapped', () => {
    const secret = createSecret('corral')
    expect(isIntactKey(secret.slice(0, -1))).toBe(false)
    expect(isIntactKey(`${secret}0`)).toBe(false)
    expect(isIntactKey(secret.toLowerCase())).toBe(secret === secret.toLowerCase())
    for (let i = 4; i + 1 < secret.length; i++) {
      if (secret[i] === secret[i + 1]) continue
      const swapped = secret.slice(0, i) + (secret[i + 1] ?? '') + (secret[i] ?? '') + secret.slice(i + 2)
      expect(isIntactKey(swapped)).toBe(false)
    }
  })

  it('takes nothing else for a key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        expect(isIntactKey(text)).toBe(false)
      }),
    )
  })
})

describe('keyHint', () => {
  it('shows the end of a long key and nothing of a short one', () => {
    expect(keyHint('crl_0123456789abcdef')).toBe('cdef')
    expect(keyHint('hunter2')).toBe('')
  })
})

describe('createKeyId', () => {
  it('is short, printable and different each time', () => {
    const ids = Array.from({ length: 1000 }, createKeyId)
    expect(new Set(ids).size).toBe(1000)
    expect(ids[0]).toMatch(/^key_[0-9A-Za-z]{14}$/)
  })
})
