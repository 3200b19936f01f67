import { describe, expect, it } from 'vitest'
import { renderError } from '../../../src/dialects/error-body.ts'
import { admitRequest } from '../../../src/http/admit.ts'
import { createListener } from '../../../src/http/listener.ts'
import { createRouteTable } from '../../../src/http/route-match.ts'
import { routes } from '../../../src/http/route-table.ts'
import type { ClientPort } from '../../../src/proxy/client-port.ts'
import { readBody } from '../http-edge/listening.ts'
import { openRaw } from '../raw-connection.ts'
import { smugglingCorpus, type SmugglingCase } from './corpus.ts'
import { modelChangingSpellings } from './spellings.ts'

const KEY = 'crl_test'
const table = createRouteTable(routes)
const limits = { lingerMs: 150, headerTimeoutMs: 800 }

/** The edge alone: what it admits is recorded when its body is whole, and answered with 200. */
async function startEdge() {
  const reached: string[] = []
  const listener = createListener(
    { tls: null, trustedProxies: [], limits },
    { request, upgrade: (_, socket) => socket.destroy() },
  )

  function request(client: ClientPort): void {
    const admission = admitRequest(client.request, table)
    if (admission.kind === 'refused') {
      const error = renderError(admission.error, admission.dialect)
      return answer(client, error.status, error.body, [...error.headers, 'connection', 'close'])
    }
    if (admission.match.kind !== 'route') return answer(client, admission.match.kind === 'none' ? 404 : 405, '')
    if (client.request.body === null) return reach(client)
    void readBody(client).then((body) => (body.startsWith('failed') ? client.reset() : reach(client)))
  }

  function reach(client: ClientPort): void {
    reached.push(`${client.request.method} ${client.request.target}`)
    answer(client, 200, '')
  }

  const url = await listener.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    reached,
    async [Symbol.asyncDispose]() {
      const stopped = listener.stopAccepting()
      listener.destroyAll()
      await stopped
    },
  }
}

function answer(client: ClientPort, status: number, body: string, headers: readonly string[] = []): void {
  client.head(status, [...headers, 'content-length', String(body.length)])
  client.data(Buffer.from(body))
  client.end()
}

const statuses = (text: string) =>
  Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), (match) => Number(match[1])).filter((status) => status >= 200)

describe('the smuggling corpus at the edge', () => {
  const corpus = smugglingCorpus(KEY)

  it('has its size and no name twice', () => {
    expect(corpus.filter((item) => item.verdict === 'refused').length).toBeGreaterThanOrEqual(60)
    expect(new Set(corpus.map((item) => item.name)).size).toBe(corpus.length)
  })

  it.each(
    corpus.filter((item) => item.verdict === 'refused').map((item): [string, SmugglingCase] => [item.name, item]),
  )('refuses %s', async (_name, item) => {
    await using edge = await startEdge()
    using raw = await openRaw(edge.url)
    raw.write(item.bytes)
    const { text } = await raw.closed(2500)
    const given = statuses(text)
    expect(given.length).toBeLessThanOrEqual(1)
    for (const status of given) expect(status === 505 || (status >= 400 && status < 500), String(status)).toBe(true)
    expect(edge.reached).toEqual([])
  })

  it.each(corpus.filter((item) => item.verdict === 'served').map((item): [string, SmugglingCase] => [item.name, item]))(
    'serves %s',
    async (_name, item) => {
      await using edge = await startEdge()
      using raw = await openRaw(edge.url)
      raw.write(item.bytes)
      await raw.until(new RegExp(`(?:HTTP/1\\.1 [2-5][^]*){${item.reaches.length}}`))
      await new Promise((resolve) => setTimeout(resolve, 30))
      expect(edge.reached.toSorted()).toEqual(item.reaches.toSorted())
      expect(statuses(raw.text())).toEqual(item.reaches.map(() => 200))
    },
  )

  it('gives the same verdicts when the bytes come one by one', async () => {
    await using edge = await startEdge()
    const few = corpus.filter((item) => item.bytes.length < 400)
    await Promise.all(
      few.map(async (item) => {
        using raw = await openRaw(edge.url)
        for (const byte of item.bytes) {
          if (raw.socket.destroyed || raw.socket.readableEnded) break
          raw.write(byte)
          await new Promise(setImmediate)
        }
        if (item.verdict === 'served') await raw.until(new RegExp(`(?:HTTP/1\\.1 [2-5][^]*){${item.reaches.length}}`))
        else
          expect(
            statuses((await raw.closed(2500)).text).filter((status) => status < 400),
            item.name,
          ).toEqual([])
      }),
    )
    const expected = few.flatMap((item) => item.reaches).toSorted()
    expect(edge.reached.toSorted()).toEqual(expected)
  })
})

describe('spellings of the routes that change models', () => {
  const spellings = modelChangingSpellings(KEY)

  it('are many', () => {
    expect(new Set(spellings.map((spelling) => spelling.name)).size).toBeGreaterThanOrEqual(300)
  })

  it('are refused, unknown, or lead to a route that asks for models:write', () => {
    for (const { name, method, target, host, fields } of spellings) {
      const extra = (fields ?? '')
        .split('\r\n')
        .filter((line) => line !== '')
        .flatMap((line) => line.split(': '))
      const admission = admitRequest(
        { method, target, httpVersion: '1.1', headers: ['Host', host ?? 'gw', ...extra] },
        table,
      )
      if (admission.kind === 'refused' || admission.match.kind !== 'route') continue
      const { route } = admission.match
      expect(route.scope === 'models:write' || (route.kind === 'own' && route.scope === 'open'), name).toBe(true)
    }
  })
})
