import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openRaw } from '../../faults/raw-connection.ts'
import { startHttpRelay, type HttpRelay } from './http-relay.ts'

const heard: string[] = []
const server = createServer((request, response) => {
  void text(request).then((body) => {
    if (request.url === '/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: first\n\n')
      return
    }
    heard.push(body)
    response.end(`heard ${body}`)
  })
})
let relay: HttpRelay

async function text(message: IncomingMessage): Promise<string> {
  let all = ''
  for await (const chunk of message as AsyncIterable<Buffer>) all += chunk.toString()
  return all
}

/** The answer, or `broken`. */
async function post(body: string): Promise<string> {
  try {
    return await (await fetch(`${relay.url}/up`, { method: 'POST', body })).text()
  } catch {
    return 'broken'
  }
}

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP, so never a path
  relay = await startHttpRelay(`http://127.0.0.1:${port}`)
})
beforeEach(() => {
  heard.length = 0
  relay.use([])
})
afterAll(async () => {
  await relay[Symbol.asyncDispose]()
  server.closeAllConnections()
  server.close()
})

describe('an HTTP relay', () => {
  it('passes requests and answers on', async () => {
    expect([await post('a'), await post('b'), heard]).toEqual(['heard a', 'heard b', ['a', 'b']])
    expect(relay.statuses('/up').slice(-2)).toEqual([200, 200])
  })

  it('passes the first event of a stream on while it is open', async () => {
    using client = await openRaw(relay.url)
    client.write('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(await client.until('data: first')).toMatch(/^HTTP\/1\.1 200 /)
  })

  const faults = [
    ['lose-answer', ['broken', 'heard b', 'broken'], ['a', 'b', 'c'], 1],
    ['lose-request', ['broken', 'heard b', 'broken'], ['b'], 1],
    ['double', ['heard a', 'heard b', 'heard c'], ['a', 'a', 'b', 'c', 'c'], 1],
    ['late-copy', ['heard a', 'heard b', 'heard c'], ['a', 'b', 'a', 'c'], 1],
    ['overtaken', ['broken', 'heard b', 'broken'], ['b', 'a'], 1],
  ] as const
  it.each(faults)('%s: every second request', async (...given) => {
    const [fault, answers, arrived] = given
    // The first is even: one request before it.
    relay.use([{ path: '/up', fault, every: 2 }])
    await post('before')
    heard.length = 0
    expect([await post('a'), await post('b'), await post('c')]).toEqual(answers)
    expect(heard).toEqual(arrived)
  })
})
