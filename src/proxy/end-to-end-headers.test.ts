import { describe, expect, it } from 'vitest'
import { toAgentUpstreamHeaders, toClientHeaders, toUpstreamHeaders } from './end-to-end-headers.ts'

describe('toAgentUpstreamHeaders', () => {
  it('keeps the trace that the gateway wrote, and otherwise as much', () => {
    const headers = [
      'accept',
      '*/*',
      'traceparent',
      '00-a-b-01',
      'tracestate',
      'c=1',
      'authorization',
      'x',
      'cookie',
      'y',
    ]
    expect(toAgentUpstreamHeaders(headers)).toEqual(headers.slice(0, 6))
  })
})

describe('toUpstreamHeaders', () => {
  it('keeps what describes the request, in order and case', () => {
    const headers = [
      'Content-Type',
      'application/json',
      'accept',
      '*/*',
      'User-Agent',
      'x',
      'anthropic-version',
      '2023-06-01',
      'Anthropic-Beta',
      'a',
      'anthropic-beta',
      'b',
      'x-claude-code-session-id',
      '1',
    ]
    expect(toUpstreamHeaders(headers)).toEqual(headers)
  })

  it.each([
    'Host',
    'Origin',
    'Referer',
    'Sec-Fetch-Mode',
    'Authorization',
    'x-api-key',
    'APIKEY',
    'api-key',
    'Cookie',
    'Proxy-Authorization',
    'Forwarded',
    'X-Forwarded-For',
    'X-Real-IP',
    'Via',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Content-Length',
    'Content-Encoding',
    'Expect',
    'Upgrade',
    'HTTP2-Settings',
    'Accept-Encoding',
    'corral-hop',
    'corral-upstream',
    'cf-connecting-ip',
    'session_id',
    'x-anything',
    'anthropic-api-key',
    'anthropic-auth-token',
    // Written anew: the gateway is its parent.
    'traceparent',
    'tracestate',
  ])('drops %s', (name) => {
    expect(toUpstreamHeaders([name, 'x', 'accept', 'a/b'])).toEqual(['accept', 'a/b'])
  })

  it('drops what any Connection names', () => {
    const headers = [
      'Connection',
      'close, Accept',
      'accept',
      'a/b',
      'connection',
      'anthropic-beta',
      'Anthropic-Beta',
      'x',
      'User-Agent',
      'u',
    ]
    expect(toUpstreamHeaders(headers)).toEqual(['User-Agent', 'u'])
  })
})

describe('toClientHeaders', () => {
  it('keeps order, case and duplicates of what belongs to the answer', () => {
    const headers = [
      'Content-Type',
      'text/event-stream',
      'Cache-Control',
      'no-cache',
      'Date',
      'd',
      'Content-Length',
      '3',
      'X-A',
      '1',
      'x-a',
      '2',
      'ETag',
      'e',
      'retry-after',
      '5',
      'anthropic-ratelimit-tokens-limit',
      '7',
    ]
    expect(toClientHeaders(headers)).toEqual(headers)
  })

  it.each([
    'Connection',
    'Keep-Alive',
    'Transfer-Encoding',
    'Proxy-Authenticate',
    'Upgrade',
    'TE',
    'Server',
    'X-Powered-By',
    'Set-Cookie',
    'Alt-Svc',
    'Strict-Transport-Security',
    'Access-Control-Allow-Origin',
    'access-control-allow-headers',
    'corral-error',
    'Corral-Upstream',
  ])('drops %s', (name) => {
    expect(toClientHeaders([name, 'x', 'X-A', 'b'])).toEqual(['X-A', 'b'])
  })

  it('drops what Connection names but for the content fields', () => {
    const headers = ['Connection', 'X-Hop, content-length', 'X-Hop', '1', 'Content-Length', '3']
    expect(toClientHeaders(headers)).toEqual(['Content-Length', '3'])
  })
})
