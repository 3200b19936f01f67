import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRequestTarget, redactTarget } from './request-target.ts'

const ok = (path: string, query = '', pathKey: string | null = null) => ({ kind: 'ok', path, query, pathKey })

describe('parseRequestTarget', () => {
  it('splits once, at the first question mark, and keeps escapes raw', () => {
    expect(parseRequestTarget('/api/chat')).toEqual(ok('/api/chat'))
    expect(parseRequestTarget('/api/chat?')).toEqual(ok('/api/chat'))
    expect(parseRequestTarget('/v1/messages?beta=true&x=?y/../z')).toEqual(ok('/v1/messages', 'beta=true&x=?y/../z'))
    expect(parseRequestTarget('/v1/models/llama3%3Alatest')).toEqual(ok('/v1/models/llama3%3Alatest'))
    expect(parseRequestTarget('/a%25z')).toEqual(ok('/a%25z'))
  })

  it('takes the key out of /k/KEY', () => {
    expect(parseRequestTarget('/k/crl_abc/api/chat?x=1')).toEqual(ok('/api/chat', 'x=1', 'crl_abc'))
    expect(parseRequestTarget('/k/crl_abc/')).toEqual(ok('/', '', 'crl_abc'))
    expect(parseRequestTarget('/k/crl_abc')).toEqual(ok('/', '', 'crl_abc'))
    expect(parseRequestTarget('/k/a%40b:c/v1')).toEqual(ok('/v1', '', 'a@b:c'))
  })

  it('sees no key where none stands', () => {
    expect(parseRequestTarget('/k/')).toEqual(ok('/k/'))
    expect(parseRequestTarget('/k')).toEqual(ok('/k'))
    expect(parseRequestTarget('/K/crl_abc/api')).toEqual(ok('/K/crl_abc/api'))
    expect(parseRequestTarget('/k/one/k/two/api')).toEqual(ok('/k/two/api', '', 'one'))
  })

  it.each([
    '',
    '*',
    'api/chat',
    'http://host/api/chat',
    'host:80',
    '//api/chat',
    '/api//chat',
    '/api/chat//',
    '/api/./chat',
    '/api/../chat',
    '/..',
    '/.',
    '/api/..',
    '/api/%2e%2e/chat',
    '/api/%2E./chat',
    '/api%2fchat',
    '/api%2Fchat',
    '/api%5cchat',
    '/api%5Cchat',
    '/api\\chat',
    '/api;x/chat',
    '/api/chat?a;b',
    '/api/chat#x',
    '/api/chat?x#y',
    '/api/%252e%252e',
    '/api%252Fpull',
    '/api%25252fpull',
    '/api/%',
    '/api/%2',
    '/api/%zz',
    '/api/chat?x=%g0',
    '/api/chat\0',
    '/api/%00',
    '/api/%0d%0a',
    '/api/%7f',
    '/api/ chat',
    '/api/chat\t',
    '/api/ch\u00e4t',
    '/api/%c0%ae%c0%ae/pull',
    '/api/%c0%afpull',
    '/api/%u002e',
    '/api/chat\r\nx',
    '/api/"x"',
    '/api/<x>',
    '/api/{x}',
    '/api/|x',
    '/api/^x',
    '/api/`x',
    '/api/[x]',
    '/k/key%2f/api',
    '/k//api',
    '/k/../api',
    `/${'a'.repeat(8192)}`,
  ])('refuses %j', (raw) => {
    expect(parseRequestTarget(raw).kind).toBe('bad')
  })

  it('never says a part of the target in its reason', () => {
    for (const raw of ['/k/SECRET;/x', '/k/SECRET/%2e', 'SECRET', '/k/SECRET//']) {
      expect(JSON.stringify(parseRequestTarget(raw))).not.toContain('SECRET')
    }
  })

  it('accepts only paths that a URL parser leaves as they are', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '%25',
      '\\',
      ';',
      '#',
      '?',
      'a',
      'api',
      'k',
      ':',
      '@',
      '%41',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const raw = `/${pieces.join('')}`
        const parsed = parseRequestTarget(raw)
        if (parsed.kind === 'bad') return
        const url = new URL(raw, 'http://host')
        expect(url.host).toBe('host')
        expect(url.pathname).toBe(raw.split('?')[0])
        expect(decodeURIComponent(parsed.path).split('/').length).toBe(parsed.path.split('/').length)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('redactTarget', () => {
  it('shows plain paths and hides keys and queries', () => {
    expect(redactTarget('/api/chat')).toBe('/api/chat')
    expect(redactTarget('/k/SECRET/api/chat')).toBe('/k/[redacted]/api/chat')
    expect(redactTarget('/api/chat?key=SECRET')).toBe('/api/chat?[redacted]')
  })

  it.each([
    '/k/SECRET',
    '/K/SECRET/x',
    '/k//SECRET/x',
    '/k\\SECRET',
    '/%6b/SECRET/',
    '/%4B/SECRET',
    '/%256b/SECRET',
    'http://host/k/SECRET/x',
    '/k/one/k/SECRET/',
    '/x#SECRET',
    '/x;SECRET',
    '/crl_SECRET/api',
    '/somewhere/OLLAMA-SECRET',
    'http://u:SECRET@host/',
    `/k/${'SECRET'.repeat(2000)}`,
  ])('hides what may be a key in %j', (raw) => {
    expect(redactTarget(raw)).not.toContain('SECRET')
  })

  it('is one line of printable characters', () => {
    expect(redactTarget('/a\r\nb\u001b[31m\u00e4')).toMatch(/^[\x21-\x7e]+$/)
    expect(redactTarget(`/${'a'.repeat(5000)}`).length).toBeLessThan(600)
  })
})
