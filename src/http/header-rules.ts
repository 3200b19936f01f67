import { GatewayError } from '../errors/gateway-error.ts'
import type { RawHeaders } from '../lib/raw-headers.ts'

export interface RequestHead {
  readonly method: string
  /** `1.1`, `1.0`. */
  readonly httpVersion: string
  readonly headers: RawHeaders
}

export const MAX_HEADER_BYTES = 16_384
const MAX_HEADER_FIELDS = 100

/**
 * What of a request head two parsers could read in two ways is refused here, whatever the parser in front let through
 * (RFC 9112 sections 3.2, 6.1, 6.3; RFC 9110 sections 5.5, 10.1.1). After a refusal the connection must be closed:
 * where the request ends is not known for sure.
 */
export function checkRequestHead(head: RequestHead): GatewayError | null {
  if (head.httpVersion !== '1.1' && head.httpVersion !== '1.0') return new GatewayError('http_version')
  if (!METHODS.has(head.method)) return unsupportedMethod()
  const facts: FramingFacts = { host: undefined, length: undefined, coding: undefined, expect: undefined }
  return checkFields(head.headers, facts) ?? checkFraming(head, facts)
}

export function unsupportedMethod(): GatewayError {
  return new GatewayError('bad_request', { message: 'The request method is not supported' })
}

/** RFC 9110 section 7.2: a name, an IPv4 address or a bracketed IPv6 address, and a port where it is not the default. */
export function isValidHost(value: string): boolean {
  return value.length <= 262 && HOST.test(value)
}

interface FramingFacts {
  host: string | undefined
  length: string | undefined
  coding: string | undefined
  expect: string | undefined
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS'])
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/
const DIGITS = /^[0-9]{1,15}$/
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/

/** Fields that are read somewhere; one bit each for those that may stand only once, 0 for the others. */
const KNOWN = new Map<string, number>([
  ...[
    'host',
    'content-length',
    'transfer-encoding',
    'expect',
    'content-type',
    'content-encoding',
    'authorization',
    'x-api-key',
    'apikey',
    'api-key',
    'origin',
    'x-forwarded-proto',
    'sec-websocket-key',
  ].map((name, index): [string, number] => [name, 1 << index]),
  ...[
    'accept',
    'accept-encoding',
    'accept-language',
    'connection',
    'user-agent',
    'upgrade',
    'referer',
    'cookie',
    'x-forwarded-for',
    'x-forwarded-host',
    'forwarded',
    'cache-control',
    'te',
    'trailer',
    'keep-alive',
    'via',
  ].map((name): [string, number] => [name, 0]),
])
/** Spelt with `_`, these would be the real ones to a reader that maps `_` to `-` (CGI and its descendants do). */
const PROTECTED_PREFIX = /^(?:x-forwarded-|x-real-|corral-|proxy-|sec-|access-control-|anthropic-|http2?-)/

function checkFields(headers: RawHeaders, facts: FramingFacts): GatewayError | null {
  if (headers.length > 2 * MAX_HEADER_FIELDS) return new GatewayError('headers_too_large')
  let bytes = 0
  let seen = 0
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase()
    const value = headers[i + 1] ?? ''
    bytes += name.length + value.length + 4
    if (BAD_VALUE.test(value)) return badHeader(`The header field ${shown(name)} has a control character in its value`)
    const bit = KNOWN.get(name)
    if (bit === undefined) {
      if (!isAcceptableName(name)) return badHeader(`The header field name ${shown(name)} is not acceptable`)
    } else if (bit > 0) {
      if ((seen & bit) !== 0) return repeated(name)
      seen |= bit
      remember(facts, name, value)
    }
  }
  return bytes > MAX_HEADER_BYTES ? new GatewayError('headers_too_large') : null
}

function remember(facts: FramingFacts, name: string, value: string): void {
  if (name === 'host') facts.host = value
  else if (name === 'content-length') facts.length = value
  else if (name === 'transfer-encoding') facts.coding = value
  else if (name === 'expect') facts.expect = value
}

/** Other names with `_` pass (some clients send `session_id`) and are dropped before the upstream. */
function isAcceptableName(name: string): boolean {
  if (!TOKEN.test(name)) return false
  if (!name.includes('_')) return true
  const alias = name.replaceAll('_', '-')
  return !KNOWN.has(alias) && !PROTECTED_PREFIX.test(alias)
}

function checkFraming(head: RequestHead, facts: FramingFacts): GatewayError | null {
  const { host, length, coding, expect } = facts
  if (host === undefined) return new GatewayError('bad_host', { message: 'The Host header is missing' })
  if (!isValidHost(host)) return new GatewayError('bad_host')
  if (coding !== undefined) {
    if (length !== undefined) return badHeader('Content-Length and Transfer-Encoding exclude each other')
    if (head.httpVersion === '1.0') return badHeader('HTTP/1.0 has no Transfer-Encoding')
    if (coding.toLowerCase() !== 'chunked') return badHeader('The only Transfer-Encoding is "chunked"')
  }
  if (length !== undefined && !DIGITS.test(length)) return badHeader('The Content-Length is not a number')
  if (BODILESS.has(head.method) && (coding !== undefined || Number(length ?? 0) > 0)) {
    return badHeader(`A ${head.method} request has no body`)
  }
  return expect === undefined || expect.toLowerCase() === '100-continue'
    ? null
    : new GatewayError('unknown_expectation')
}

function repeated(name: string): GatewayError {
  const message = `The header field "${name}" is repeated`
  return name === 'host' ? new GatewayError('bad_host', { message }) : badHeader(message)
}

/** JSON escapes what is not printable. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64))
}

function badHeader(message: string): GatewayError {
  return new GatewayError('bad_header', { message })
}
