import { writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fieldsOf } from '../../fakes/fake-provider/received-request.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { headerOf, parseResponse, type ParsedResponse } from '../harness/parse-response.ts'
import { rawExchange } from '../harness/raw-exchange.ts'
import { rawRequest } from '../harness/raw-request.ts'
import {
  ANTHROPIC_KEY,
  errorOf,
  getJson,
  openGateway,
  openProvider,
  OPENAI_KEY,
  post,
  type ProviderScene,
  type SpokenRoute,
  startProviderScene,
  streams,
  untilListed,
  upstreamFacts,
  wholes,
} from './provider-scene.ts'

let scene: ProviderScene
beforeAll(async () => {
  scene = await startProviderScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene[Symbol.asyncDispose]())

const [chat, , , message, compatibleChat] = streams
const [wholeChat, , , wholeMessage] = wholes
const KEYS = { openai: OPENAI_KEY, claude: ANTHROPIC_KEY, vllm: '' }

function asteriskFor(key: string): string {
  return '*'.repeat(key.length)
}

async function raw(route: SpokenRoute | undefined): Promise<ParsedResponse> {
  const bytes = rawRequest(route?.path ?? '', { key: scene.gateway.adminKey, body: route?.body })
  const { received } = await rawExchange(scene.gateway.port, bytes, {
    until: (all) => parseResponse(all)?.complete === true,
  })
  const response = parseResponse(received, { closed: true })
  if (response === undefined) throw new Error(`no answer: ${received.toString()}`)
  return response
}

describe('the key of a provider', () => {
  it('is sent as its API wants it, and nothing else is', async () => {
    for (const route of [chat, message, compatibleChat]) await raw(route)
    const [toOpenai = { headers: [] }] = scene.openai.asked()
    const [toClaude = { headers: [] }] = scene.claude.asked()
    const [toVllm = { headers: [] }] = scene.vllm.asked()
    const sent = (request: typeof toOpenai): string[][] => [
      fieldsOf(request, 'authorization'),
      fieldsOf(request, 'x-api-key'),
    ]
    expect(sent(toOpenai)).toEqual([[`Bearer ${OPENAI_KEY}`], []])
    expect(sent(toClaude)).toEqual([[], [ANTHROPIC_KEY]])
    expect(sent(toVllm)).toEqual([[], []])
  })

  it('may be in a file, whose last line end is not part of it', async () => {
    const fake = await openProvider({ key: OPENAI_KEY })
    const file = join(tempFolder(), 'key.txt')
    writeFileSync(file, `${OPENAI_KEY}\n`)
    const gateway = await openGateway([{ name: 'x', type: 'openai-compatible', url: fake.url, api_key_file: file }])
    await untilListed(gateway, ['gpt-4'])
    expect(fieldsOf(fake.requests()[0] ?? { headers: [] }, 'authorization')).toEqual([`Bearer ${OPENAI_KEY}`])
  })

  it('may be in the environment', async () => {
    const fake = await openProvider({ key: OPENAI_KEY })
    const gateway = await openGateway([{ name: 'x', type: 'openai', url: fake.url, api_key: '${A_KEY}' }], {
      env: { A_KEY: OPENAI_KEY },
    })
    await untilListed(gateway, ['gpt-4'])
    expect((await post(gateway, '/v1/chat/completions', { body: chat?.body })).status).toBe(200)
  })
})

describe('the key of the caller', () => {
  const carriers: readonly (readonly [string, (key: string) => Readonly<Record<string, string>>])[] = [
    ['Authorization: Bearer', (key) => ({ authorization: `Bearer ${key}` })],
    ['Authorization, raw', (key) => ({ authorization: key })],
    ['Basic', (key) => ({ authorization: `Basic ${Buffer.from(`me:${key}`).toString('base64')}` })],
    ['x-api-key', (key) => ({ 'x-api-key': key })],
    ['api-key', (key) => ({ 'api-key': key })],
    ['apikey', (key) => ({ apikey: key })],
    ['Authorization and x-api-key', (key) => ({ authorization: `Bearer ${key}`, 'x-api-key': key })],
  ]

  it.each(carriers)('never reaches a provider: %s', async (_, carry) => {
    const key = await scene.gateway.createKey()
    for (const route of [chat, message, compatibleChat]) {
      const bytes = rawRequest(route?.path ?? '', { body: route?.body, headers: carry(key) })
      const { received } = await rawExchange(scene.gateway.port, bytes, {
        until: (all) => parseResponse(all)?.complete === true,
      })
      expect(parseResponse(received)?.status).toBe(200)
    }
    expectNoTrace(key)
  })

  it('never reaches a provider: in the path', async () => {
    const key = await scene.gateway.createKey()
    for (const route of [chat, message, compatibleChat]) {
      const url = `${scene.gateway.url}/k/${key}${route?.path}`
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(route?.body) })
      await response.text()
      expect(response.status).toBe(200)
    }
    expectNoTrace(key)
  })

  function expectNoTrace(key: string): void {
    const traces = [key, key.slice(-16), Buffer.from(`me:${key}`).toString('base64').slice(0, -4)]
    for (const fake of scene.all) {
      expect(fake.asked()).toHaveLength(1)
      const text = fake.bytes().toString('latin1')
      expect(traces.filter((trace) => text.includes(trace))).toEqual([])
    }
  }
})

describe('a provider that refuses its key', () => {
  const cases = [401, 403].flatMap((status) =>
    [chat, wholeChat, message, wholeMessage].flatMap((route) => (route === undefined ? [] : [{ status, route }])),
  )

  // Each has a gateway of its own: who refuses a key is not asked again for a while.
  it.each(cases)(
    'is a failure of the gateway, not of the caller: $status to $route.name',
    async ({ status, route }) => {
      const key = KEYS[route.upstream]
      const isClaude = route.upstream === 'claude'
      const fake = await openProvider({ kind: isClaude ? 'anthropic' : 'openai', key })
      const type = isClaude ? 'anthropic' : 'openai'
      const gateway = await openGateway([{ name: 'the-one-refused', type, url: fake.url, api_key: key }])
      await untilListed(gateway, [String(route.body['model'])])
      fake.faults.add({ kind: 'refuse-key', status: status === 401 ? 401 : 403 })
      const result = await post(gateway, route.path, { body: route.body })
      expect([result.status, result.headers['corral-error']]).toEqual([502, 'provider_refused'])
      expect(errorOf(route.dialect, result.text)).not.toContain(key.slice(0, 8))
      expect(result.headers['www-authenticate']).toBeUndefined()
      expect(result.headers['x-should-retry']).toBe('false')
      // A 403 may be about the one request; it is no reason to stop asking.
      const again = await post(gateway, route.path, { body: route.body })
      expect([502, 503]).toContain(again.status)
      await expect.poll(() => gateway.stderr(), { timeout: 5000 }).toMatch(/the-one-refused/)
      expect(gateway.stderr() + gateway.stdout()).not.toContain(key)
    },
  )

  it('is named in the log, with the reason', async () => {
    const fake = await openProvider({ key: OPENAI_KEY })
    const upstream = { name: 'the-one-refused', type: 'openai', url: fake.url, api_key: OPENAI_KEY }
    const gateway = await openGateway([upstream])
    await untilListed(gateway, ['gpt-4'])
    fake.faults.add({ kind: 'refuse-key' })
    expect((await post(gateway, '/v1/chat/completions', { body: chat?.body })).status).toBe(502)
    const line = /the-one-refused.*refused the api key|refused the api key.*the-one-refused/
    await expect.poll(() => gateway.stderr().replaceAll('\n', ' '), { timeout: 5000 }).toMatch(line)
  })

  it.each([401, 403] as const)('from the start is down, and says why: %i', async (status) => {
    const fake = await openProvider({ key: OPENAI_KEY })
    fake.faults.add({ kind: 'refuse-key', status, path: '/models' })
    const upstream = { name: 'wrong', type: 'openai', url: fake.url, api_key: OPENAI_KEY, models: ['gpt-4'] }
    const gateway = await openGateway([upstream])
    await expect.poll(async () => (await upstreamFacts(gateway, 'wrong')).state, { timeout: 5000 }).toBe('down')
    expect(gateway.stderr()).toMatch(/refused the api key/)
    expect(gateway.stderr()).not.toContain(OPENAI_KEY)
    expect((await post(gateway, '/v1/chat/completions', { body: chat?.body })).status).toBeGreaterThanOrEqual(502)
    expect(fake.asked()).toEqual([])
  })
})

describe('a provider that repeats its key in an error', () => {
  const sizes = [undefined, 1, 3, 7, 29, 1000]

  it.each([400, 404, 422, 429, 500, 503])('has it replaced by as many asterisks: %i', async (status) => {
    for (const route of [wholeChat, chat, wholeMessage]) {
      if (route === undefined) throw new Error('no such route')
      for (const chunkBytes of sizes) {
        await scene.reset()
        const fault = { kind: 'echo-key', status, ...(chunkBytes === undefined ? {} : { chunkBytes }) } as const
        scene[route.upstream].faults.add(fault)
        const response = await raw(route)
        expect([response.status, response.complete]).toEqual([status, true])
        const stars = asteriskFor(KEYS[route.upstream])
        expect(errorOf(route.dialect, response.body.toString())).toBe(`you sent ${stars}, and again: ${stars}`)
      }
    }
  })

  it('has it taken out of a header, too', async () => {
    scene.openai.faults.add({ kind: 'echo-key', header: 'X-Debug' })
    const response = await raw(wholeChat)
    expect(response.status).toBe(400)
    expect(JSON.stringify(response.headers)).not.toContain(OPENAI_KEY)
    await scene.reset()
    scene.openai.faults.add({ kind: 'headers', headers: [['X-Debug', `key=${OPENAI_KEY};`]] })
    const fine = await raw(chat)
    expect(fine.status).toBe(200)
    expect(JSON.stringify(fine.headers)).not.toContain(OPENAI_KEY)
  })

  it.each([
    ['a part of it at the end', `{"error":{"message":"${OPENAI_KEY.slice(0, -1)}`],
    ['nothing but its beginning', OPENAI_KEY.slice(0, 1)],
    ['its beginning before all of it', `{"a":"${OPENAI_KEY.slice(0, 12)}${OPENAI_KEY}"}`],
    ['two of it without a gap', `${OPENAI_KEY}${OPENAI_KEY}`],
    ['what is nearly it', `${OPENAI_KEY.slice(0, -1)}X and ${OPENAI_KEY.slice(1)}`],
    ['characters of several bytes around it', `東京🐑${OPENAI_KEY}é`],
  ])('loses and keeps no other byte: %s', async (_, text) => {
    for (const bytes of [1, 4, 1000]) {
      await scene.reset()
      const all = Buffer.from(text)
      const chunks = Array.from({ length: Math.ceil(all.length / bytes) }, (_each, index) =>
        all.subarray(index * bytes, (index + 1) * bytes),
      )
      const headers = [['Content-Type', 'application/json']] as const
      scene.openai.faults.add({ kind: 'answer', answer: { status: 400, headers, chunks, framing: 'chunked' } })
      const response = await raw(wholeChat)
      expect([response.status, response.complete]).toEqual([400, true])
      expect(response.body.toString()).toBe(text.replaceAll(OPENAI_KEY, asteriskFor(OPENAI_KEY)))
    }
  })
})

describe('a provider that points elsewhere', () => {
  it.each([300, 301, 302, 303, 304, 307, 308])('is not followed, and not passed on: %i', async (status) => {
    const elsewhere = await openProvider()
    for (const route of [chat, wholeChat, message]) {
      if (route === undefined) throw new Error('no such route')
      await scene.reset()
      scene[route.upstream].faults.add({ kind: 'redirect', status, to: `${elsewhere.url}${route.path}` })
      const response = await raw(route)
      expect([response.status, headerOf(response, 'location')]).toEqual([502, undefined])
      expect(errorOf(route.dialect, response.body.toString())).not.toContain(`:${elsewhere.port}`)
    }
    expect([elsewhere.connections(), elsewhere.bytes().length]).toEqual([0, 0])
  })

  it('is not followed for its list of models either', async () => {
    const elsewhere = await openProvider({ models: ['gpt-elsewhere'] })
    const fake = await openProvider({ key: OPENAI_KEY })
    fake.faults.add({ kind: 'redirect', path: '/models', status: 302, to: `${elsewhere.url}/models` })
    const gateway = await openGateway([{ name: 'moved', type: 'openai', url: fake.url, api_key: OPENAI_KEY }])
    await expect.poll(async () => (await upstreamFacts(gateway, 'moved')).state, { timeout: 5000 }).toBe('down')
    expect(JSON.stringify((await getJson(gateway, '/health')).body)).not.toContain('gpt-elsewhere')
    expect(elsewhere.connections()).toBe(0)
  })
})

it('no key of a provider is in anything that the gateway writes or answers', async () => {
  const folder = tempFolder()
  const fake = await openProvider({ key: OPENAI_KEY })
  const upstream = { name: 'loud', type: 'openai', url: fake.url, api_key: OPENAI_KEY, models: ['gpt-4', 'gpt-none'] }
  const gateway = await openGateway([upstream], { folder, config: { log: { level: 'trace' } } })
  await untilListed(gateway, ['gpt-4'])
  const answers: string[] = []
  const faults = [
    { kind: 'echo-key', chunkBytes: 5, header: 'x-echo' },
    { kind: 'echo-key', status: 500 },
    { kind: 'refuse-key' },
    { kind: 'redirect', to: `http://127.0.0.1:1/?key=${OPENAI_KEY}` },
    { kind: 'cut', afterChunks: 1, ending: 'reset' },
    { kind: 'cut', afterChunks: 0, ending: 'fin' },
    { kind: 'answer', answer: { status: 200, chunks: [OPENAI_KEY, 'no json'], framing: 'chunked', headers: [] } },
    { kind: 'answer', answer: { status: 99, chunks: [OPENAI_KEY] } },
  ] as const
  for (const [index, fault] of faults.entries()) {
    fake.faults.clear()
    fake.faults.add(fault)
    const result = await post(gateway, '/v1/chat/completions', { body: chat?.body }).catch(() => undefined)
    // The body of a success is the provider's own word.
    if (result !== undefined && index !== 6) answers.push(JSON.stringify(result.headers), result.text)
  }
  fake.faults.clear()
  for (const path of ['/health', '/v1/models', '/api/tags', '/admin/status', '/metrics'])
    answers.push(await (await fetch(gateway.url + path, { headers: { authorization: gateway.adminKey } })).text())
  answers.push((await gateway.cli('config', 'show')).stdout, (await gateway.cli('doctor')).stdout)
  expect(await gateway.stop()).toBe(0)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'corral.json')
  const texts = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')))
  const written = [...answers, ...texts, gateway.stdout(), gateway.stderr()]
  expect(written.join('\n').length).toBeGreaterThan(2000)
  // Its end would give away a careless cut.
  for (const text of written) expect(text).not.toContain(OPENAI_KEY.slice(8))
})
