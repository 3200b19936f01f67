import { describe, expect, it } from 'vitest'
import { createPeerResolver, normaliseAddress } from './client-address.ts'

const behindProxy = createPeerResolver(['10.0.0.0/8', '127.0.0.1', 'fd00::/8'])
const from = (peer: string, headers: string[] = [], encrypted = false) => behindProxy.peer(peer, encrypted)(headers)

describe('createPeerResolver', () => {
  it('takes the peer, whatever it claims, where it is not a trusted proxy', () => {
    const headers = ['X-Forwarded-For', '1.1.1.1', 'X-Forwarded-Proto', 'https']
    expect(from('203.0.113.9', headers)).toEqual({ address: '203.0.113.9', confidential: false })
    expect(createPeerResolver([]).peer('127.0.0.1', false)(headers)).toEqual({
      address: '127.0.0.1',
      confidential: true,
    })
  })

  it('takes the rightmost address that no trusted proxy vouches for', () => {
    expect(from('10.1.1.1', ['X-Forwarded-For', '6.6.6.6, 198.51.100.7, 10.2.2.2']).address).toBe('198.51.100.7')
    expect(from('10.1.1.1', ['X-Forwarded-For', '6.6.6.6', 'x-forwarded-for', '198.51.100.7']).address).toBe(
      '198.51.100.7',
    )
    expect(from('10.1.1.1', ['X-Forwarded-For', '10.3.3.3,10.2.2.2']).address).toBe('10.3.3.3')
  })

  it('stops at what is no address', () => {
    expect(from('10.1.1.1', ['X-Forwarded-For', '1.1.1.1, unknown']).address).toBe('10.1.1.1')
    expect(from('10.1.1.1', ['X-Forwarded-For', '']).address).toBe('10.1.1.1')
    expect(from('10.1.1.1', ['X-Forwarded-For', '1.1.1.1, evil, 10.2.2.2']).address).toBe('10.2.2.2')
  })

  it('reads ports, brackets and mapped addresses', () => {
    expect(from('10.1.1.1', ['X-Forwarded-For', '198.51.100.7:1234']).address).toBe('198.51.100.7')
    expect(from('10.1.1.1', ['X-Forwarded-For', '[2001:DB8::1]:1234']).address).toBe('2001:db8::1')
    expect(from('::ffff:10.1.1.1', ['X-Forwarded-For', '::ffff:198.51.100.7']).address).toBe('198.51.100.7')
    expect(from('fd00::5', ['X-Forwarded-For', '2001:db8::1']).address).toBe('2001:db8::1')
  })

  it('calls a request confidential by the evidence of the trusted proxy', () => {
    expect(from('127.0.0.1').confidential).toBe(true)
    expect(from('127.0.0.1', ['X-Forwarded-For', '1.1.1.1']).confidential).toBe(false)
    expect(from('127.0.0.1', ['X-Forwarded-For', '1.1.1.1', 'X-Forwarded-Proto', 'https']).confidential).toBe(true)
    expect(from('127.0.0.1', ['X-Forwarded-For', '1.1.1.1', 'X-Forwarded-Proto', 'https, http']).confidential).toBe(
      false,
    )
    expect(from('10.1.1.1', ['X-Forwarded-Proto', 'http'], true).confidential).toBe(false)
  })

  it('calls TLS and loopback confidential, and plain bytes from elsewhere not', () => {
    expect(from('203.0.113.9', [], true).confidential).toBe(true)
    for (const peer of ['127.8.8.8', '::1', '::ffff:127.0.0.1']) {
      expect(createPeerResolver([]).peer(peer, false)([]).confidential).toBe(true)
    }
    expect(from('203.0.113.9').confidential).toBe(false)
    expect(createPeerResolver([]).peer(undefined, false)([])).toEqual({ address: '', confidential: false })
  })
})

describe('normaliseAddress', () => {
  it('gives one spelling', () => {
    expect(normaliseAddress('::FFFF:127.0.0.1')).toBe('127.0.0.1')
    expect(normaliseAddress('FE80::1%eth0')).toBe('fe80::1')
  })
})
