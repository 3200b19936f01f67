import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type FakeOllama, startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGatewayVia, type Via, vias } from '../harness/agent-before.ts'
import { readRequestLog } from '../harness/request-log.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const chat = JSON.stringify({ model: 'tiny', stream: false, messages: [{ role: 'user', content: 'hello' }] })

describe.each([...vias])('the trace of a request, %s', (via: Via) => {
  let fake: FakeOllama
  let gateway: RunningGateway
  let asked = 0
  beforeAll(async () => {
    fake = await startFakeOllama({ models: [{ name: 'tiny' }], parallel: 16 })
    gateway = await startGatewayVia(via, fake.url, { config: { agents: { wait: '10s' } } })
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await fake.stop()
  })

  /** Asks, and returns what the Ollama saw of the trace and what was logged of it. */
  async function ask(headers: Record<string, string>) {
    const id = `trace-${(asked += 1)}`
    const response = await fetch(`${gateway.url}/api/chat`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.adminKey}`, 'x-request-id': id, ...headers },
      body: chat,
    })
    expect(response.status).toBe(200)
    await response.text()
    const { rawHeaders = [] } = fake.counters.requestsTo('/api/chat').at(-1) ?? {}
    const seen = (name: string): string[] =>
      rawHeaders.flatMap((field, i) => (i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name ? [field] : []))
    const logged = await vi.waitFor(
      async () => {
        const line = (await readRequestLog(gateway.folder)).find((each) => each.id === id)
        if (line === undefined) throw new Error(`nothing is logged of ${id}`)
        return line as typeof line & { trace: string }
      },
      { timeout: 5000, interval: 20 },
    )
    return { parents: seen('traceparent'), states: seen('tracestate'), logged: logged.trace }
  }

  it('goes on at the upstream, with the gateway as its parent', async () => {
    const { parents, states, logged } = await ask({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1' })
    expect(parents).toEqual([expect.stringMatching(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`))])
    expect(parents[0]).not.toContain(SPAN)
    expect(states).toEqual(['vendor=1'])
    expect(logged).toBe(TRACE)
  })

  it('begins here where the caller brings none, or none that is valid', async () => {
    const first = await ask({})
    const second = await ask({ traceparent: `00-${TRACE}-${'0'.repeat(16)}-01`, tracestate: 'vendor=1' })
    for (const { parents, states, logged } of [first, second]) {
      expect(parents).toEqual([expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)])
      expect(parents[0]).toContain(logged)
      expect(states).toEqual([])
    }
    expect(second.logged).not.toBe(TRACE)
    expect(first.logged).not.toBe(second.logged)
  })
})
