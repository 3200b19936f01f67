import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { headerOf, parseResponse } from '../../system/harness/parse-response.ts'
import { rawExchange, type RawResult } from '../../system/harness/raw-exchange.ts'
import { startFakeOllama, type FakeOllama } from './fake-ollama.ts'
import type { FaultRule } from './faults.ts'

const BODY = JSON.stringify({ model: 'tiny', prompt: 'tell', options: { num_predict: 8 } })
const V1_BODY = JSON.stringify({
  model: 'tiny',
  messages: [{ role: 'user', content: 'x' }],
  max_tokens: 8,
  stream: true,
})

async function start(): Promise<FakeOllama> {
  const fake = await startFakeOllama()
  onTestFinished(() => fake.stop())
  return fake
}

function request(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
}

async function struck(rule: FaultRule, path = '/api/generate', body = BODY): Promise<RawResult> {
  const fake = await start()
  fake.faults.add({ ...rule, times: 1 })
  return rawExchange(fake.port, request(path, body), { timeoutMs: 300 })
}

function bodyOf(result: RawResult): string {
  return parseResponse(result.received, { closed: true })?.body.toString() ?? ''
}

describe('faults', () => {
  it('reset-before-headers says nothing', async () => {
    const result = await struck({ kind: 'reset-before-headers' })
    expect([result.received.length, result.ending]).toEqual([0, 'reset'])
  })

  it('reset-after-headers leaves the head alone', async () => {
    const result = await struck({ kind: 'reset-after-headers' })
    expect(parseResponse(result.received)).toMatchObject({ status: 200, chunks: [], complete: false })
    expect(result.ending).toBe('reset')
  })

  it('reset-mid-line ends inside a line', async () => {
    const result = await struck({ kind: 'reset-mid-line', afterChunks: 3 })
    expect(bodyOf(result).split('\n')).toHaveLength(4)
    expect(bodyOf(result)).not.toMatch(/\n$/)
    expect(result.ending).toBe('reset')
  })

  it('cut-mid-utf8 ends inside a character, as the framing of a whole answer if asked', async () => {
    const result = await struck({ kind: 'cut-mid-utf8', ending: 'clean' })
    const response = parseResponse(result.received)
    expect(response?.complete).toBe(true)
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(response?.body)).toThrow(TypeError)
  })

  it('stalls before the first byte and mid-stream', async () => {
    expect((await struck({ kind: 'stall-before-first-byte' })).received.length).toBe(0)
    const result = await struck({ kind: 'stall-mid-stream', afterChunks: 2 })
    expect(bodyOf(result).split('\n')).toHaveLength(3)
    expect(result.ending).toBe('timed-out')
  })

  it('answers somebody else’s page with 200', async () => {
    expect(bodyOf(await struck({ kind: 'html-200' }))).toContain('<h1>It works!</h1>')
  })

  it('claims a wrong Content-Length, too long and too short, of whole answers and streams', async () => {
    const whole = JSON.stringify({ model: 'tiny', prompt: 'tell', stream: false })
    const long = parseResponse((await struck({ kind: 'content-length-too-long' }, '/api/generate', whole)).received)
    expect(long?.complete).toBe(false)
    const short = parseResponse((await struck({ kind: 'content-length-too-short' }, '/api/generate', whole)).received)
    expect([short?.complete, short?.rest.length]).toEqual([true, 10])
    const stream = parseResponse((await struck({ kind: 'content-length-too-short' })).received)
    expect(stream && headerOf(stream, 'content-length')).toBe('100')
    expect(stream?.rest.length).toBeGreaterThan(100)
  })

  it('is busy in the shape of the route', async () => {
    expect(bodyOf(await struck({ kind: 'busy-503' }))).toBe(
      '{"error":"server busy, please try again.  maximum pending requests exceeded"}',
    )
    expect(bodyOf(await struck({ kind: 'busy-503' }, '/v1/chat/completions', V1_BODY))).toContain('"type":"api_error"')
  })

  it('ends clean without its terminator, native and /v1', async () => {
    const native = await struck({ kind: 'clean-end' })
    expect(parseResponse(native.received)?.complete).toBe(true)
    expect(bodyOf(native)).not.toContain('"done":true')
    const compat = await struck({ kind: 'clean-end' }, '/v1/chat/completions', V1_BODY)
    expect(parseResponse(compat.received)?.complete).toBe(true)
    expect(bodyOf(compat)).not.toContain('[DONE]')
  })

  it('tells a dead runner on native routes only', async () => {
    expect(bodyOf(await struck({ kind: 'error-line' }))).toMatch(/\n\{"error":"an error was encountered[^\n]+\n$/)
    const compat = bodyOf(await struck({ kind: 'error-line' }, '/v1/chat/completions', V1_BODY))
    expect(compat).toContain('"model":""')
    expect(compat).not.toMatch(/error|DONE/)
  })

  it('drips', async () => {
    const result = await struck({ kind: 'slow-drip', bytes: 40, delayMs: 2 })
    expect(parseResponse(result.received)?.chunks.every((chunk) => chunk.length <= 40)).toBe(true)
  })

  it('closes a connection that has served a request already', async () => {
    const fake = await start()
    fake.faults.add({ kind: 'close-after-reuse', route: '*' })
    const twice = 'GET /api/version HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const result = await rawExchange(fake.port, twice, { more: [{ afterMs: 30, bytes: twice }] })
    expect(result.received.toString().split('HTTP/1.1').length - 1).toBe(1)
    expect(fake.counters.snapshot().closes).toMatchObject([{ requests: 2 }])
  })

  it('floods no faster than it is read', async () => {
    const fake = await start()
    fake.faults.add({ kind: 'flood', bytes: 2_000_000 })
    const answer = await fetch(`${fake.url}/api/generate`, { method: 'POST', body: BODY })
    const lines = (await answer.text()).trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ done: true })
    expect(fake.counters.snapshot().bytesOut).toBeGreaterThan(2_000_000)
  })

  it('hits the next N requests of a route, and no health check unless told', async () => {
    const fake = await start()
    fake.faults.add({ kind: 'html-200', times: 1 })
    expect(await (await fetch(`${fake.url}/api/version`)).json()).toEqual({ version: '0.24.0' })
    expect(await (await fetch(`${fake.url}/api/generate`, { method: 'POST', body: BODY })).text()).toContain('<h1>')
    expect(await (await fetch(`${fake.url}/api/generate`, { method: 'POST', body: BODY })).text()).toContain(
      '"done":true',
    )
  })

  it('loses a slot when its client leaves, until the model is unloaded', async () => {
    const fake = await start()
    fake.faults.add({ kind: 'lose-slot', times: 1 })
    const long = JSON.stringify({ model: 'tiny', prompt: 'x', options: { num_predict: 100_000 } })
    await rawExchange(fake.port, request('/api/generate', long), { leaveAfterMs: 30 })
    await fake.counters.until((now) => now.running === 0)
    const stuck = await rawExchange(fake.port, request('/api/generate', BODY), { timeoutMs: 150 })
    expect(stuck.received.length).toBe(0)
    await (await fetch(`${fake.url}/api/generate`, { method: 'POST', body: '{"model":"tiny","keep_alive":0}' })).text()
    const healed = await rawExchange(fake.port, request('/api/generate', BODY))
    expect(bodyOf(healed)).toContain('"done":true')
  })
})

describe('the door', () => {
  it('refuses, resets or hangs, and opens again on the same port', async () => {
    const fake = await start()
    const ask = (): Promise<RawResult> =>
      rawExchange(fake.port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', {
        timeoutMs: 100,
        until: (b) => b.length > 0,
      })
    await fake.setDoor('refuse')
    await expect(ask()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await fake.setDoor('reset')
    await expect(
      ask().then(
        (result) => result.ending,
        () => 'reset',
      ),
    ).resolves.toBe('reset')
    await fake.setDoor('hang')
    expect((await ask()).ending).toBe('timed-out')
    await fake.setDoor('open')
    expect((await ask()).ending).toBe('satisfied')
  })
})

describe('the program', () => {
  it('prints where it listens, is driven over its control port, and ends with 0', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--port', '0', '--model', 'a:1b=5000'])
    const ended = new Promise((resolve) => child.once('exit', resolve))
    onTestFinished(() => void child.kill())
    let output = ''
    await new Promise<void>((resolve) =>
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (output.includes('control')) resolve()
      }),
    )
    const url = /^fake-ollama ready (http:\/\/127\.0\.0\.1:\d+)$/m.exec(output)?.[1] ?? ''
    const control = /^fake-ollama control (\S+)$/m.exec(output)?.[1] ?? ''
    await fetch(`${control}/__fake/faults`, { method: 'POST', body: '{"kind":"html-200","route":"*","times":1}' })
    expect(await (await fetch(`${url}/api/tags`)).text()).toContain('<h1>')
    expect(await (await fetch(`${url}/api/tags`)).text()).toContain('"a:1b"')
    const counters = (await (await fetch(`${control}/__fake/counters`)).json()) as { requests: object }
    expect(counters.requests).toEqual({ 'GET /api/tags': 2 })
    expect((await fetch(`${control}/__fake/faults`, { method: 'POST', body: '{"kind":"nonsense"}' })).status).toBe(400)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})
