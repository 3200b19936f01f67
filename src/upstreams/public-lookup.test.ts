import type { LookupAddress } from 'node:dns'
import { describe, expect, it } from 'vitest'
import { isPrivateAddress, lookUpPublic } from './public-lookup.ts'

function lookUp(name: string): Promise<Error | string | LookupAddress[]> {
  return new Promise((resolve) => lookUpPublic(name, {}, (error, address) => resolve(error ?? address)))
}

describe('isPrivateAddress', () => {
  it.each(['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.0.1', '169.254.169.254', '100.64.0.1'])(
    'keeps %s in the house',
    (address) => expect(isPrivateAddress(address)).toBe(true),
  )

  it.each(['0.0.0.0', '::1', '::', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '224.0.0.1'])(
    'keeps %s in the house too',
    (address) => expect(isPrivateAddress(address)).toBe(true),
  )

  it.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '192.169.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])(
    'lets %s be reached',
    (address) => expect(isPrivateAddress(address)).toBe(false),
  )
})

describe('lookUpPublic', () => {
  it('says of a name that leads into the house where it leads, and what allows it', async () => {
    const found = await lookUp('localhost')
    expect(found).toBeInstanceOf(Error)
    expect(found).toHaveProperty(
      'fault',
      expect.stringMatching(/^localhost leads to \S+, a private address: set allow_private/),
    )
  })
})
