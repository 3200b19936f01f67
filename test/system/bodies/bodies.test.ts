import { readFile, stat, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openRaw } from '../../faults/raw-connection.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { loggedExchange } from '../harness/request-log.ts'
import { bodiesFiles, loggedBodies, readBodies, type LoggedBodies } from './logged-bodies.ts'

const messages = [{ role: 'user', content: 'Why is the sky "blue" – päd?' }]
const KEPT = 16 * 1024
let before: GatewayBefore
let key: string
let asked = 0

beforeAll(async () => {
  before = await startGatewayBefore(
    { models: [{ name: 'tiny' }, { name: 'long', answerTokens: 100_000 }], tokensPerSecond: 2000 },
    {
      config: {
        cache: { mode: 'deterministic' },
        log: { bodies: ['seen-*'], body_bytes: KEPT, redact_fields: ['phone'] },
      },
    },
  )
  key = await makeKey(before.gateway, { name: 'seen-1', scopes: ['chat', 'embed', 'models:read', 'models:write'] })
})
afterAll(() => before[Symbol.asyncDispose]())
beforeEach(() => before.fake.faults.clear())

interface Asked {
  readonly id: string
  readonly sent: string
  readonly response: Response
  readonly text: string
}

async function ask(path: string, body: object | string, headers: Record<string, string> = {}): Promise<Asked> {
  const id = `asked-${(asked += 1)}`
  const sent = typeof body === 'string' ? body : JSON.stringify(body)
  const credential: Record<string, string> = path.startsWith('/k/') ? {} : { authorization: `Bearer ${key}` }
  const response = await fetch(before.gateway.url + path, {
    method: 'POST',
    headers: { 'x-request-id': id, ...credential, ...headers },
    body: sent,
  })
  return { id, sent, response, text: await response.text() }
}

const logged = (id: string): Promise<LoggedBodies> => loggedBodies(before.gateway.folder, id)

async function askAndRead(...input: Parameters<typeof ask>): Promise<Asked & { readonly line: LoggedBodies }> {
  const exchange = await ask(...input)
  return { ...exchange, line: await logged(exchange.id) }
}

describe('what a key sends and is sent, where the config names it', () => {
  const shapes: readonly (readonly [string, object])[] = [
    ['/api/chat', { model: 'tiny', messages }],
    ['/api/chat', { model: 'tiny', messages, stream: false }],
    ['/v1/chat/completions', { model: 'tiny', messages, stream: true }],
    ['/v1/responses', { model: 'tiny', input: 'Why?', stream: true }],
    ['/v1/messages', { model: 'tiny', messages, max_tokens: 9 }],
    ['/api/embed', { model: 'tiny', input: 'Why?' }],
    ['/api/show', { model: 'tiny' }],
  ]

  it.each(shapes)('is written down as the client saw it: %s %j', async (path, body) => {
    const { id, sent, text, response, line } = await askAndRead(path, body)
    expect(line).toEqual({
      ...{ id, time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), user: 'admin', keyId: expect.any(String) },
      ...{ keyName: 'seen-1', method: 'POST', path, model: 'tiny:latest', status: response.status, end: 'whole' },
      request: { bytes: Buffer.byteLength(sent), text: sent },
      answer: { bytes: Buffer.byteLength(text), text },
    })
    const { bytesIn, bytesOut, status } = await loggedExchange(before.gateway.folder, id)
    expect([bytesIn, bytesOut, status]).toEqual([line.request.bytes, line.answer.bytes, line.status])
  })

  it('is in a file of the day that only its owner may read', async () => {
    await askAndRead('/api/show', { model: 'tiny' })
    const files = await bodiesFiles(before.gateway.folder)
    expect(files.map(({ path }) => path.replace(/.*\//, ''))).toEqual([
      expect.stringMatching(/^bodies-\d{4}-\d\d-\d\d\.jsonl$/),
    ])
    for (const { path } of files) expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('is written of an answer from the cache too', async () => {
    const body = { model: 'tiny', messages, options: { temperature: 0 }, stream: false }
    const first = await askAndRead('/api/chat', body)
    const again = await askAndRead('/api/chat', body)
    expect(again.response.headers.get('corral-cache')).toBe('hit')
    expect(again.line.answer).toEqual(first.line.answer)
  })

  it('is written of what was refused', async () => {
    const { sent, text, line } = await askAndRead('/v1/chat/completions', { model: 'nowhere', messages })
    expect(line).toMatchObject({ status: 404, end: 'whole', request: { text: sent }, answer: { text } })
    const wrong = await askAndRead('/api/chat', '{"model":"tiny","messages":[')
    expect(wrong.line).toMatchObject({ status: 400, request: { text: '{"model":"tiny","messages":[' } })
  })

  it('is written as far as it came where the client leaves, or the answer breaks', async () => {
    using client = await openRaw(before.gateway.url)
    const body = { model: 'long', messages }
    client.write(rawRequest('/api/chat', { body, headers: { authorization: `Bearer ${key}`, 'x-request-id': 'left' } }))
    await client.until(/"done":false[^]*"done":false/)
    client.socket.destroy()
    const left = await logged('left')
    expect(left).toMatchObject({ status: 200, end: 'client-gone', request: { text: JSON.stringify(body) } })
    expect(left.answer.text).toMatch(/^\{"model":"long".*"done":false\}\n/)

    before.fake.faults.add({ kind: 'reset-mid-line' })
    const { line, text } = await askAndRead('/api/chat', { model: 'tiny', messages })
    expect(line.answer.text).toBe(text)
    expect(text).toContain('"error"')
  })

  it('is bounded, and says so', async () => {
    const long = 'many words '.repeat(10_000)
    const { sent, line } = await askAndRead('/api/chat', { model: 'tiny', messages: [{ role: 'user', content: long }] })
    expect(line.request).toMatchObject({ bytes: Buffer.byteLength(sent), cut: true })
    const { text = '' } = line.request
    expect(sent.startsWith(text)).toBe(true)
    expect([text.length > KEPT / 2, text.length <= KEPT]).toEqual([true, true])
  })

  it('has the length of an image in its place', async () => {
    const image = Buffer.alloc(300_000, 'pixels').toString('base64')
    const body = (data: string) => ({
      model: 'tiny',
      messages: [{ role: 'user', images: [data], content: 'What is it?' }],
    })
    const { line, sent } = await askAndRead('/api/chat', body(image))
    expect(line.request).toEqual({
      bytes: sent.length,
      text: JSON.stringify(body(`[${image.length} characters of base64]`)),
    })
  })

  it('has neither keys nor what fields of secrets hold', async () => {
    const arguments_ = JSON.stringify({ password: 'pass-4711-word', city: 'Ulm' })
    const content = `my key is ${key}, is it not?`
    const call = { function: { name: 'f', arguments: { city: 'Ulm', phone: '0731-4711' } } }
    const body = {
      model: 'tiny',
      api_key: 'sesame-1',
      messages: [{ role: 'user', content, tool_calls: [call], args: arguments_ }],
    }
    for (const path of ['/api/chat', `/k/${key}/api/chat`]) {
      const { line } = await askAndRead(path, body)
      const { text = '' } = line.request
      expect(JSON.parse(text)).toMatchObject({ api_key: '[redacted]', messages: [{ content: /is it not/ }] })
      expect(text).toContain('"phone":"[redacted]"')
      expect(text).toContain('\\"city\\":\\"Ulm\\"')
      expect(line.path).toBe(path.replace(key, '[redacted]'))
    }
    const [file] = await bodiesFiles(before.gateway.folder)
    for (const secret of [key, key.slice(8), 'sesame-1', '0731-4711', 'pass-4711-word'])
      expect([secret, file?.text.includes(secret)]).toEqual([secret, false])
  })

  it('says only how long an upload was', async () => {
    const digest = `sha256:${'0'.repeat(64)}`
    const { line } = await askAndRead(`/api/blobs/${digest}`, 'bytes of a model')
    expect(line.request).toEqual({ bytes: 16, left_out: 'an upload' })
  })
})

describe('what is not written down', () => {
  it('is what other keys send, and what the gateway answers itself', async () => {
    const known = key
    key = await makeKey(before.gateway, { name: 'unseen' })
    const { id, response } = await ask('/api/chat', { model: 'tiny', messages })
    expect(response.status).toBe(200)
    key = known
    const last = await askAndRead('/api/chat', { model: 'tiny', messages })
    const lines = await readBodies(before.gateway.folder)
    expect(lines.filter((line) => line.id === last.id)).toHaveLength(1)
    expect(lines.filter((line) => line.id === id || line.path.startsWith('/admin'))).toEqual([])
  })

  it('is anything at all, unless the config says so; and what it says holds at once', async () => {
    await using quiet = await startGatewayBefore()
    const { gateway } = quiet
    const headers = { authorization: `Bearer ${quiet.key}` }
    const send = async (): Promise<void> => {
      const body = JSON.stringify({ model: 'tiny', messages })
      expect((await fetch(`${gateway.url}/api/chat`, { method: 'POST', headers, body })).status).toBe(200)
    }
    const configure = async (bodies: string): Promise<void> => {
      const config = JSON.parse(await readFile(gateway.configFile, 'utf8')) as object
      const reloads = gateway.stderr().split('was read again').length
      await writeFile(gateway.configFile, JSON.stringify({ ...config, log: { bodies } }))
      await expect.poll(() => gateway.stderr().split('was read again').length, { timeout: 10_000 }).toBe(reloads + 1)
    }
    await send()
    await configure('on')
    await send()
    await expect.poll(async () => (await readBodies(gateway.folder)).length, { timeout: 5000 }).toBe(1)
    await configure('off')
    await send()
    await configure('on')
    // The end writes what has not been written.
    await send()
    expect(await gateway.stop()).toBe(0)
    expect(await readBodies(gateway.folder)).toHaveLength(2)
  })
})
