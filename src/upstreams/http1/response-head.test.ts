import { describe, expect, it } from 'vitest'
import { parseResponseHead } from './response-head.ts'

function head(...lines: string[]): ReturnType<typeof parseResponseHead> {
  return parseResponseHead(lines.join('\r\n'))
}

describe('parseResponseHead', () => {
  it('keeps names, values, order and duplicates as they stood', () => {
    expect(head('HTTP/1.1 200 OK', 'Set-Cookie: a', 'X-Empty:', 'set-cookie:\t b \t')).toMatchObject({
      status: 200,
      headers: ['Set-Cookie', 'a', 'X-Empty', '', 'set-cookie', 'b'],
    })
  })

  it('takes a status line without a reason, with or without the space before it', () => {
    expect(head('HTTP/1.1 204 ')).toMatchObject({ status: 204 })
    expect(head('HTTP/1.1 204')).toMatchObject({ status: 204 })
  })

  it.each([
    ['HTTP/1.1 200 OK', 'Content-Length: 0', true],
    ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', true],
    ['HTTP/1.1 204 No Content', 'Date: now', true],
    ['HTTP/1.1 304 Not Modified', 'Date: now', true],
    ['HTTP/1.1 200 OK', 'Date: now', false],
    ['HTTP/1.1 204 No Content', 'Connection: foo, CLOSE', false],
    ['HTTP/1.0 204 No Content', 'Date: now', false],
    ['HTTP/1.0 204 No Content', 'Connection: Keep-Alive', true],
  ])('of "%s" and "%s" keeps the connection: %s', (status, field, keepAlive) => {
    expect(head(status, field)).toMatchObject({ keepAlive })
  })

  it.each([
    'HTTP/2 200 OK',
    'HTTP/1.2 200 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 099 Early',
    'HTTP/1.1  200 OK',
    'http/1.1 200 OK',
    '<html>',
    '',
  ])('takes "%s" for no status line', (line) => {
    expect(head(line)).toBe('no HTTP/1.1 status line')
  })

  it.each([
    'NoColon',
    ': no name',
    'Space : before',
    ' Folded: line',
    '\tfolded',
    'X: a\nY: b',
    'X: a\rY: b',
    'X: a\0',
  ])('takes %j for no header line', (line) => {
    expect(head('HTTP/1.1 200 OK', 'Good: one', line)).toBe('a malformed header line')
  })

  it.each([
    [['Content-Length: 5', 'Content-Length: 6'], 'two Content-Lengths'],
    [['Content-Length: 5', 'content-length: 5'], 'two Content-Lengths'],
    [['Content-Length: 5, 5'], 'a malformed Content-Length'],
    [['Content-Length: -1'], 'a malformed Content-Length'],
    [['Content-Length: +1'], 'a malformed Content-Length'],
    [['Content-Length: 0x10'], 'a malformed Content-Length'],
    [['Content-Length: 1e3'], 'a malformed Content-Length'],
    [['Content-Length:'], 'a malformed Content-Length'],
    [['Content-Length: 99999999999999999'], 'a malformed Content-Length'],
    [['Transfer-Encoding: gzip, chunked'], 'an unknown Transfer-Encoding'],
    [['Transfer-Encoding: identity'], 'an unknown Transfer-Encoding'],
    [['Transfer-Encoding: chunked', 'transfer-encoding: chunked'], 'an unknown Transfer-Encoding'],
    [['Content-Length: 5', 'Transfer-Encoding: chunked'], 'both Content-Length and Transfer-Encoding'],
    [['Transfer-Encoding: Chunked', 'Content-Length: 5'], 'both Content-Length and Transfer-Encoding'],
  ])('refuses the framing of %j', (fields, reason) => {
    expect(head('HTTP/1.1 200 OK', ...fields)).toBe(reason)
  })
})
