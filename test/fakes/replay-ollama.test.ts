import { expect, it } from 'vitest'
import { parseResponse } from '../system/harness/parse-response.ts'
import { rawExchange } from '../system/harness/raw-exchange.ts'
import { requestBytes, type Fixture } from './fixtures.ts'
import { startReplayOllama } from './replay-ollama.ts'

const streamed: Fixture = {
  name: 'two-lines',
  request: { method: 'POST', path: '/api/x', headers: [['Content-Length', '2']], body: '{}' },
  response: {
    statusLine: 'HTTP/1.1 200 OK',
    status: 200,
    headers: [
      ['Content-Type', 'application/x-ndjson'],
      ['Connection', 'close'],
      ['Transfer-Encoding', 'chunked'],
    ],
    chunks: ['{"é":1}\n', '{"b":2}\n'],
  },
}

it('replays status line, headers and every chunk as its own frame, and keeps what it received', async () => {
  await using replay = await startReplayOllama({ background: [] })
  replay.select(streamed)
  const bytes = requestBytes(streamed, 'localhost')
  const { received } = await rawExchange(replay.port, bytes)
  expect(parseResponse(received)).toMatchObject({
    ...streamed.response,
    chunks: streamed.response.chunks.map((c) => Buffer.from(c)),
  })
  expect(replay.received().map((request) => request.raw.toString())).toEqual([bytes])
})

it('stepwise, holds each further chunk until it is told to go on', async () => {
  await using replay = await startReplayOllama({ background: [], keepAlive: true })
  replay.select(streamed, { stepwise: true })
  const seen: number[] = []
  const { received } = await rawExchange(replay.port, requestBytes(streamed, 'localhost'), {
    until: (bytes) => {
      const chunks = parseResponse(bytes)?.chunks.length ?? 0
      if (chunks > seen.length) setTimeout(() => replay.advance(), 20)
      if (chunks > seen.length) seen.push(chunks)
      return bytes.toString().endsWith('0\r\n\r\n')
    },
  })
  expect(seen).toEqual([1, 2])
  expect(received.toString()).not.toContain('Connection')
})

it('answers what it was not asked to replay from the background, or with 404', async () => {
  const other: Fixture = { ...streamed, request: { ...streamed.request, path: '/api/other' } }
  await using replay = await startReplayOllama({ background: [other] })
  replay.select(streamed)
  expect((await rawExchange(replay.port, requestBytes(other, 'x'))).received.toString()).toContain('200 OK')
  const unknown = { ...streamed, request: { ...streamed.request, body: '[]' } }
  expect((await rawExchange(replay.port, requestBytes(unknown, 'x'))).received.toString()).toContain('404')
  expect([replay.received().length, replay.unexpected().length]).toEqual([0, 2])
})
