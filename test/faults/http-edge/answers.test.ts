import { describe, expect, it } from 'vitest'
import { openRaw } from '../raw-connection.ts'
import { answerText, pause, startListening } from './listening.ts'

const GET = 'GET /x HTTP/1.1\r\nHost: gw\r\n\r\n'

describe('an answer', () => {
  it('keeps order, case and duplicates of its header fields', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(GET)
    const client = await edge.next()
    client.head(201, ['X-b', '1', 'Content-Type', 'a/b', 'x-B', '2', 'ETag', '"e"', 'Content-Length', '2'])
    client.data(Buffer.from('ok'))
    client.end()
    const text = await raw.until('\r\n\r\nok')
    expect(text).toMatch(
      /^HTTP\/1\.1 201 Created\r\nX-b: 1\r\nContent-Type: a\/b\r\nx-B: 2\r\nETag: "e"\r\nContent-Length: 2\r\nDate: /,
    )
    expect(text).not.toMatch(/transfer-encoding/i)
  })

  it('leaves in one piece when it is whole at once', async () => {
    await using edge = await startListening({ answer: (client) => answerText(client, 'hello') })
    using raw = await openRaw(edge.url)
    for (let i = 1; i <= 5; i += 1) {
      raw.write(GET)
      await raw.until(new RegExp(`(?:hello[^]*){${i}}`))
    }
    expect(raw.pieces()).toBe(5)
  })

  it('sends its head at once when nothing follows, and chunks as they come', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(GET)
    const client = await edge.next()
    client.head(200, ['Content-Type', 'application/x-ndjson'])
    await raw.until('\r\n\r\n')
    client.data(Buffer.from('one\n'))
    await raw.until('\r\n\r\n4\r\none\n\r\n')
    client.data(Buffer.from(''))
    client.data(Buffer.from('x'.repeat(300)))
    await raw.until(`12c\r\n${'x'.repeat(300)}\r\n`)
    expect(raw.text()).not.toContain('\r\n0\r\n')
    client.end()
    await raw.until(/\r\n0\r\n\r\n$/)
    expect(raw.text()).toMatch(/Transfer-Encoding: chunked/i)
  })

  it('sends a stream that is over within a tick in one piece, correctly framed', async () => {
    await using edge = await startListening({
      answer: (client) => {
        client.head(200, [])
        for (const chunk of ['a', 'bb', 'ccc']) client.data(Buffer.from(chunk))
        client.end()
      },
    })
    using raw = await openRaw(edge.url)
    raw.write(GET)
    expect(await raw.until(/0\r\n\r\n$/)).toMatch(/\r\n\r\n1\r\na\r\n2\r\nbb\r\n3\r\nccc\r\n0\r\n\r\n$/)
    expect(raw.pieces()).toBe(1)
  })

  it('carries trailers after a chunked body', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(GET)
    const client = await edge.next()
    client.head(200, ['Trailer', 'X-Sum'])
    client.data(Buffer.from('a'))
    client.end(['X-Sum', '7', 'X-Evil', 'a\r\nb: c'])
    expect(await raw.until('X-Sum: 7')).toMatch(/1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n$/)
  })

  it('relays 103 and nothing else of 1xx', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(GET)
    const client = await edge.next()
    client.info(102, [])
    client.info(103, ['Link', '</a>; rel=preload', 'X-Bad', 'a\r\nb'])
    answerText(client, 'ok')
    const text = await raw.until('ok')
    expect(text).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  })

  it.each([
    ['HEAD', 200, ['Content-Length', '1234']],
    ['GET', 304, ['Content-Length', '1234', 'ETag', 'x']],
    ['GET', 204, []],
    ['HEAD', 200, []],
  ])(
    'to %s with %i has no body, keeps its length and leaves the connection usable',
    async (method, status, headers) => {
      await using edge = await startListening()
      using raw = await openRaw(edge.url)
      raw.write(`${method} /x HTTP/1.1\r\nHost: gw\r\n\r\n`)
      const client = await edge.next()
      client.head(status, headers)
      client.data(Buffer.from('must not be sent'))
      client.end()
      const text = await raw.until('\r\n\r\n')
      for (let i = 0; i < headers.length; i += 2) expect(text).toContain(`${headers[i]}: ${headers[i + 1]}\r\n`)
      raw.write(GET)
      answerText(await edge.next(), 'second')
      expect(await raw.until('second')).not.toContain('must not')
      expect(raw.text()).toMatch(/\r\n\r\nHTTP\/1\.1 200 OK/)
      expect(raw.text()).not.toMatch(/chunked/i)
    },
  )

  it('to HTTP/1.0 is delimited by the close, without chunks', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write('GET /x HTTP/1.0\r\nHost: gw\r\n\r\n')
    const client = await edge.next()
    client.head(200, ['Content-Type', 'a/b'])
    client.data(Buffer.from('one'))
    await raw.until('one')
    client.data(Buffer.from('two'))
    client.end()
    const { text, ending } = await raw.closed()
    expect(text).toMatch(/Connection: close\r\n\r\nonetwo$/)
    expect(ending).toBe('end')
  })

  it('to HTTP/1.0 that breaks off is a reset, for an end would make it whole', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write('GET /x HTTP/1.0\r\nHost: gw\r\n\r\n')
    const client = await edge.next()
    client.head(200, [])
    client.data(Buffer.from('one'))
    await raw.until('one')
    client.reset()
    expect((await raw.closed()).ending).toBe('reset')
  })

  it('keeps the connection of HTTP/1.0 only where that was asked for and the length is known', async () => {
    await using edge = await startListening({ answer: (client) => answerText(client, 'ok') })
    using raw = await openRaw(edge.url)
    raw.write('GET /x HTTP/1.0\r\nHost: gw\r\nConnection: keep-alive\r\n\r\n')
    expect(await raw.until('ok')).toMatch(/connection: keep-alive/i)
    raw.write('GET /x HTTP/1.0\r\nHost: gw\r\n\r\n')
    expect((await raw.closed()).text.match(/ok/g)).toHaveLength(2)
  })

  it('closes where the client or the answer says so', async () => {
    await using edge = await startListening({
      answer: (client) => answerText(client, 'ok', client.request.target === '/close' ? ['connection', 'close'] : []),
    })
    using first = await openRaw(edge.url)
    first.write('GET /x HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n')
    expect((await first.closed()).ending).toBe('end')
    using second = await openRaw(edge.url)
    second.write(`GET /close HTTP/1.1\r\nHost: gw\r\n\r\n${GET}`)
    expect((await second.closed()).text.match(/200 OK/g)).toHaveLength(1)
    expect(edge.clients).toHaveLength(2)
  })

  it.each(['chunked', 'length', 'nothing yet'])('that is reset (%s) is not taken for whole', async (kind) => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(GET)
    const client = await edge.next()
    if (kind !== 'nothing yet') {
      client.head(200, kind === 'length' ? ['Content-Length', '10'] : [])
      client.data(Buffer.from('half'))
      await raw.until('half')
    }
    client.reset()
    client.data(Buffer.from('more'))
    client.end()
    const { text } = await raw.closed()
    expect(text).not.toContain('0\r\n\r\n')
    expect(text).not.toContain('more')
    expect(edge.gone).toEqual([])
  })

  it('that ends short of its length is broken off, and never runs over it', async () => {
    await using edge = await startListening()
    for (const body of ['short', 'much too long']) {
      using raw = await openRaw(edge.url)
      raw.write(GET)
      const client = await edge.next()
      client.head(200, ['Content-Length', '8'])
      await pause(5)
      client.data(Buffer.from(body))
      client.end()
      expect((await raw.closed()).text).not.toContain('long')
    }
  })

  it('with a field that cannot be written is broken off', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(GET)
    const client = await edge.next()
    client.head(200, ['X-A', 'a\r\nSet-Cookie: b'])
    expect((await raw.closed()).text).toBe('')
  })

  it('to pipelined requests comes in their order', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write('GET /1 HTTP/1.1\r\nHost: gw\r\n\r\nGET /2 HTTP/1.1\r\nHost: gw\r\n\r\n')
    const first = await edge.next()
    const second = await edge.next()
    second.head(200, [])
    second.data(Buffer.from('second'))
    second.end()
    await pause(20)
    expect(raw.text()).toBe('')
    answerText(first, 'first')
    expect(await raw.until('0\r\n\r\n')).toMatch(/first[^]*second/)
  })

  it('holds many requests on one connection', async () => {
    await using edge = await startListening({ answer: (client) => answerText(client, client.request.target) })
    using raw = await openRaw(edge.url)
    for (let i = 0; i < 40; i += 1) {
      raw.write(`GET /${i} HTTP/1.1\r\nHost: gw\r\n\r\n`)
      await raw.until(`\r\n\r\n/${i}`)
    }
    expect(edge.clients).toHaveLength(40)
  })

  it('that cannot be made because of a mistake of ours ends its own connection only', async () => {
    await using edge = await startListening({
      answer: (client) => {
        if (client.request.target === '/bad') throw new Error('mistake')
        answerText(client, 'ok')
      },
    })
    using bad = await openRaw(edge.url)
    bad.write('GET /bad HTTP/1.1\r\nHost: gw\r\n\r\n')
    expect((await bad.closed()).text).toBe('')
    expect(edge.failures).toEqual([new Error('mistake')])
    using raw = await openRaw(edge.url)
    raw.write(GET)
    await raw.until('ok')
  })

  it('is not given to a flood of pipelined requests', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(GET.repeat(200))
    await raw.closed()
    expect(edge.clients.length).toBe(64)
    expect(edge.gone.length).toBe(64)
  })
})
