import { describe, expect, it } from 'vitest'
import { openRaw } from '../raw-connection.ts'
import { answerText, pause, startListening } from './listening.ts'

const limits = { headerTimeoutMs: 300, lingerMs: 200 }
const GET = 'GET /x HTTP/1.1\r\nHost: gw\r\n\r\n'

/** Sends `bytes` and gives the one answer that must close the connection. */
async function refusal(url: string, bytes: string): Promise<string> {
  using raw = await openRaw(url)
  raw.write(bytes)
  const { text, ending } = await raw.closed()
  expect(ending).toBe('end')
  expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
  expect(text).toMatch(/\r\nconnection: close\r\n/)
  return text
}

describe('bytes that are no request', () => {
  it.each([
    ['garbage', 'hello there\r\n\r\n', 400, 'bad_request'],
    ['an unknown method', 'BREW /x HTTP/1.1\r\nHost: gw\r\n\r\n', 400, 'bad_request'],
    [
      'a head over 16 KB',
      `GET /x HTTP/1.1\r\nHost: gw\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    ['a target over 16 KB', `GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: gw\r\n\r\n`, 431, 'headers_too_large'],
    ['bare line feeds', 'GET /x HTTP/1.1\nHost: gw\n\n', 400, 'bad_request'],
    ['a folded field', 'GET /x HTTP/1.1\r\nHost: gw\r\nX-A: a\r\n b\r\n\r\n', 400, 'bad_request'],
    ['another version', 'GET /x HTTP/3.7\r\nHost: gw\r\n\r\n', 505, 'http_version'],
    ['CONNECT', 'CONNECT gw:443 HTTP/1.1\r\nHost: gw\r\n\r\n', 400, 'bad_request'],
  ])('%s gets one JSON error and the connection closes', async (_name, bytes, status, code) => {
    await using edge = await startListening({ limits })
    const text = await refusal(edge.url, bytes + GET)
    expect(text).toContain(`HTTP/1.1 ${status} `)
    expect(text).toContain(`\r\ncorral-error: ${code}\r\n`)
    expect(text).toContain('\r\nx-content-type-options: nosniff\r\n')
    expect(text).toContain('\r\ncontent-type: application/json')
    const body = text.slice(text.indexOf('\r\n\r\n') + 4)
    expect(text).toContain(`content-length: ${body.length}\r\n`)
    expect(typeof JSON.parse(body).error).toBe('string')
    expect(edge.clients).toEqual([])
  })

  it('after an answer are refused in their place', async () => {
    await using edge = await startListening({ limits, answer: (client) => answerText(client, 'fine') })
    using raw = await openRaw(edge.url)
    raw.write(`${GET}garbage\r\n\r\n`)
    expect((await raw.closed()).text).toMatch(/^HTTP\/1\.1 200 [^]*fineHTTP\/1\.1 400 /)
  })

  it('behind a request that is being answered end the connection, not the answer', async () => {
    await using edge = await startListening({ limits })
    for (const begins of [true, false]) {
      using raw = await openRaw(edge.url)
      raw.write(GET)
      const client = await edge.next()
      if (begins) client.head(200, [])
      await pause(5)
      raw.write(`garbage\r\n\r\n${GET}`)
      await pause(20)
      if (!begins) client.head(200, [])
      client.data(Buffer.from('token'))
      await pause(5)
      client.end()
      const { text } = await raw.closed()
      expect(text).toMatch(/^HTTP\/1\.1 200 [^]*token\r\n0\r\n\r\n$/)
      expect(/connection: close/i.test(text)).toBe(!begins)
    }
    expect(edge.clients).toHaveLength(2)
    expect(edge.gone).toEqual([])
  })

  it('behind a request that asked for the close do not disturb its answer', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write(`GET /x HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n${GET}`)
    answerText(await edge.next(), 'fine')
    expect((await raw.closed()).text).toMatch(/^HTTP\/1\.1 200 [^]*fine$/)
    expect(edge.clients).toHaveLength(1)
  })

  it('arrive with the error though the sender goes on sending', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write('nonsense\r\n')
    const sending = setInterval(() => raw.write('x'.repeat(100_000)), 1)
    const { text } = await raw.closed()
    clearInterval(sending)
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('slow headers', () => {
  it('are cut off with 408', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    raw.write('GET /x HTTP/1.1\r\n')
    const dripping = setInterval(() => raw.write('X-A: b\r\n'), 50)
    const { text } = await raw.closed(2000)
    clearInterval(dripping)
    expect(text).toMatch(/^HTTP\/1\.1 408 [^]*header_timeout/)
    expect(edge.clients).toEqual([])
  })

  it('that never begin are cut off without a word', async () => {
    await using edge = await startListening({ limits })
    using raw = await openRaw(edge.url)
    expect((await raw.closed(2000)).text).toBe('')
  })

  it('of a later request are cut off too, while an idle connection is kept', async () => {
    await using edge = await startListening({ limits, answer: (client) => answerText(client, 'ok') })
    using raw = await openRaw(edge.url)
    raw.write(GET)
    await raw.until('ok')
    await pause(3 * limits.headerTimeoutMs)
    raw.write(GET)
    await raw.until(/ok[^]*ok/)
    raw.write('GET /x HT')
    expect((await raw.closed(2000)).text).toMatch(/ok[^]*ok[^]*HTTP\/1\.1 408 /)
  })

  it('of many do not keep others waiting', async () => {
    await using edge = await startListening({ limits, answer: (client) => answerText(client, 'ok') })
    const slow = await Promise.all(Array.from({ length: 200 }, () => openRaw(edge.url)))
    for (const raw of slow) raw.write('GET /x HTTP/1.1\r\n')
    using quick = await openRaw(edge.url)
    quick.write(GET)
    await quick.until('ok', 1000)
    await Promise.all(slow.map((raw) => raw.closed()))
    for (const raw of slow) raw[Symbol.dispose]()
  })
})

describe('an idle connection', () => {
  it('is closed when its time is over', async () => {
    await using edge = await startListening({
      limits: { keepAliveMs: 100 },
      answer: (client) => answerText(client, 'ok'),
    })
    using raw = await openRaw(edge.url)
    raw.write(GET)
    await raw.until('ok')
    const start = Date.now()
    await raw.closed(3000)
    expect(Date.now() - start).toBeGreaterThan(80)
  })
})
