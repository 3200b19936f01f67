import { describe, expect, it } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import { headerValue, headerValues } from '../lib/raw-headers.ts'
import { createCors } from './cors.ts'

const page = 'https://page.example'
const asks = (headers: string, origin = page) => [
  'Origin',
  origin,
  'Access-Control-Request-Method',
  'POST',
  'Access-Control-Request-Headers',
  headers,
]

describe('createCors', () => {
  it('answers a preflight of a listed origin with what SDKs ask for', () => {
    const wanted =
      'authorization,content-type,x-api-key,anthropic-version,anthropic-beta,' +
      'anthropic-dangerous-direct-browser-access,x-stainless-os,x-stainless-retry-count'
    const answer = createCors([page]).preflight(asks(wanted))
    if (answer === null || answer instanceof GatewayError) throw new Error('no answer')
    expect(headerValue(answer, 'access-control-allow-origin')).toBe(page)
    expect(headerValue(answer, 'access-control-allow-headers')).toBe(wanted.replaceAll(',', ', '))
    expect(headerValue(answer, 'access-control-allow-methods')).toContain('DELETE')
    expect(headerValues(answer, 'vary')).toContain('Origin')
    expect(headerValue(answer, 'access-control-allow-credentials')).toBeUndefined()
  })

  it('lets a page say what it wants of the cache, and read what became of it', () => {
    const answer = createCors([page]).preflight(asks('cache-control'))
    expect(headerValue(answer as string[], 'access-control-allow-headers')).toBe('cache-control')
    const exposed = headerValue(createCors([page]).responseHeaders(['Origin', page]), 'access-control-expose-headers')
    expect(exposed?.split(', ')).toContain('corral-cache')
  })

  it('does not allow headers it does not know', () => {
    const answer = createCors([page]).preflight(asks('content-type, x-forwarded-for, cookie, x-stainless-\r\nx'))
    expect(headerValue(answer as string[], 'access-control-allow-headers')).toBe('content-type')
  })

  it('refuses a preflight of another origin, and of all where none is listed', () => {
    for (const origin of ['https://other.example', `${page}.evil`, 'null', page.replace('https', 'http'), '']) {
      expect(createCors([page]).preflight(asks('content-type', origin))).toBeInstanceOf(GatewayError)
    }
    expect(createCors([]).preflight(asks('content-type'))).toBeInstanceOf(GatewayError)
  })

  it('takes an OPTIONS without an Origin or without a method for no preflight', () => {
    expect(createCors([page]).preflight([])).toBeNull()
    expect(createCors([page]).preflight(['Origin', page])).toBeNull()
  })

  it('says * for any origin and never allows credentials', () => {
    const cors = createCors(['*'])
    const answer = cors.preflight(asks('authorization')) as string[]
    expect(headerValue(answer, 'access-control-allow-origin')).toBe('*')
    expect(cors.responseHeaders(['Origin', page])).not.toContain('access-control-allow-credentials')
    expect(headerValue(cors.responseHeaders(['origin', page]), 'access-control-allow-origin')).toBe('*')
  })

  it('marks every answer as varying by Origin where origins are listed', () => {
    const cors = createCors([page])
    expect(cors.responseHeaders([])).toEqual(['vary', 'Origin'])
    expect(cors.responseHeaders(['Origin', 'https://other.example'])).toEqual(['vary', 'Origin'])
    expect(headerValue(cors.responseHeaders(['Origin', page]), 'access-control-allow-origin')).toBe(page)
    expect(headerValue(cors.responseHeaders(['Origin', page]), 'vary')).toBe('Origin')
    expect(createCors([]).responseHeaders(['Origin', page])).toEqual([])
  })

  it('knows a request from a page that is not listed', () => {
    const cors = createCors([page])
    expect(cors.isForeign(['Origin', 'https://other.example'])).toBe(true)
    expect(cors.isForeign(['Origin', page])).toBe(false)
    expect(cors.isForeign([])).toBe(false)
  })
})
