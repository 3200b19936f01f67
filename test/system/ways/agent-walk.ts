import { expect, vi } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { createAgentKey } from '../harness/start-agent.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { readStream } from '../harness/stream-client.ts'
import { startWay, type Way } from './start-way.ts'

/** An agent that runs in another way, before a gateway on Node: connect, list, stream, cancel, stop. Returns what it said. */
export async function walkThroughAgent(way: Way): Promise<string> {
  await using fake = await startFakeOllama({ models: [{ name: 'far' }], tokensPerSecond: 50 })
  await using gateway = await startGateway()
  const key = await createAgentKey(gateway)
  const args = [...way.args, '--server', gateway.url, '--ollama', fake.url, '--id', 'way']
  const started = startWay({ ...way, args, env: { AUTH_TOKEN: key, ...way.env } })
  const connected = /^corral agent way connected (?:ws|sse)$/m
  // What has ended will not connect.
  await Promise.race([
    vi.waitFor(() => expect(started.said()).toMatch(connected), { timeout: way.readyMs, interval: 50 }),
    started.early,
  ])

  const headers = { authorization: `Bearer ${gateway.adminKey}` }
  const messages = [{ role: 'user', content: 'hello' }]
  const body = { model: 'far', messages, options: { num_predict: 5 } }
  await vi.waitFor(
    async () => {
      const answer = await readStream(`${gateway.url}/api/chat`, { headers, body })
      expect(answer).toMatchObject({ status: 200, ending: 'complete', rest: '' })
      expect(answer.events.at(-1)?.text).toContain('"done":true')
    },
    { timeout: 10_000 },
  )
  expect(fake.counters.requestsTo('/api/chat')).toHaveLength(1)

  const leaving = new AbortController()
  const long = { ...body, options: { num_predict: 100_000 } }
  const stream = await fetch(`${gateway.url}/api/chat`, {
    method: 'POST',
    headers,
    body: JSON.stringify(long),
    signal: leaving.signal,
  })
  await fake.counters.until((snapshot) => snapshot.running === 1)
  leaving.abort()
  await stream.text().catch(() => undefined)
  await fake.counters.until((snapshot) => snapshot.running === 0)

  started.stop()
  expect(await started.exited).toBe(0)
  return started.said()
}
