import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../errors/catalogue.ts'
import { checkRequestHead, isValidHost } from './header-rules.ts'

function verdict(method: string, ...fields: string[]): ErrorCode | null {
  return checkRequestHead({ method, httpVersion: '1.1', headers: ['Host', 'gw', ...fields] })?.code ?? null
}

describe('checkRequestHead', () => {
  it('accepts what real clients send', () => {
    expect(
      verdict(
        'POST',
        'User-Agent',
        'ollama/0.24.0 (amd64 linux) Go/go1.24',
        'Content-Length',
        '17',
        'Content-Type',
        'application/json',
        'Accept',
        'application/x-ndjson',
        'Accept-Encoding',
        'gzip',
        'Authorization',
        'Bearer x',
      ),
    ).toBeNull()
    expect(
      verdict('POST', 'Transfer-Encoding', 'chunked', 'Expect', '100-continue', 'X-Stainless-Lang', 'js'),
    ).toBeNull()
    expect(verdict('POST', 'TRANSFER-ENCODING', 'Chunked', 'cookie', 'a=b', 'cookie', 'c=d')).toBeNull()
    expect(verdict('DELETE', 'Content-Length', '10')).toBeNull()
    expect(verdict('GET', 'Content-Length', '0')).toBeNull()
    expect(verdict('GET', 'X-Title', 'caf\u00e9')).toBeNull()
    expect(verdict('POST', 'Content-Length', '0', 'session_id', '01', 'conversation_id', '02')).toBeNull()
    expect(checkRequestHead({ method: 'GET', httpVersion: '1.0', headers: ['host', '[::1]:11435'] })).toBeNull()
  })

  it.each<[ErrorCode, string, ...string[]]>([
    ['bad_host', 'GET', 'Host', 'gw'],
    ['bad_host', 'GET', 'host', 'other'],
    ['bad_header', 'POST', 'Content-Length', '1', 'Content-Length', '1'],
    ['bad_header', 'POST', 'Content-Length', '1', 'content-length', '2'],
    ['bad_header', 'POST', 'Content-Length', '1', 'Transfer-Encoding', 'chunked'],
    ['bad_header', 'POST', 'Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'],
    ['bad_header', 'POST', 'Transfer-Encoding', 'identity, chunked'],
    ['bad_header', 'POST', 'Transfer-Encoding', 'gzip'],
    ['bad_header', 'POST', 'Transfer-Encoding', 'xchunked'],
    ['bad_header', 'POST', 'Transfer-Encoding', ''],
    ['bad_header', 'POST', 'Content-Length', '+1'],
    ['bad_header', 'POST', 'Content-Length', '0x10'],
    ['bad_header', 'POST', 'Content-Length', '1, 1'],
    ['bad_header', 'POST', 'Content-Length', ''],
    ['bad_header', 'POST', 'Content-Length', '9999999999999999999'],
    ['bad_header', 'POST', 'Authorization', 'Bearer a', 'authorization', 'Bearer a'],
    ['bad_header', 'POST', 'x-api-key', 'a', 'X-API-Key', 'b'],
    ['bad_header', 'POST', 'Content-Type', 'a/b', 'Content-Type', 'a/b'],
    ['bad_header', 'GET', 'Content-Length', '1'],
    ['bad_header', 'HEAD', 'Transfer-Encoding', 'chunked'],
    ['bad_header', 'OPTIONS', 'Content-Length', '5'],
    ['bad_header', 'POST', 'X-A', 'a\rb'],
    ['bad_header', 'POST', 'X-A', 'a\nb'],
    ['bad_header', 'POST', 'X-A', 'a\0b'],
    ['bad_header', 'POST', 'X-A', 'a\u007fb'],
    ['bad_header', 'POST', 'X A', 'b'],
    ['bad_header', 'POST', 'X-A ', 'b'],
    ['bad_header', 'POST', '', 'b'],
    ['bad_header', 'POST', 'X:A', 'b'],
    ['bad_header', 'POST', 'content_length', '5'],
    ['bad_header', 'POST', 'Transfer_Encoding', 'chunked'],
    ['bad_header', 'POST', 'X_API_Key', 'k'],
    ['bad_header', 'POST', 'X_Forwarded_For', '127.0.0.1'],
    ['bad_header', 'POST', 'corral_hop', 'x'],
    ['unknown_expectation', 'POST', 'Expect', '200-ok'],
    ['unknown_expectation', 'POST', 'Expect', '100-continue, 100-continue'],
    ['unknown_expectation', 'POST', 'Expect', ''],
    ['bad_request', 'get'],
    ['bad_request', 'TRACE'],
    ['bad_request', 'PROPFIND'],
    ['headers_too_large', 'GET', ...Array.from({ length: 100 }, () => ['a', 'b']).flat()],
    ['headers_too_large', 'GET', 'X-A', 'a'.repeat(16_384)],
  ])('answers %s to %s %j', (code, method, ...fields) => {
    expect(verdict(method, ...fields)).toBe(code)
  })

  it('accepts 100 fields and refuses other versions of HTTP', () => {
    expect(verdict('GET', ...Array.from({ length: 99 }, () => ['a', 'b']).flat())).toBeNull()
    for (const httpVersion of ['0.9', '1.2', '2.0', '']) {
      expect(checkRequestHead({ method: 'GET', httpVersion, headers: ['Host', 'gw'] })?.code).toBe('http_version')
    }
  })

  it('asks for a Host and refuses chunks on HTTP/1.0', () => {
    expect(checkRequestHead({ method: 'GET', httpVersion: '1.1', headers: [] })?.code).toBe('bad_host')
    const headers = ['Host', 'gw', 'Transfer-Encoding', 'chunked']
    expect(checkRequestHead({ method: 'POST', httpVersion: '1.0', headers })?.code).toBe('bad_header')
  })
})

describe('isValidHost', () => {
  it.each([
    'localhost',
    'localhost:11435',
    '127.0.0.1',
    '127.0.0.1:80',
    '[::1]',
    '[::1]:11435',
    '[::ffff:1.2.3.4]:1',
    'gw.example.com',
    'gw.example.com.',
    'my_gateway:11435',
    'a-b',
    'x',
    'host.docker.internal:443',
  ])('accepts %s', (host) => {
    expect(isValidHost(host)).toBe(true)
  })

  it.each([
    '',
    ' ',
    'a b',
    'user@host',
    'user:pass@host',
    'host/path',
    'host?x',
    'host#x',
    'host:',
    'host:abc',
    'host:123456',
    '::1',
    '[::1',
    '[::1]x',
    '[fe80::1%25eth0]',
    'h\u00e4st',
    'a,b',
    'host\\x',
    '-a',
    'a-',
    '.a',
    'localhost/health?x=',
    'a'.repeat(300),
  ])('refuses %j', (host) => {
    expect(isValidHost(host)).toBe(false)
  })
})
