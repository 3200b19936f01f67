import { describe, expect, it } from 'vitest'
import { openRaw, type RawConnection } from '../raw-connection.ts'
import { answerText, pause, readBody, startListening } from './listening.ts'

const GET = 'GET /x HTTP/1.1\r\nHost: gw\r\n\r\n'
const WITH_BODY = 'POST /x HTTP/1.1\r\nHost: gw\r\nContent-Length: 3\r\n\r\nabc'
const MID_BODY = 'POST /x HTTP/1.1\r\nHost: gw\r\nContent-Length: 300\r\n\r\nabc'
const leave: [string, (raw: RawConnection) => void][] = [
  ['FIN', (raw) => raw.socket.destroy()],
  ['RST', (raw) => raw.reset()],
  ['half-close', (raw) => raw.half()],
]

async function within(ms: number, happened: () => boolean): Promise<boolean> {
  const until = Date.now() + ms
  while (!happened() && Date.now() < until) await pause(2)
  return happened()
}

describe.each(leave)('a client that leaves by %s', (_name, depart) => {
  it.each([GET, WITH_BODY, MID_BODY])('before the answer is noticed at once (%#)', async (request) => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(request)
    const client = await edge.next()
    await pause(10)
    depart(raw)
    expect(await within(100, () => edge.gone.length > 0)).toBe(true)
    expect(edge.gone).toEqual([client])
    answerText(client, 'too late')
  })

  it('while its body is read fails the body once', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(MID_BODY)
    const client = await edge.next()
    const body = readBody(client)
    await pause(10)
    depart(raw)
    expect(await body).toBe('failed: undefined')
    expect(edge.gone).toEqual([client])
  })

  it('in the middle of a stream is noticed at once, and once', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(WITH_BODY)
    const client = await edge.next()
    client.head(200, [])
    client.data(Buffer.from('token'))
    await raw.until('token')
    depart(raw)
    expect(await within(100, () => edge.gone.length > 0)).toBe(true)
    client.data(Buffer.from('more'))
    client.end()
    client.reset()
    await pause(20)
    expect(edge.gone).toEqual([client])
  })

  it('after the answer has ended is none of its business', async () => {
    await using edge = await startListening({ answer: (client) => answerText(client, 'ok') })
    using raw = await openRaw(edge.url)
    raw.write(GET)
    await raw.until('ok')
    depart(raw)
    await pause(30)
    expect(edge.gone).toEqual([])
  })
})

describe('onGone', () => {
  it('is told also when it is asked for too late', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(GET)
    const client = await edge.next()
    raw.reset()
    await within(100, () => edge.gone.length > 0)
    await new Promise<void>((resolve) => client.onGone(resolve))
  })
})

describe('a client that stops reading', () => {
  it('fills a bounded buffer, gets everything once it reads on, and holds nobody else up', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url, { isPaused: true })
    raw.write(GET)
    const client = await edge.next()
    client.head(200, [])
    const piece = Buffer.alloc(65_536, 'x')
    const total = 600
    let sent = 0
    const pump = () => {
      while (sent < total) {
        sent += 1
        if (!client.data(piece)) return
      }
      client.end()
    }
    client.onDrain(pump)
    pump()
    await pause(100)
    expect(sent).toBeLessThan(total / 2)
    using other = await openRaw(edge.url)
    other.write(GET)
    answerText(await edge.next(), 'quick')
    await other.until('quick')
    let received = 0
    raw.socket.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    expect(await within(5000, () => received > total * piece.length)).toBe(true)
  })

  it('and resets is noticed', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url, { isPaused: true })
    raw.write(GET)
    const client = await edge.next()
    client.head(200, [])
    while (client.data(Buffer.alloc(65_536))) await pause(0)
    raw.reset()
    expect(await within(100, () => edge.gone.length > 0)).toBe(true)
  })
})
