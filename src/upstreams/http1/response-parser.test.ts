import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ResponseEvents, ResponseParser } from './response-parser.ts'

type Event =
  | readonly ['info' | 'head', number, readonly string[]]
  | readonly ['data', string]
  | readonly ['end', readonly string[], boolean]
  | readonly ['malformed', string]
  | readonly ['close', boolean]

/** Events in order; neighbouring pieces of body count as one, for how they are cut is not the answer's. */
function record(): { readonly events: Event[]; readonly to: ResponseEvents } {
  const events: Event[] = []
  return {
    events,
    to: {
      info: (status, headers) => void events.push(['info', status, [...headers]]),
      head: (status, headers) => void events.push(['head', status, [...headers]]),
      data(chunk) {
        const text = Buffer.from(chunk).toString('latin1')
        const last = events.at(-1)
        if (last?.[0] === 'data') events[events.length - 1] = ['data', last[1] + text]
        else events.push(['data', text])
      },
      end: (trailers, reusable) => void events.push(['end', [...trailers], reusable]),
      malformed: (reason) => void events.push(['malformed', reason]),
    },
  }
}

function read(pieces: readonly Buffer[], options: { method?: string; closes?: boolean } = {}): Event[] {
  const { events, to } = record()
  const parser = new ResponseParser(to)
  parser.expect(options.method ?? 'GET', to)
  for (const piece of pieces) parser.feed(piece)
  if (options.closes === true) events.push(['close', parser.close()])
  return events
}

function readText(text: string, options: { method?: string; closes?: boolean } = {}): Event[] {
  return read([Buffer.from(text, 'latin1')], options)
}

/** `cuts` are places; none of the pieces is empty. */
function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % bytes.length))].filter((cut) => cut > 0).sort((a, b) => a - b)
  const edges = [0, ...places, bytes.length]
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
}

function lastWord(events: readonly Event[]): string {
  const last = events.findLast(([kind]) => kind === 'end' || kind === 'malformed')
  return last?.[0] ?? 'open'
}

interface Answer {
  readonly method: string
  readonly bytes: Buffer
  readonly expected: readonly Event[]
  readonly closes: boolean
}

const token = fc
  .stringMatching(/^[A-Za-z][A-Za-z-]{0,8}$/)
  .filter((name) => !/^(content-length|connection)$/i.test(name))
const value = fc.stringMatching(/^[!-~]([ -~\x80-\xff]{0,20}[!-~])?$/)
const fields = fc.array(fc.tuple(token, value), { maxLength: 4 }).map((pairs) => pairs.flat())
const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const status = fc.constantFrom(200, 201, 206, 400, 404, 500, 503)
const framing = fc.oneof(
  fc.record({ kind: fc.constant('length' as const), body }),
  fc.record({
    kind: fc.constant('chunked' as const),
    chunks: fc.array(
      body.filter((chunk) => chunk.length > 0),
      { maxLength: 6 },
    ),
    extension: fc.constantFrom('', ';a=b', ' ;x', '\t'),
    trailers: fields,
    upperCase: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('until-close' as const), body }),
  fc.record({ kind: fc.constant('none' as const), status: fc.constantFrom(204, 304), length: fc.boolean() }),
  fc.record({ kind: fc.constant('head' as const), length: fc.nat(1000) }),
)

const answers: fc.Arbitrary<Answer> = fc
  .record({
    infos: fc.array(fc.constantFrom(100, 102, 103), { maxLength: 2 }),
    status,
    fields,
    framing,
    close: fc.boolean(),
  })
  .map(({ infos, status: code, fields: own, framing: how, close }) => {
    const headers = close ? [...own, 'Connection', 'close'] : own
    const before = infos.map((info) => `HTTP/1.1 ${info} Wait\r\nX-Info: ${info}\r\n\r\n`).join('')
    const expected: Event[] = infos.map((info) => ['info', info, ['X-Info', String(info)]])
    const start = (statusCode: number, more: readonly string[]): Buffer => {
      const all = [...headers, ...more]
      expected.push(['head', statusCode, all])
      return Buffer.from(`${before}HTTP/1.1 ${statusCode} Some Words\r\n${lines(all)}\r\n`, 'latin1')
    }
    switch (how.kind) {
      case 'length': {
        const bytes = Buffer.concat([start(code, ['Content-Length', String(how.body.length)]), how.body])
        if (how.body.length > 0) expected.push(['data', how.body.toString('latin1')])
        return { method: 'POST', bytes, expected: [...expected, ['end', [], !close]], closes: false }
      }
      case 'chunked': {
        const size = (bytes: number): string =>
          how.upperCase ? `0${bytes.toString(16).toUpperCase()}` : bytes.toString(16)
        const parts = how.chunks.flatMap((chunk) => [
          Buffer.from(`${size(chunk.length)}${how.extension}\r\n`),
          chunk,
          Buffer.from('\r\n'),
        ])
        const bytes = Buffer.concat([
          start(code, ['Transfer-Encoding', 'chunked']),
          ...parts,
          Buffer.from(`0\r\n${lines(how.trailers)}\r\n`, 'latin1'),
        ])
        if (how.chunks.length > 0) expected.push(['data', Buffer.concat(how.chunks).toString('latin1')])
        return { method: 'GET', bytes, expected: [...expected, ['end', how.trailers, !close]], closes: false }
      }
      case 'until-close': {
        const bytes = Buffer.concat([start(code, []), how.body])
        if (how.body.length > 0) expected.push(['data', how.body.toString('latin1')])
        return { method: 'GET', bytes, expected: [...expected, ['end', [], false], ['close', true]], closes: true }
      }
      case 'none': {
        const bytes = start(how.status, how.length ? ['Content-Length', '7'] : [])
        return { method: 'GET', bytes, expected: [...expected, ['end', [], !close]], closes: false }
      }
      case 'head': {
        const bytes = start(code, ['Content-Length', String(how.length)])
        return { method: 'HEAD', bytes, expected: [...expected, ['end', [], !close]], closes: false }
      }
    }
  })

function lines(headers: readonly string[]): string {
  let text = ''
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`
  return text
}

describe('ResponseParser', () => {
  it('reads the same from any cutting of the same bytes, and just what was sent', () => {
    fc.assert(
      fc.property(answers, fc.array(fc.nat(), { maxLength: 40 }), ({ method, bytes, expected, closes }, cuts) => {
        expect(read(cutAt(bytes, cuts), { method, closes })).toEqual(expected)
      }),
      { numRuns: 3000 },
    )
  })

  it('reads the same byte by byte', () => {
    fc.assert(
      fc.property(answers, ({ method, bytes, expected, closes }) => {
        expect(
          read(
            [...bytes].map((byte) => Buffer.of(byte)),
            { method, closes },
          ),
        ).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })

  it('comes to the same verdict on garbled bytes, however they are cut, and never throws', () => {
    const garbled = fc.record({
      answer: answers,
      at: fc.nat(),
      drop: fc.nat(4),
      put: fc.constantFrom(
        '',
        '\r',
        '\n',
        '\r\n',
        '\r\n\r\n',
        ':',
        '0',
        'f',
        'zz',
        'Content-Length: 3\r\n',
        'HTTP/1.1 200 OK\r\n\r\n',
      ),
    })
    fc.assert(
      fc.property(garbled, fc.array(fc.nat(), { maxLength: 20 }), ({ answer, at, drop, put }, cuts) => {
        const place = at % answer.bytes.length
        const rest = answer.bytes.subarray(place + drop)
        const bytes = Buffer.concat([answer.bytes.subarray(0, place), Buffer.from(put, 'latin1'), rest])
        if (bytes.length === 0) return
        const whole = read([bytes], { method: answer.method })
        const pieces = read(cutAt(bytes, cuts), { method: answer.method })
        expect(lastWord(pieces)).toBe(lastWord(whole))
        for (const events of [whole, pieces]) {
          expect(events.filter(([kind]) => kind === 'head').length).toBeLessThanOrEqual(1)
          expect(events.filter(([kind]) => kind === 'malformed').length).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('reads one answer after the other on a connection that is kept', () => {
    const { events, to } = record()
    const parser = new ResponseParser(to)
    for (const text of ['a', 'bb']) {
      parser.expect('GET', to)
      parser.feed(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`))
    }
    expect(events.filter(([kind]) => kind !== 'head')).toEqual([
      ['data', 'a'],
      ['end', [], true],
      ['data', 'bb'],
      ['end', [], true],
    ])
  })

  it.each([
    ['no number', 'zz\r\n'],
    ['a sign', '-1\r\n'],
    ['0x', '0x5\r\nhello\r\n'],
    ['nothing', '\r\n'],
    ['an extension alone', ';a=b\r\n'],
    ['a bare line feed', '5\nhello\r\n'],
    ['more digits than any chunk has', `${'0'.repeat(11)}5\r\nhello\r\n`],
    ['an endless extension', `5;${'x'.repeat(2000)}`],
  ])('breaks off at a chunk size that is %s', (_, chunk) => {
    const events = readText(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`)
    expect(events.map(([kind]) => kind)).toEqual(['head', 'malformed'])
  })

  it('breaks off at a chunk that is longer than its size', () => {
    const events = readText('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n')
    expect(events.slice(1)).toEqual([
      ['data', 'hello'],
      ['malformed', 'a chunk that is longer than its size'],
    ])
  })

  it.each([
    ['after a body with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n'],
    ['after the last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx'],
    ['after 204', 'HTTP/1.1 204 No Content\r\n\r\nx'],
    ['after 304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 1\r\n\r\nx'],
    ['after an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n'],
  ])('calls an answer malformed, not ended, when bytes follow it %s', (_, text) => {
    const events = readText(text)
    expect(events.at(-1)?.[0]).toBe('malformed')
    expect(events.some(([kind]) => kind === 'end')).toBe(false)
  })

  it('does not keep a connection on which a body follows an answer to HEAD', () => {
    const [head, end] = readText('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { method: 'HEAD' })
    expect(head).toEqual(['head', 200, ['Content-Length', '2']])
    expect(end).toEqual(['end', [], false])
  })

  it('tells information apart from the answer', () => {
    const text =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
    expect(readText(text)).toEqual([
      ['info', 100, []],
      ['info', 103, ['Link', '</a>']],
      ['head', 200, ['Content-Length', '0']],
      ['end', [], true],
    ])
  })

  it('does not take an upgrade that nobody asked for', () => {
    const events = readText('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nraw bytes')
    expect(events).toEqual([['malformed', 'an upgrade that nobody asked for']])
  })

  it.each([
    ['without an end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`],
    ['with an end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`],
  ])('refuses a head beyond its bound %s', (_, text) => {
    const bytes = Buffer.from(text)
    const pieces = cutAt(
      bytes,
      Array.from({ length: 80 }, (__, index) => index * 1000),
    )
    expect(read([bytes])).toEqual([['malformed', 'a head that is too large']])
    expect(read(pieces)).toEqual([['malformed', 'a head that is too large']])
  })

  it('takes a head just within its bound', () => {
    const filling = 'x'.repeat(65_536 - 'HTTP/1.1 204 OK\r\nX: \r\n\r\n'.length)
    expect(readText(`HTTP/1.1 204 OK\r\nX: ${filling}\r\n\r\n`).map(([kind]) => kind)).toEqual(['head', 'end'])
    expect(readText(`HTTP/1.1 204 OK\r\nX: x${filling}\r\n\r\n`).map(([kind]) => kind)).toEqual(['malformed'])
  })

  it.each([
    ['many', 'X: y\r\n'.repeat(20_000)],
    ['one without an end', `X: ${'y'.repeat(70_000)}`],
  ])('bounds trailers: %s', (_, trailers) => {
    const events = readText(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${trailers}`)
    expect(events.at(-1)).toEqual(['malformed', 'trailers that are too large'])
  })

  it.each(['no colon\r\n', 'X: a\rY: b\r\n', ' folded\r\n', 'X: y\n'])('does not pass on the trailer %j', (trailer) => {
    const events = readText(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${trailer}\r\n`)
    expect(events.at(-1)?.[0]).toBe('malformed')
  })

  it.each([
    ['nothing', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['information alone', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['too little of a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell'],
    ['no last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ['half a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel'],
    ['a last chunk without its end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n'],
  ])('does not take a close after %s for the end', (_, text) => {
    const events = readText(text, { closes: true })
    expect(events.at(-1)).toEqual(['close', false])
    expect(events.some(([kind]) => kind === 'end')).toBe(false)
  })
})
