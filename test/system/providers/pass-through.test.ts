import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { asSent } from '../../contract/asked-for-counts.ts'
import { selfSigned } from '../../faults/http-edge/self-signed.ts'
import { openRaw } from '../../faults/raw-connection.ts'
import { fieldsOf } from '../../fakes/fake-provider/received-request.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { headerOf, type ParsedResponse, parseResponse } from '../harness/parse-response.ts'
import { rawExchange } from '../harness/raw-exchange.ts'
import { rawRequest, type RawRequest } from '../harness/raw-request.ts'
import {
  ANTHROPIC_KEY,
  OPENAI_KEY,
  openGateway,
  openProvider,
  post,
  type ProviderScene,
  type SpokenRoute,
  startProviderScene,
  streams,
  untilListed,
  wholes,
} from './provider-scene.ts'

let scene: ProviderScene
beforeAll(async () => {
  scene = await startProviderScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene[Symbol.asyncDispose]())

async function exchange(path: string, options: RawRequest): Promise<ParsedResponse> {
  const bytes = rawRequest(path, { key: scene.gateway.adminKey, ...options })
  const { received } = await rawExchange(scene.gateway.port, bytes, {
    until: (all) => parseResponse(all)?.complete === true,
  })
  const response = parseResponse(received, { closed: true })
  if (response === undefined) throw new Error(`no answer: ${received.toString()}`)
  return response
}

/** JSON that no serialiser would write: its bytes show whether somebody wrote it anew. */
function oddJson(body: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(body).map(([name, value]) => `\n\t ${JSON.stringify(name)} :  ${JSON.stringify(value)}`)
  return `{${fields.join(' ,')} , "x_unknown": {"n": 1.0e+2, "s": "\\u00e9\\/ 東京"}, "seed":  9007199254740993 }\r\n `
}

/** What the provider says to somebody who asks it without a gateway. */
async function directBody({ upstream, path, body }: SpokenRoute): Promise<string> {
  const key = { openai: OPENAI_KEY, claude: ANTHROPIC_KEY, vllm: '' }[upstream]
  const headers = { authorization: `Bearer ${key}`, 'anthropic-version': '2023-06-01' }
  const url = scene[upstream].url.replace(/\/v1$/, path)
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  expect(response.status).toBe(200)
  return response.text()
}

describe('a request in the own dialect of its provider', () => {
  it.each([...streams, ...wholes])(
    'arrives byte for byte, asked for counts, once, under its path: $name',
    async (route) => {
      const body = oddJson(route.body)
      const response = await exchange(route.path, { body })
      expect(response.status).toBe(200)
      expect(headerOf(response, 'corral-upstream')).toBe(route.upstream)
      const arrived = scene.all.flatMap((fake) => fake.asked())
      expect(arrived.map((request) => [request.method, request.target])).toEqual([['POST', route.path]])
      expect(arrived[0]?.body.toString()).toBe(asSent(route.path, body))
      expect(arrived).toEqual(scene[route.upstream].asked())
    },
  )

  it.each([...streams, ...wholes])('is answered with the bytes of the provider: $name', async (route) => {
    const expected = await directBody(route)
    const response = await exchange(route.path, { body: route.body })
    expect(response.complete).toBe(true)
    expect(response.body.toString()).toBe(expected)
    expect(response.body.length).toBeGreaterThan(20)
  })

  it('keeps its query', async () => {
    const route = streams[3]
    const response = await exchange('/v1/messages?beta=true', { body: route?.body })
    expect([response.status, scene.claude.asked()[0]?.target]).toEqual([200, '/v1/messages?beta=true'])
  })

  it('may be a recording to write down', async () => {
    const file = Buffer.from([0x52, 0x49, 0x46, 0x46, 0, 0xff, 0x0d, 0x0a, 0x2d, 0x2d, 0x58, 0x0d])
    const part = (name: string, more = ''): string =>
      `--XYZ\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`
    const body = Buffer.concat([
      Buffer.from(`${part('model')}whisper-1\r\n${part('file', '; filename="a.wav"')}`),
      file,
      Buffer.from('\r\n--XYZ--\r\n'),
    ])
    const authorization = `Authorization: Bearer ${scene.gateway.adminKey}`
    const head = `POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Type: multipart/form-data; boundary=XYZ\r\nContent-Length: ${body.length}\r\n\r\n`
    const { received } = await rawExchange(scene.gateway.port, Buffer.concat([Buffer.from(head), body]), {
      until: (all) => parseResponse(all)?.complete === true,
    })
    const [arrived] = scene.openai.asked()
    expect([parseResponse(received)?.status, arrived?.target]).toEqual([200, '/v1/audio/transcriptions'])
    expect(arrived?.body.equals(body)).toBe(true)
    expect(fieldsOf(arrived ?? { headers: [] }, 'content-type')).toEqual(['multipart/form-data; boundary=XYZ'])
  })

  it.each(streams)('streams: each event leaves before the next one comes: $name', async (route) => {
    scene[route.upstream].faults.add({ kind: 'stall', afterChunks: 3 })
    const leaving = new AbortController()
    let seen = ''
    await post(scene.gateway, route.path, {
      body: route.body,
      signal: leaving.signal,
      onChunk(chunk) {
        seen += chunk.text
        if (seen.split('\n\n').length > 3) leaving.abort()
      },
    }).catch(() => undefined)
    expect(seen.split('\n\n').length).toBe(4)
  })

  it.each(streams)('may be answered in pieces of any size: $name', async (route) => {
    const expected = (await exchange(route.path, { body: route.body })).body.toString()
    for (const bytes of [1, 2, 5, 64]) {
      await scene.reset()
      scene[route.upstream].faults.add({ kind: 'rechunk', bytes })
      const response = await exchange(route.path, { body: route.body })
      expect([response.complete, response.body.toString()]).toEqual([true, expected])
    }
  })
})

describe('the headers of a request', () => {
  const mine = { 'openai-beta': 'assistants=v2', accept: 'text/event-stream', 'user-agent': 'a-client/1.0' }

  it('reach an OpenAI where they are part of its API', async () => {
    await exchange('/v1/chat/completions', { body: streams[0]?.body, headers: mine })
    const [request = { headers: [] }] = scene.openai.asked()
    for (const [name, value] of Object.entries(mine)) expect([name, fieldsOf(request, name)]).toEqual([name, [value]])
    expect(fieldsOf(request, 'content-type')).toEqual(['application/json'])
  })

  it('reach an Anthropic where they are part of its API, which is given a version if need be', async () => {
    const beta = { 'anthropic-beta': 'files-api-2025-04-14', 'anthropic-version': '2024-10-22' }
    await exchange('/v1/messages', { body: streams[3]?.body, headers: beta })
    await exchange('/v1/messages', { body: streams[3]?.body })
    const [said = { headers: [] }, silent = { headers: [] }] = scene.claude.asked()
    expect([fieldsOf(said, 'anthropic-version'), fieldsOf(said, 'anthropic-beta')]).toEqual([
      ['2024-10-22'],
      ['files-api-2025-04-14'],
    ])
    expect(fieldsOf(silent, 'anthropic-version')).toEqual(['2023-06-01'])
  })

  it.each(streams)('name the provider as host, and tell nothing of the caller: $name', async (route) => {
    const private_ = {
      cookie: 'session=canary-cookie',
      origin: scene.gateway.url,
      referer: 'http://canary-referer.example',
      'x-forwarded-for': '203.0.113.77',
      forwarded: 'for=203.0.113.77',
      'x-real-ip': '203.0.113.77',
      'x-openwebui-user-email': 'canary-mail@example.com',
    }
    const response = await exchange(route.path, { body: route.body, headers: private_ })
    expect(response.status).toBe(200)
    const fake = scene[route.upstream]
    const [request = { headers: [], raw: Buffer.alloc(0) }] = fake.asked()
    expect(fieldsOf(request, 'host')).toEqual([`127.0.0.1:${fake.port}`])
    const text = request.raw.toString('latin1')
    for (const canary of ['canary-cookie', 'canary-referer', 'canary-mail', '203.0.113.77', `:${scene.gateway.port}`])
      expect(text).not.toContain(canary)
  })
})

describe('the headers of an answer', () => {
  it('pass, but for cookies and what belongs to the other connection', async () => {
    const headers = [
      ['Set-Cookie', '__cf_bm=canary-cookie; path=/'],
      ['Keep-Alive', 'timeout=4711'],
      ['Strict-Transport-Security', 'max-age=1'],
      ['Alt-Svc', 'h3=":443"'],
      ['Access-Control-Allow-Origin', '*'],
      ['X-RateLimit-Limit-Tokens', '30000'],
    ] as const
    for (const route of [streams[0], wholes[0], wholes[3]]) {
      if (route === undefined) throw new Error('no such route')
      scene[route.upstream].faults.add({ kind: 'headers', headers })
      const response = await exchange(route.path, { body: route.body })
      expect(headerOf(response, 'x-ratelimit-limit-tokens')).toBe('30000')
      expect(headerOf(response, 'keep-alive') ?? '').not.toContain('4711')
      const gone = ['set-cookie', 'strict-transport-security', 'alt-svc', 'access-control-allow-origin']
      expect(gone.filter((name) => headerOf(response, name) !== undefined)).toEqual([])
    }
  })

  it('are those of the provider, type and rate limits among them', async () => {
    const response = await exchange('/v1/chat/completions', { body: streams[0]?.body })
    expect(headerOf(response, 'content-type')).toBe('text/event-stream; charset=utf-8')
    expect(headerOf(response, 'openai-processing-ms')).toBe('42')
    expect(headerOf(response, 'x-ratelimit-remaining-requests')).toBe('9999')
    const message = await exchange('/v1/messages', { body: wholes[3]?.body })
    expect(headerOf(message, 'anthropic-ratelimit-requests-remaining')).toBe('49')
  })
})

describe('a provider over TLS', () => {
  it('is served with the authority of its config, and refused without', async () => {
    const fake = await openProvider({ key: OPENAI_KEY, tls: selfSigned })
    const ca = join(tempFolder(), 'ca.pem')
    writeFileSync(ca, selfSigned.cert)
    const upstream = { type: 'openai', url: fake.url, api_key: OPENAI_KEY }
    const gateway = await openGateway([{ name: 'trusted', ...upstream, ca }])
    await untilListed(gateway, ['gpt-4'])
    const { status, headers } = await post(gateway, '/v1/chat/completions', { body: streams[0]?.body })
    expect([status, headers['corral-upstream']]).toEqual([200, 'trusted'])
    const careless = await openGateway([{ name: 'untrusted', ...upstream, models: ['gpt-4'] }])
    fake.forget()
    const refused = await post(careless, '/v1/chat/completions', { body: streams[0]?.body })
    expect([502, 503]).toContain(refused.status)
    expect(fake.requests()).toEqual([])
  })
})

describe('a path under the base URL', () => {
  it('takes the place of /v1', async () => {
    const fake = await openProvider()
    // Whoever mounts an API elsewhere: the fake knows only /v1, so it answers 404 and keeps what it was asked.
    const url = fake.url.replace('/v1', '/openai/v1beta')
    const gateway = await openGateway([{ name: 'far', type: 'openai-compatible', url, models: ['gpt-4'] }])
    await post(gateway, '/v1/chat/completions', { body: streams[0]?.body })
    expect(fake.asked().map((request) => request.target)).toEqual(['/openai/v1beta/chat/completions'])
  })

  it('is kept apart by connections, which are used again', async () => {
    for (let i = 0; i < 5; i += 1) await exchange('/v1/chat/completions', { body: wholes[0]?.body })
    const used = new Set(scene.openai.asked().map((request) => request.connection))
    expect([scene.openai.asked().length, used.size]).toEqual([5, 1])
  })
})

describe('a client that reads bytes', () => {
  it('gets a stream that ends where it should', async () => {
    using client = await openRaw(scene.gateway.url)
    const route = streams[0]
    client.write(rawRequest(route?.path ?? '', { key: scene.gateway.adminKey, body: route?.body }))
    expect(await client.until('0\r\n\r\n')).toContain('data: [DONE]\n\n')
  })
})
