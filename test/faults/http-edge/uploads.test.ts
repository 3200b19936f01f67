import { describe, expect, it } from 'vitest'
import { renderError } from '../../../src/dialects/error-body.ts'
import { GatewayError } from '../../../src/errors/gateway-error.ts'
import type { ClientPort } from '../../../src/proxy/client-port.ts'
import { openRaw } from '../raw-connection.ts'
import { answerText, pause, readBody, startListening } from './listening.ts'

const post = (...fields: string[]) =>
  `POST /x HTTP/1.1\r\nHost: gw\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`
const NEXT = 'GET /next HTTP/1.1\r\nHost: gw\r\n\r\n'
const limits = { bodyIdleMs: 200, lingerMs: 300, drainBytes: 262_144 }

function refuse(client: ClientPort): void {
  const error = renderError(new GatewayError('body_too_large'), 'ollama')
  client.head(error.status, [...error.headers, 'content-length', String(error.body.length)])
  client.data(Buffer.from(error.body))
  client.end()
}

describe('a request body', () => {
  it('arrives byte for byte, by length and by chunks', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(`${post('Content-Length: 5')}he`)
    const first = await edge.next()
    expect(first.request.body?.length).toBe(5)
    const body = readBody(first)
    raw.write('llo')
    expect(await body).toBe('hello')
    answerText(first, 'one')
    raw.write(`${post('Transfer-Encoding: chunked')}3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n${NEXT}`)
    const second = await edge.next()
    expect(second.request.body?.length).toBeUndefined()
    expect(await readBody(second)).toBe('abcde')
    answerText(second, 'two')
    answerText(await edge.next(), 'three')
    expect(await raw.until('three')).toMatch(/one[^]*two[^]*three/)
  })

  it('is absent where the framing says so', async () => {
    await using edge = await startListening({ answer: (client) => answerText(client, 'ok') })
    using raw = await openRaw(edge.url)
    raw.write(`${post()}${post('Content-Length: 0')}${NEXT}`)
    await raw.until(/(?:ok[^]*){3}/)
    expect(edge.clients.map((client) => client.request.body)).toEqual([null, null, null])
  })

  it('waits while its receiver is full', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    const size = 64 * 1024 * 1024
    raw.write(post(`Content-Length: ${size}`))
    const client = await edge.next()
    let received = 0
    let isDone = false
    const control = client.request.body?.start({
      data: (chunk) => {
        received += chunk.length
        return false
      },
      end: () => {
        isDone = true
      },
      fail: () => expect.unreachable(),
    })
    const piece = Buffer.alloc(1024 * 1024, 'x')
    for (let sent = 0; sent < size; sent += piece.length) raw.write(piece)
    await pause(150)
    expect(received).toBeLessThan(1024 * 1024)
    while (!isDone) {
      await new Promise(setImmediate)
      control?.resume()
    }
    expect(received).toBe(size)
  })

  it('is answered before it came: what is little is drained and the connection survives', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write(`${post('Content-Length: 100000')}${'x'.repeat(10)}`)
    refuse(await edge.next())
    expect(await raw.until('too large')).not.toMatch(/connection: close/i)
    raw.write('x'.repeat(99_990))
    raw.write(NEXT)
    const next = await edge.next()
    expect(next.request.target).toBe('/next')
    answerText(next, 'alive')
    await raw.until('alive')
    await pause(2 * limits.lingerMs)
    expect(raw.text().match(/HTTP\/1\.1 \d/g)).toHaveLength(2)
    raw.write(NEXT)
    answerText(await edge.next(), 'still')
    await raw.until('still')
  })

  // The ollama CLI sends its next request at once on a connection that did not say `close`, and takes an EOF for an error.
  it('in chunks that is answered before it came says that the connection closes, and the text arrives', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write(`${post('Transfer-Encoding: chunked')}5\r\nabcde\r\n`)
    refuse(await edge.next())
    await raw.until('too large')
    raw.write('5\r\nabcde\r\n0\r\n\r\n')
    const { text } = await raw.closed()
    expect(text).toMatch(/connection: close/i)
    expect(edge.clients).toHaveLength(1)
  })

  it.each(['Content-Length: 50000000', 'Transfer-Encoding: chunked'])(
    'that is refused while it is being sent (%s) ends the connection, and the text arrives',
    async (framing) => {
      await using edge = await startListening({ limits })
      using raw = await openRaw(edge.url)
      raw.write(post(framing))
      const piece = framing.startsWith('C') ? 'x'.repeat(65_536) : `10000\r\n${'x'.repeat(65_536)}\r\n`
      const sending = setInterval(() => raw.write(piece), 1)
      refuse(await edge.next())
      const { text } = await raw.closed()
      clearInterval(sending)
      expect(text).toMatch(/^HTTP\/1\.1 413 /)
      expect(text).toContain('"error"')
      expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
      expect(text).toMatch(/connection: close/i)
    },
  )

  it('that never comes after the answer does not hold the connection', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write(post('Content-Length: 10'))
    refuse(await edge.next())
    const { text, ending } = await raw.closed(4 * limits.lingerMs)
    expect(text).toContain('too large')
    expect(ending).toBe('end')
  })

  it('nobody wants any more is thrown away, and the answer goes on', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write(`${post('Content-Length: 1000000')}${'x'.repeat(1000)}`)
    const client = await edge.next()
    client.request.body
      ?.start({ data: () => true, end: () => expect.unreachable(), fail: () => expect.unreachable() })
      .stop()
    client.head(200, [])
    client.data(Buffer.from('first'))
    raw.write('x'.repeat(999_000))
    await pause(2 * limits.bodyIdleMs)
    client.data(Buffer.from('second'))
    client.end()
    await raw.until('second\r\n0\r\n\r\n')
  })

  it('is asked for with 100 Continue only when it is wanted', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(post('Content-Length: 3', 'Expect: 100-continue'))
    const client = await edge.next()
    await pause(20)
    expect(raw.text()).toBe('')
    const body = readBody(client)
    expect(await raw.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    raw.write('abc')
    expect(await body).toBe('abc')
    answerText(client, 'ok')
    expect(await raw.until('ok')).not.toMatch(/connection: close/i)
  })

  it('is refused before it is sent, and then nothing more is read', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write(post(`Content-Length: ${NEXT.length}`, 'Expect: 100-continue'))
    refuse(await edge.next())
    expect(await raw.until('too large')).toMatch(/^HTTP\/1\.1 413 [^]*connection: close/i)
    raw.write(NEXT)
    await raw.closed()
    expect(edge.clients).toHaveLength(1)
  })

  it('with an unknown expectation is handed on without a word', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(`${post('Content-Length: 3', 'Expect: 200-ok')}abc`)
    const client = await edge.next()
    answerText(client, 'mine')
    expect(await raw.until('mine')).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('that falls silent fails, and its sender is told', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write(`${post('Content-Length: 10')}abc`)
    const client = await edge.next()
    expect(await readBody(client)).toBe('failed: body_timeout')
    refuse(client)
    const { text } = await raw.closed()
    expect(text).toMatch(/^HTTP\/1\.1 413 [^]*connection: close/i)
  })

  it('that drips fails too, while one that is merely slow does not', async () => {
    await using edge = await startListening({ limits })
    using drip = await openRaw(edge.url)
    drip.write(post('Content-Length: 1000'))
    const dripping = setInterval(() => drip.write('x'), 50)
    expect(await readBody(await edge.next())).toBe('failed: body_timeout')
    clearInterval(dripping)
    using slow = await openRaw(edge.url)
    slow.write(post('Content-Length: 20000'))
    const sending = setInterval(() => slow.write('x'.repeat(1000)), 40)
    expect(await readBody(await edge.next())).toHaveLength(20_000)
    clearInterval(sending)
  })

  it('on a fresh connection has its time like any other', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write(post('Content-Length: 3'))
    const body = readBody(await edge.next())
    for (const character of 'abc') {
      await pause(limits.bodyIdleMs / 2)
      raw.write(character)
    }
    expect(await body).toBe('abc')
  })

  it('that its receiver keeps waiting is not silent', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write(`${post('Content-Length: 6')}abc`)
    const client = await edge.next()
    let text = ''
    const ended = new Promise<string>((resolve) => {
      const control = client.request.body?.start({
        data: (chunk) => {
          text += Buffer.from(chunk).toString()
          setTimeout(() => control?.resume(), 3 * limits.bodyIdleMs)
          return false
        },
        end: () => resolve(text),
        fail: (reason) => resolve(`failed: ${reason}`),
      })
    })
    raw.write('def')
    expect(await ended).toBe('abcdef')
  })

  it('whose chunks are broken fails, is answered once, and nothing after it is a request', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write(`${post('Transfer-Encoding: chunked')}3\r\nabc\r\n`)
    const client = await edge.next()
    const body = readBody(client)
    raw.write(`zz\r\n${NEXT}`)
    expect(await body).toBe('failed: undefined')
    expect(edge.gone).toEqual([client])
    const { text } = await raw.closed()
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
    expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
    expect(edge.clients).toHaveLength(1)
  })
})
