import { describe, expect, it } from 'vitest'
import { checkSessionUse, isOfOtherPage } from './csrf-guard.ts'

const HOST = ['host', 'gw.example:11435']
const OWN = ['origin', 'https://gw.example:11435']
const TOKEN = ['corral-csrf', 'right']

function denied(method: string, ...headers: string[]): boolean {
  const error = checkSessionUse({ method, headers: [...HOST, ...headers] }, () => 'right')
  if (error !== undefined) expect(error).toMatchObject({ code: 'csrf_denied', status: 403 })
  return error !== undefined
}

const foreign: readonly (readonly string[])[] = [
  ['origin', 'https://evil.example'],
  ['origin', 'https://gw.example'],
  ['origin', 'https://gw.example:11436'],
  ['origin', 'https://gw.example:11435.evil.example'],
  ['origin', 'https://gw.example:11435@evil.example'],
  ['origin', 'null'],
  ['origin', ''],
  ['origin', 'gw.example:11435'],
  ['origin', 'chrome-extension://gw.example:11435'],
  ['sec-fetch-site', 'cross-site'],
  ['sec-fetch-site', 'same-site'],
  ['sec-fetch-site', 'Same-Site'],
  ['sec-fetch-site', ''],
  [...OWN, 'sec-fetch-site', 'cross-site'],
]

describe('with a session', () => {
  it('a change needs the token, and a page of our own', () => {
    for (const method of ['POST', 'DELETE', 'PUT', 'PATCH']) {
      expect(denied(method, ...OWN, ...TOKEN)).toBe(false)
      expect(denied(method, 'sec-fetch-site', 'same-origin', ...TOKEN)).toBe(false)
      expect(denied(method, ...OWN)).toBe(true)
      expect(denied(method, ...TOKEN)).toBe(true)
      expect(denied(method, 'sec-fetch-site', 'none', ...TOKEN)).toBe(true)
      for (const page of foreign) expect(denied(method, ...page, ...TOKEN), page.join(' ')).toBe(true)
    }
  })

  it.each(['wrong', '', 'right ', 'RIGHT', 'righ', 'rightright'])(
    'a change is not made with the token "%s"',
    (token) => {
      expect(denied('POST', ...OWN, 'corral-csrf', token)).toBe(true)
    },
  )

  it('a page of our own may read, and so may who types the address', () => {
    for (const method of ['GET', 'HEAD']) {
      expect(denied(method)).toBe(false)
      expect(denied(method, ...OWN)).toBe(false)
      expect(denied(method, 'sec-fetch-site', 'same-origin')).toBe(false)
      expect(denied(method, 'sec-fetch-site', 'none')).toBe(false)
      for (const page of foreign) expect(denied(method, ...page), page.join(' ')).toBe(true)
    }
  })

  it('the browser says best what is ours: a proxy in front may have changed the Host', () => {
    const behindProxy = ['origin', 'https://corral.example', 'sec-fetch-site', 'same-origin']
    expect(denied('POST', ...behindProxy, ...TOKEN)).toBe(false)
    expect(denied('POST', 'origin', 'https://corral.example', ...TOKEN)).toBe(true)
  })
})

describe('isOfOtherPage', () => {
  it('says nothing against what is no browser', () => expect(isOfOtherPage(HOST)).toBe(false))
  it('knows our own page by its Origin', () => expect(isOfOtherPage([...HOST, ...OWN])).toBe(false))
  it('knows others', () => {
    for (const page of foreign) expect(isOfOtherPage([...HOST, ...page]), page.join(' ')).toBe(true)
  })
})
