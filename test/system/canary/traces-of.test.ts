import { expect, it } from 'vitest'
import { findTraces } from './traces-of.ts'

const secret = 'canary ä+/Secret?4711&Secret'

it.each([
  ['plain', `before ${secret} after`],
  ['cut', secret.slice(6)],
  ['base64', Buffer.from(secret).toString('base64')],
  ['base64 in the middle of more', Buffer.from(`u:${secret} and more`).toString('base64')],
  ['base64 one further', Buffer.from(`us:${secret} and more`).toString('base64url')],
  ['base64 two further', Buffer.from(`use:${secret} and more`).toString('base64')],
  ['hex', Buffer.from(`x${secret}x`).toString('hex')],
  ['HEX', Buffer.from(secret).toString('hex').toUpperCase()],
  ['a URL', `/a?b=${encodeURIComponent(secret)}`],
  ['bytes of a URL', Buffer.from(secret).toString('hex').replace(/../g, '%$&')],
])('a secret is found as %s', (_form, text) => {
  const traces = findTraces(new Map([['it', secret]]), new Map([['there', text]]))
  expect(traces.map(({ secret, where }) => [secret, where])).toContainEqual(['it', 'there'])
})

it('what is no secret is not found', () => {
  const innocent = `canary ${Buffer.from('Secret').toString('base64')} 4711 ${secret.slice(0, 12)} ${secret.slice(-4)}`
  expect(findTraces(new Map([['it', secret]]), new Map([['there', innocent]]))).toEqual([])
})
