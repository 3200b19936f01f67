import { describe, expect, it } from 'vitest'
import { clearCookie, sessionToken, setCookie } from './session-cookie.ts'

describe('sessionToken', () => {
  it.each([
    ['__Host-corral=abc'],
    ['a=1; __Host-corral=abc; b=2'],
    ['a=1;__Host-corral=abc'],
    ['x="; __Host-corral=abc'],
    ['__Host-corral=abc; __Host-corral=abc'],
    ['not a pair; __Host-corral = abc '],
  ])('is found in %s', (cookie) => expect(sessionToken(['Cookie', cookie])).toBe('abc'))

  it.each([
    ['corral=abc'],
    ['__host-corral=abc'],
    ['__Host-corral-2=abc'],
    ['x__Host-corral=abc'],
    ['__Host-corral='],
    ['__Host-corral'],
    ['a=__Host-corral=abc'],
    [''],
  ])('is not found in %s', (cookie) => expect(sessionToken(['Cookie', cookie])).toBeUndefined())

  it('is nobody of two, in one field or in two', () => {
    expect(sessionToken(['cookie', '__Host-corral=abc; __Host-corral=def'])).toBeUndefined()
    expect(sessionToken(['cookie', '__Host-corral=abc', 'cookie', '__Host-corral=def'])).toBeUndefined()
    expect(sessionToken(['cookie', 'a=1', 'cookie', '__Host-corral=def'])).toBe('def')
    expect(sessionToken(['host', 'gw'])).toBeUndefined()
  })

  it('reads what was set, and nothing of what was cleared', () => {
    const sent = (field: readonly string[]): string => field[1]?.split(';')[0] ?? ''
    expect(sessionToken(['cookie', sent(setCookie('abc'))])).toBe('abc')
    expect(sessionToken(['cookie', sent(clearCookie())])).toBeUndefined()
  })
})
