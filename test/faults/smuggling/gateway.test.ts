import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../../system/harness/start-gateway.ts'
import { openRaw } from '../raw-connection.ts'
import { smugglingCorpus, type SmugglingCase } from './corpus.ts'
import { modelChangingSpellings } from './spellings.ts'

let ollama: FakeOllama
let gateway: RunningGateway
let key: string

beforeAll(async () => {
  ollama = await startFakeOllama({ models: [{ name: 'tiny' }] })
  gateway = await startGateway({ config: { upstreams: [{ name: 'fake', url: ollama.url }] } })
  key = await gateway.createKey({ name: 'default' })
})

beforeEach(() => ollama.counters.reset())

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await ollama[Symbol.asyncDispose]()
})

/** What the gateway asks on its own account. */
const OWN_QUESTIONS = new Set(['GET /api/version', 'GET /api/tags', 'GET /api/ps'])

function reached(): string[] {
  return ollama.counters
    .snapshot()
    .last.map((request) => `${request.method} ${request.target}`)
    .filter((name) => !OWN_QUESTIONS.has(name))
}

const statuses = (text: string) =>
  Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), (match) => Number(match[1])).filter((status) => status >= 200)

const PLACEHOLDER = 'crl_placeholder'
const corpus = smugglingCorpus(PLACEHOLDER)
const named = (verdict: SmugglingCase['verdict']) =>
  corpus.filter((item) => item.verdict === verdict).map((item): [string, SmugglingCase] => [item.name, item])
const withKey = (text: string) => text.replaceAll(PLACEHOLDER, key)

describe('the smuggling corpus at the gateway', () => {
  it.each(named('refused'))('refuses %s', async (_name, item) => {
    using raw = await openRaw(gateway.url)
    raw.write(withKey(item.bytes))
    const { text } = await raw.closed(3000)
    const given = statuses(text)
    expect(given.length).toBeLessThanOrEqual(1)
    for (const status of given) expect(status === 505 || (status >= 400 && status < 500), String(status)).toBe(true)
    expect(text).not.toContain(key)
    expect(reached()).toEqual([])
  })

  it('refuses the same when the bytes come one by one', { timeout: 60_000 }, async () => {
    const few = named('refused').filter(([, item]) => item.bytes.length < 400)
    expect(few.length).toBeGreaterThan(40)
    await Promise.all(
      few.map(async ([name, item]) => {
        using raw = await openRaw(gateway.url)
        for (const byte of Buffer.from(withKey(item.bytes), 'latin1')) {
          if (raw.socket.destroyed || raw.socket.readableEnded) break
          raw.write(Buffer.of(byte))
          await new Promise(setImmediate)
        }
        const { text } = await raw.closed(15_000)
        expect([name, statuses(text).filter((status) => status < 400)]).toEqual([name, []])
      }),
    )
    expect(reached()).toEqual([])
  })

  it.each(named('served'))('serves %s', async (_name, item) => {
    using raw = await openRaw(gateway.url)
    raw.write(withKey(item.bytes))
    await raw.until(new RegExp(`(?:HTTP/1\\.1 [2-5]\\d\\d [^]*){${item.reaches.length}}`))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(statuses(raw.text())).toEqual(item.reaches.map(() => 200))
    expect(reached().toSorted()).toEqual(item.reaches.toSorted())
  })
})

describe('a key that may not change models', () => {
  it('does not get there by any spelling', async () => {
    const body = '{"model":"tiny","name":"tiny","source":"tiny","destination":"other"}'
    const spellings = modelChangingSpellings(PLACEHOLDER)
    expect(spellings.length).toBeGreaterThanOrEqual(300)
    for (let i = 0; i < spellings.length; i += 20) {
      await Promise.all(
        spellings.slice(i, i + 20).map(async ({ name, method, target, host, fields }) => {
          using raw = await openRaw(gateway.url)
          const framing =
            method === 'GET' || method === 'OPTIONS' ? '\r\n' : `Content-Length: ${body.length}\r\n\r\n${body}`
          const head = `Host: ${host ?? 'gw'}\r\nAuthorization: Bearer ${PLACEHOLDER}\r\nConnection: close\r\n${fields ?? ''}`
          raw.write(withKey(`${method} ${target} HTTP/1.1\r\n${head}${framing}`))
          const [status = 0] = statuses((await raw.closed(3000)).text)
          expect(status >= 400 && status < 500 ? 'refused' : status, name).toBe(
            target.startsWith('/livez') && fields !== undefined ? 200 : 'refused',
          )
        }),
      )
    }
    expect(reached()).toEqual([])
    expect(ollama.models.list().map((model) => model.name)).toHaveLength(1)
  })
})
