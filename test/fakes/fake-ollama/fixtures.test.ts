import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseResponse, type ParsedResponse } from '../../system/harness/parse-response.ts'
import { rawExchange } from '../../system/harness/raw-exchange.ts'
import { loadFixtures, NO_FIXTURES, requestBytes, type Fixture } from '../fixtures.ts'
import { startFakeOllama, type FakeOllama } from './fake-ollama.ts'

/** What the recorded server had answered before, so that each request finds the same state. */
const PREPARATION: Readonly<Record<string, readonly string[]>> = {
  delete: ['tiny3'],
  delete2: ['ns/tiny2:v1'],
}

const fixtures = loadFixtures()

describe('the fake answers in the shape of Ollama 0.24.0', () => {
  let fake: FakeOllama
  beforeAll(async () => void (fake = await startFakeOllama()))
  afterAll(() => fake.stop())

  it('has recordings to compare with', ({ skip }) => {
    skip(fixtures.length === 0, NO_FIXTURES)
    expect(fixtures).toHaveLength(68)
  })

  it.for(fixtures)('$name', async (fixture) => {
    for (const name of PREPARATION[fixture.name] ?? []) fake.models.install({ name })
    if (fixture.name === 'ps') await load(fake)
    if (fixture.name.startsWith('midstream-error')) fake.faults.add({ kind: 'error-line', afterChunks: 5, times: 1 })
    const host = fixture.name === 'host-denied' ? 'evil.example' : 'localhost:11434'
    const bytes = requestBytes(fixture, host, [['Connection', 'close']])
    const { received } = await rawExchange(fake.port, bytes)
    const response = parseResponse(received, { method: fixture.request.method, closed: true })
    if (response === undefined) throw new Error('no response')
    expect(response.complete).toBe(true)
    expect(response.statusLine).toBe(fixture.response.statusLine)
    expect(headersOf(response.headers)).toEqual(headersOf(fixture.response.headers))
    const known = parseResponse(recordedBytes(fixture), { method: fixture.request.method, closed: true })
    expect(shapeOf(response)).toEqual(shapeOf(known))
  })
})

async function load(fake: FakeOllama): Promise<void> {
  await fetch(`${fake.url}/api/generate`, { method: 'POST', body: '{"model":"tiny"}' })
}

function recordedBytes(fixture: Fixture): Buffer {
  const { statusLine, headers, chunks } = fixture.response
  const chunked = headers.some(([name]) => name === 'Transfer-Encoding')
  const framed = chunks.map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('')
  const body = chunked ? `${framed}0\r\n\r\n` : chunks.join('')
  return Buffer.from(`${statusLine}\r\n${headers.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n${body}`)
}

/** Every header that does not depend on the moment or on how long the text came out. */
function headersOf(headers: readonly (readonly [string, string])[]): string[] {
  return headers
    .map(([name, value]) => (name === 'Date' || name === 'Content-Length' ? name : `${name}: ${value}`))
    .toSorted()
}

/** Lines with their keys and the kinds of their values, runs of the same line told once. */
function shapeOf(response: ParsedResponse | undefined): string[] {
  const lines = (response?.chunks ?? []).flatMap((chunk) => lineShapes(chunk.toString('utf8')))
  return lines.filter((line, index) => line !== lines[index - 1])
}

function lineShapes(chunk: string): string[] {
  return chunk.split('\n').map((line) => {
    const json = line.replace(/^data: /, '')
    if (!json.startsWith('{')) return line
    const value: unknown = JSON.parse(json)
    // An error text is part of the contract to the letter.
    return typeof value === 'object' && value !== null && 'error' in value && typeof value.error === 'string'
      ? line
      : `${line.slice(0, line.length - json.length)}${JSON.stringify(kinds(value))}`
  })
}

function kinds(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [kinds(value[0])]
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, kinds(inner)]))
  }
  return typeof value
}
