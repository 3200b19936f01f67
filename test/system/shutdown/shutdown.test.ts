import { describe, expect, it, onTestFinished } from 'vitest'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { openRaw, type RawConnection } from '../../faults/raw-connection.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { loggedExchange } from '../harness/request-log.ts'
import { readStream, type StreamResult } from '../harness/stream-client.ts'

const SLOW: FakeOllamaOptions = { tokensPerSecond: 50, answerTokens: 100_000 }
/** "At once", for a process that has to close a database and end. */
const AT_ONCE_MS = 2000

async function start(options: { fake?: FakeOllamaOptions; drain?: string } = {}): Promise<GatewayBefore> {
  const before = await startGatewayBefore(options.fake ?? SLOW, { config: { drain: options.drain ?? '10s' } })
  onTestFinished(() => before[Symbol.asyncDispose]())
  return before
}

interface Dialect {
  readonly path: string
  readonly body: object
}

const messages = [{ role: 'user', content: 'hello' }]
const dialects = {
  native: { path: '/api/chat', body: { model: 'tiny', messages } },
  openai: { path: '/v1/chat/completions', body: { model: 'tiny', messages, stream: true } },
  responses: { path: '/v1/responses', body: { model: 'tiny', input: 'hello', stream: true } },
  anthropic: { path: '/v1/messages', body: { model: 'tiny', max_tokens: 100_000, messages, stream: true } },
} satisfies Record<string, Dialect>

/** Resolves `running` with the first bytes of the answer, `ended` with all of it. */
function stream(
  { gateway, key }: GatewayBefore,
  { path, body }: Dialect,
  id = `shutdown${path}`,
): { running: Promise<void>; ended: Promise<StreamResult> } {
  let begin = (): void => undefined
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const ended = readStream(gateway.url + path, {
    body,
    headers: { authorization: `Bearer ${key}`, 'x-request-id': id.replaceAll('/', '-') },
    onChunk: () => begin(),
  })
  return { running: Promise.race([begun, ended.then(() => undefined)]), ended }
}

function limited(dialect: Dialect, tokens: number): Dialect {
  return { ...dialect, body: { ...dialect.body, options: { num_predict: tokens } } }
}

async function stopTimed({ gateway }: GatewayBefore): Promise<{ code: number | null; ms: number }> {
  const startedAt = performance.now()
  const code = await gateway.stop()
  return { code, ms: performance.now() - startedAt }
}

async function connectFails({ gateway }: GatewayBefore): Promise<boolean> {
  try {
    using _client = await openRaw(gateway.url)
    return false
  } catch {
    return true
  }
}

describe('a gateway that is told to stop', () => {
  it('ends at once when nothing runs, idle connections or not', async () => {
    const before = await start()
    using kept = await openRaw(before.gateway.url)
    kept.write(rawRequest('/api/tags', { key: before.key }))
    await kept.until('tiny')
    using silent = await openRaw(before.gateway.url)
    const { code, ms } = await stopTimed(before)
    expect(code).toBe(0)
    expect(ms).toBeLessThan(AT_ONCE_MS)
    await kept.closed()
    await silent.closed()
  })

  it('lets a stream come to its own end, takes no new connection meanwhile, and exits with 0', async () => {
    const before = await start()
    const { running, ended } = stream(before, limited(dialects.native, 50))
    await running
    const stopped = before.gateway.stop()
    await expect.poll(() => connectFails(before), { interval: 10 }).toBe(true)
    const answer = await ended
    expect(answer).toMatchObject({ status: 200, ending: 'complete' })
    expect(answer.events.at(-1)?.text).toContain('"done":true')
    expect(answer.events.length).toBeGreaterThanOrEqual(50)
    expect(await stopped).toBe(0)
    expect(await loggedExchange(before.gateway.folder, 'shutdown-api-chat')).toMatchObject({
      status: 200,
      ending: 'complete',
    })
  })

  it('lets a whole answer come to its end too', async () => {
    const before = await start()
    const path = '/api/generate'
    const { ended } = stream(before, limited({ path, body: { model: 'tiny', prompt: 'hello', stream: false } }, 40))
    await before.fake.counters.until((snapshot) => snapshot.running > 0)
    const stopped = before.gateway.stop()
    const answer = await ended
    expect(JSON.parse(answer.text)).toMatchObject({ done: true, eval_count: 40 })
    expect(answer.ending).toBe('complete')
    expect(await stopped).toBe(0)
  })

  it('lets a request whose body is still on its way come to its end', async () => {
    const before = await start()
    const body = JSON.stringify({ model: 'tiny', prompt: 'hello', stream: false, options: { num_predict: 1 } })
    using client = await openRaw(before.gateway.url)
    const request = rawRequest('/api/generate', { key: before.key, body })
    client.write(request.subarray(0, -10))
    await new Promise((resolve) => setTimeout(resolve, 50))
    const stopped = before.gateway.stop()
    await expect.poll(() => connectFails(before), { interval: 10 }).toBe(true)
    // Longer than a stopped gateway takes for its last bytes.
    await new Promise((resolve) => setTimeout(resolve, 2500))
    client.write(request.subarray(-10))
    expect(await client.until('"done":true')).toMatch(/^HTTP\/1\.1 200 /)
    await client.closed()
    expect(await stopped).toBe(0)
  })

  it('ends the connection with the answer that runs on it, and never calls itself ready there', async () => {
    const before = await start()
    using client = await openRaw(before.gateway.url)
    client.write(rawRequest('/readyz'))
    expect(await client.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 200 /)
    const { path, body } = limited(dialects.native, 20)
    client.write(rawRequest(path, { key: before.key, body }))
    await client.until('"done":false')
    const stopped = before.gateway.stop()
    await expect.poll(() => connectFails(before), { interval: 10 }).toBe(true)
    client.write(rawRequest('/readyz'))
    const { text } = await client.closed()
    const [, streamed, ready = 'HTTP/1.1 503 or nothing'] = text.split(/(?=HTTP\/1\.1 )/)
    expect(streamed).toMatch(/"done":true[^]*0\r\n\r\n$/)
    expect(ready).toMatch(/^HTTP\/1\.1 503 /)
    expect(await stopped).toBe(0)
  })

  it('tells a stream that outlasts the drain why it ends, in its own dialect, and exits with 0', async () => {
    const before = await start({ drain: '300ms' })
    const streams = Object.entries(dialects).map(([name, dialect]) => [name, stream(before, dialect)] as const)
    await Promise.all(streams.map(([, { running }]) => running))
    const { code, ms } = await stopTimed(before)
    expect(code).toBe(0)
    expect(ms).toBeGreaterThan(250)
    expect(ms).toBeLessThan(300 + AT_ONCE_MS)
    const last: Record<string, string> = {}
    for (const [name, { ended }] of streams) {
      const answer = await ended
      // Never a clean end without a word: the error stands in the stream, and the framing is whole.
      expect(answer).toMatchObject({ status: 200, ending: 'complete', rest: '' })
      last[name] = answer.events.at(-1)?.text ?? ''
    }
    const message = 'The gateway is shutting down'
    expect(JSON.parse(last['native'] ?? '')).toEqual({ error: message })
    expect(dataOf(last['openai'])).toMatchObject({ error: { message, code: 'shutting_down' } })
    expect(last['responses']).toMatch(/^event: response\.failed\n/)
    expect(dataOf(last['responses'])).toMatchObject({ type: 'response.failed', error: { message } })
    expect(last['anthropic']).toMatch(/^event: error\n/)
    expect(dataOf(last['anthropic'])).toMatchObject({ type: 'error', error: { type: 'overloaded_error', message } })
    for (const { path } of Object.values(dialects)) {
      expect(await loggedExchange(before.gateway.folder, `shutdown${path.replaceAll('/', '-')}`)).toMatchObject({
        ending: 'shutting-down',
        error: 'shutting_down',
      })
    }
    await before.fake.counters.until((snapshot) => snapshot.running === 0, 1000)
  })

  it('answers what has not begun to be answered within the drain with an error, and exits with 0', async () => {
    const before = await start({ drain: '200ms' })
    before.fake.faults.add({ kind: 'stall-before-first-byte', route: '/v1/chat/completions' })
    const { ended } = stream(before, dialects.openai)
    await before.fake.counters.until((snapshot) => snapshot.running > 0)
    const stopped = before.gateway.stop()
    const answer = await ended
    expect(answer).toMatchObject({ status: 503, headers: { 'corral-error': 'shutting_down', 'retry-after': '5' } })
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'shutting_down' } })
    expect(await stopped).toBe(0)
  })

  it('does not wait for a reader that has stopped', async () => {
    const before = await start({ drain: '200ms' })
    before.fake.faults.add({ kind: 'flood', route: '/api/generate', bytes: 100_000_000 })
    using client: RawConnection = await openRaw(before.gateway.url, { isPaused: true })
    client.socket.pause()
    client.write(rawRequest('/api/generate', { key: before.key, body: { model: 'tiny', prompt: 'hello' } }))
    await before.fake.counters.until((snapshot) => snapshot.bytesOut > 1_000_000)
    const { code, ms } = await stopTimed(before)
    expect(code).toBe(0)
    expect(ms).toBeLessThan(5000)
  })

  it('exits at once at a second signal', async () => {
    const before = await start()
    const { running, ended } = stream(before, dialects.native)
    await running
    const stopped = before.gateway.stop()
    await expect.poll(() => connectFails(before), { interval: 10 }).toBe(true)
    const { code, ms } = await stopTimed(before)
    expect(ms).toBeLessThan(AT_ONCE_MS)
    expect(code).toBe(143)
    expect(await stopped).toBe(143)
    expect((await ended).ending).toBe('broken')
  })

  it('heeds Ctrl-C as it heeds SIGTERM', async () => {
    const before = await start()
    const { running, ended } = stream(before, limited(dialects.native, 20))
    await running
    expect(await before.gateway.stop('SIGINT')).toBe(0)
    expect((await ended).events.at(-1)?.text).toContain('"done":true')
  })
})

function dataOf(event: string | undefined): unknown {
  return JSON.parse(/^data: (.*)$/m.exec(event ?? '')?.[1] ?? 'null')
}
