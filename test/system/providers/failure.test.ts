import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ProviderFault } from '../../fakes/fake-provider/provider-faults.ts'
import type { StreamResult } from '../harness/stream-client.ts'
import {
  compatible,
  errorOf,
  openGateway,
  openOllama,
  openProvider,
  post,
  type ProviderScene,
  type SpokenRoute,
  startProviderScene,
  streams,
  untilListed,
  untilUp,
  upstreamFacts,
  wholes,
} from './provider-scene.ts'

let scene: ProviderScene
beforeAll(async () => {
  const routing = { first_byte_timeout: '1s', idle_timeout: '1s' }
  scene = await startProviderScene({ config: { routing } })
})
beforeEach(() => scene.reset())
afterAll(() => scene[Symbol.asyncDispose]())

function ask(route: SpokenRoute): Promise<StreamResult> {
  return post(scene.gateway, route.path, { body: route.body })
}

/** The JSON of every event. */
function payloads(result: StreamResult): readonly Readonly<Record<string, unknown>>[] {
  const data = result.events.flatMap((event) => event.text.split('\n').filter((line) => line.startsWith('data: ')))
  return data.filter((line) => line !== 'data: [DONE]').map((line) => JSON.parse(line.slice(6)))
}

function isError(payload: Readonly<Record<string, unknown>>): boolean {
  return payload['error'] !== undefined || payload['type'] === 'response.failed'
}

describe('an error of a provider', () => {
  it.each([400, 404, 409, 413, 422, 500, 503, 504, 529])('passes as it is: %i', async (status) => {
    for (const route of [streams[0], wholes[0], streams[3], wholes[3], streams[2]]) {
      if (route === undefined) throw new Error('no such route')
      await scene.reset()
      scene[route.upstream].faults.add({ kind: 'failure', status })
      const result = await ask(route)
      expect([result.status, result.ending]).toEqual([status, 'complete'])
      expect(errorOf(route.dialect, result.text)).toBe('The server had an error while processing your request')
      expect(result.headers['corral-upstream']).toBe(route.upstream)
    }
  })

  it('that asks to wait says for how long', async () => {
    for (const route of [streams[0], wholes[3]]) {
      if (route === undefined) throw new Error('no such route')
      scene[route.upstream].faults.add({ kind: 'rate-limit', retryAfterSeconds: 17 })
      const result = await ask(route)
      expect([result.status, result.headers['retry-after']]).toEqual([429, '17'])
      expect(errorOf(route.dialect, result.text)).toBe('Rate limit reached for requests')
      expect(result.headers['x-should-retry']).toBeUndefined()
      expect(scene[route.upstream].asked()).toHaveLength(1)
    }
  })

  it('does not make it one that is down', async () => {
    scene.openai.faults.add({ kind: 'failure', status: 500 })
    for (let i = 0; i < 10; i += 1) await ask(streams[0] as SpokenRoute)
    expect((await upstreamFacts(scene.gateway, 'openai')).state).toBe('up')
    await scene.reset()
    expect((await ask(streams[0] as SpokenRoute)).status).toBe(200)
  })
})

const cuts: readonly (readonly [name: string, fault: ProviderFault])[] = [
  ['is closed', { kind: 'cut', afterChunks: 3, ending: 'fin' }],
  ['ends in good order without its last word', { kind: 'cut', afterChunks: 3, ending: 'clean' }],
  ['falls silent', { kind: 'stall', afterChunks: 3 }],
]

/** The first events and then an error, both of them whole. */
function expectTold(result: StreamResult): void {
  expect([result.status, result.ending, result.rest]).toEqual([200, 'complete', ''])
  const said = payloads(result)
  expect(said.length).toBeGreaterThan(3)
  expect(said.filter(isError)).toEqual([said.at(-1)])
  expect(result.text).not.toContain('[DONE]')
}

describe('a stream that is reset', () => {
  it.each(streams)('ends with an error in its dialect: $name', async (route) => {
    const fake = scene[route.upstream]
    fake.faults.add({ kind: 'stall', afterChunks: 3 })
    let seen = ''
    const onChunk = ({ text }: { readonly text: string }): void => {
      seen += text
      // A reset takes along what has not been read yet.
      if (seen.split('\n\n').length > 3) fake.dropConnections()
    }
    expectTold(await post(scene.gateway, route.path, { body: route.body, onChunk }))
    expect(fake.asked()).toHaveLength(1)
  })
})

describe.each(cuts)('a stream that %s', (_name, fault) => {
  it.each(streams)('ends with an error in its dialect: $name', async (route) => {
    scene[route.upstream].faults.add(fault)
    const result = await ask(route)
    expectTold(result)
    expect(scene[route.upstream].asked()).toHaveLength(1)
  })
})

describe('a stream that is complete', () => {
  it.each(streams)('gets nothing added: $name', async (route) => {
    const result = await ask(route)
    expect(payloads(result).filter(isError)).toEqual([])
    expect(result.ending).toBe('complete')
  })
})

describe('a whole answer that breaks off', () => {
  it.each(['reset', 'fin'] as const)('is never taken for whole: %s', async (ending) => {
    for (const route of wholes) {
      await scene.reset()
      scene[route.upstream].faults.add({ kind: 'cut', afterChunks: 0, ending })
      const result = await ask(route)
      if (result.status === 200) expect(result.ending).toBe('broken')
      else
        expect([result.status, errorOf(route.dialect, result.text)]).toEqual([
          502,
          expect.stringContaining('broke off'),
        ])
    }
  })
})

describe('a client that leaves', () => {
  it.each(streams)('closes the connection to the provider in the middle of $name', async (route) => {
    const fake = scene[route.upstream]
    const before = fake.abandoned()
    fake.faults.add({ kind: 'stall', afterChunks: 2 })
    const leaving = new AbortController()
    const leave = (): void => leaving.abort()
    await post(scene.gateway, route.path, { body: route.body, signal: leaving.signal, onChunk: leave }).catch(
      () => 'left',
    )
    // Before the idle timeout could do it.
    await vi.waitFor(() => expect(fake.abandoned()).toBe(before + 1), { timeout: 900, interval: 5 })
  })

  it.each([...streams, ...wholes])('closes it before an answer has begun: $name', async (route) => {
    const fake = scene[route.upstream]
    const before = fake.abandoned()
    fake.faults.add({ kind: 'hold-head' })
    const leaving = new AbortController()
    const gone = post(scene.gateway, route.path, { body: route.body, signal: leaving.signal }).catch(() => 'left')
    await vi.waitFor(() => expect(fake.asked()).toHaveLength(1), { timeout: 2000, interval: 5 })
    leaving.abort()
    expect(await gone).toBe('left')
    await vi.waitFor(() => expect(fake.abandoned()).toBe(before + 1), { timeout: 900, interval: 5 })
  })
})

describe('a provider that is slow to begin', () => {
  it('is waited for as long as the config says', async () => {
    const route = streams[0] as SpokenRoute
    scene.openai.faults.add({ kind: 'hold-head' })
    const asked = ask(route)
    await vi.waitFor(() => expect(scene.openai.asked()).toHaveLength(1), { timeout: 900, interval: 5 })
    scene.openai.faults.clear()
    expect((await asked).status).toBe(200)
    scene.openai.faults.add({ kind: 'hold-head' })
    const late = await ask(route)
    expect([late.status, late.headers['corral-error']]).toEqual([504, 'upstream_timeout'])
  })
})

describe('before the first byte', () => {
  const faults: readonly (readonly [string, ProviderFault])[] = [
    ['resets after its head', { kind: 'cut', afterChunks: 0, ending: 'reset' }],
    ['closes after its head', { kind: 'cut', afterChunks: 0, ending: 'fin' }],
    ['is silent', { kind: 'hold-head' }],
  ]

  it.each(faults)('another provider of the model stands in for one that %s', async (_, fault) => {
    const [first, second] = [await openProvider(), await openProvider()]
    const upstreams = [compatible('first', first, { priority: 1 }), compatible('second', second, { priority: 2 })]
    const routing = { first_byte_timeout: '500ms', retry_budget: '100%' }
    const gateway = await openGateway(upstreams, { config: { routing } })
    await untilListed(gateway, ['gpt-4'])
    await untilUp(gateway, 'second')
    first.faults.add(fault)
    for (const route of [streams[0], wholes[0]]) {
      const result = await post(gateway, '/v1/chat/completions', { body: route?.body })
      expect([result.status, result.ending, result.headers['corral-upstream']]).toEqual([200, 'complete', 'second'])
    }
    expect([first.asked().length > 0, second.asked().length]).toEqual([true, 2])
  })

  it('an Ollama of the model stands in for a provider that nobody reaches, and no stranger does', async () => {
    const [gone, stranger] = [await openProvider({ models: ['both'] }), await openProvider()]
    const ollama = await openOllama({ models: [{ name: 'both' }] })
    const gateway = await openGateway(
      [
        compatible('gone', gone, { priority: 1, models: ['both', 'only-there'] }),
        compatible('stranger', stranger, { priority: 2 }),
        { name: 'own', url: ollama.url, priority: 3 },
      ],
      { config: { routing: { retry_budget: '100%' } } },
    )
    await untilListed(gateway, ['both', 'gpt-4', 'only-there'])
    await gone.stop()
    const messages = [{ role: 'user', content: 'canary prompt' }]
    const result = await post(gateway, '/v1/chat/completions', { body: { model: 'both', messages } })
    expect([result.status, result.headers['corral-upstream']]).toEqual([200, 'own'])
    const only = await post(gateway, '/v1/chat/completions', { body: { model: 'only-there', messages } })
    expect([502, 503]).toContain(only.status)
    expect(errorOf('openai', only.text)).toMatch(/./)
    expect(stranger.asked()).toEqual([])
  })
})
