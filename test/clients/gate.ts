import { setTimeout } from 'node:timers/promises'
import { startFakeOllama, type FakeOllama } from '../fakes/fake-ollama/fake-ollama.ts'
import { startGatewayVia, type Via } from '../system/harness/agent-before.ts'

export const MODEL = 'qwen3:8b'
export const EMBEDDER = 'nomic-embed-text'

/** What a client is given: an address and an ordinary key. Behind it one Ollama that can be made to fail. */
export interface Gate {
  readonly url: string
  /** With the scopes of a key that was created without naming any. */
  readonly key: string
  readonly fake: FakeOllama
  stop(): Promise<void>
}

export async function startGate(via: Via = 'direct'): Promise<Gate> {
  const fake = await startFakeOllama({
    models: [
      { name: MODEL, capabilities: ['completion', 'tools'] },
      { name: EMBEDDER, capabilities: ['embedding'] },
    ],
  })
  const gateway = await startGatewayVia(via, fake.url)
  const key = await gateway.createKey({ name: 'client' })
  await untilAccepted(gateway.url, key)
  return {
    url: gateway.url,
    key,
    fake,
    async stop() {
      await gateway[Symbol.asyncDispose]()
      await fake.stop()
    },
  }
}

/** A running gateway takes a key that another process made within a second. */
async function untilAccepted(url: string, key: string): Promise<void> {
  const deadline = performance.now() + 2_000
  while (performance.now() < deadline) {
    const { status } = await fetch(`${url}/api/tags`, { headers: { Authorization: `Bearer ${key}` } })
    if (status === 200) return
    await setTimeout(50)
  }
  throw new Error('the new key was not accepted within two seconds')
}
