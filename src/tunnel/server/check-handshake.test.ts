import { describe, expect, it } from 'vitest'
import { checkHandshake } from './check-handshake.ts'

const WHOLE = ['Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']

function verdict(...headers: string[]): string {
  const error = checkHandshake(headers)
  return error === null ? 'fine' : `${error.status} ${error.message}`
}

describe('checkHandshake', () => {
  it('wants the subprotocol, alone or among others', () => {
    expect(verdict(...WHOLE, 'Sec-WebSocket-Protocol', 'corral.v1')).toBe('fine')
    expect(verdict(...WHOLE, 'Sec-WebSocket-Protocol', 'corral.v2, corral.v1')).toBe('fine')
  })

  it.each([
    [[], '400 An agent names the WebSocket subprotocol corral.v1: upgrade the agent, if this is one'],
    [['chat'], '400 An agent names the WebSocket subprotocol corral.v1: upgrade the agent, if this is one'],
    [['corral.v2'], '426 The agent speaks corral.v2 and the gateway corral.v1: upgrade the gateway'],
    [['corral.v0'], '426 The agent speaks corral.v0 and the gateway corral.v1: upgrade the agent'],
  ])('says of %j which side to upgrade', (offered, expected) => {
    expect(verdict(...WHOLE, ...offered.flatMap((name) => ['Sec-WebSocket-Protocol', name]))).toBe(expected)
  })

  it.each(['corral.v1,', 'corral.v1, a b', 'corral.v1, corral.v1'])(
    'does not pass %j on to be judged again',
    (offered) => {
      expect(verdict(...WHOLE, 'Sec-WebSocket-Protocol', offered)).toMatch(/^4\d\d /)
    },
  )

  it('wants a handshake of RFC 6455', () => {
    const named = ['Sec-WebSocket-Protocol', 'corral.v1']
    expect(verdict(...named)).toBe('400 The WebSocket version is not 13')
    expect(verdict('Sec-WebSocket-Version', '8', ...WHOLE.slice(2), ...named)).toBe(
      '400 The WebSocket version is not 13',
    )
    expect(verdict(...WHOLE, 'Sec-WebSocket-Version', '13', ...named)).toBe('400 The WebSocket version is not 13')
    expect(verdict(...WHOLE.slice(0, 2), 'Sec-WebSocket-Key', 'x', ...named)).toBe('400 The WebSocket key is not valid')
  })
})
