import { expect, vi } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { readStream } from '../harness/stream-client.ts'
import { startWay, type Way } from './start-way.ts'

/** What everybody does first: start it, take the key, chat, stop it. Returns what was said on the way. */
export async function walkThrough(way: Way): Promise<string> {
  await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
  const started = startWay({ ...way, env: { OLLAMA_HOST: fake.url, ...way.env } })
  const ready = vi.waitFor(
    () => {
      const found = /^corral ready (http\S+)$/m.exec(started.said())?.[1]
      if (found === undefined) throw new Error(`the gateway is not ready:\n${started.said()}`)
      return found
    },
    { timeout: way.readyMs, interval: 50 },
  )
  // What has ended will not be ready.
  const url = await Promise.race([ready, started.early])
  const key = /\bcrl_[0-9A-Za-z_]{20,}/.exec(started.said())?.[0] ?? ''
  const body = { model: 'tiny', messages: [{ role: 'user', content: 'hello' }], options: { num_predict: 5 } }
  const headers = { authorization: `Bearer ${key}` }
  const answer = await readStream(`${url}/api/chat`, { headers, body })
  expect(answer).toMatchObject({ status: 200, ending: 'complete', rest: '' })
  expect(answer.events.at(-1)?.text).toContain('"done":true')
  started.stop()
  expect(await started.exited).toBe(0)
  await expect(fetch(url)).rejects.toThrow('fetch failed')
  return started.said()
}
