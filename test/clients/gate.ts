import { startFakeOllama, type FakeOllama } from '../fakes/fake-ollama/fake-ollama.ts'

export const MODEL = 'qwen3:8b'
export const EMBEDDER = 'nomic-embed-text'

export interface Gate {
  readonly url: string
  /** An ordinary key: chat, embed, models:read. */
  readonly key: string
  readonly fake: FakeOllama
  stop(): Promise<void>
}

export async function startGate(): Promise<Gate> {
  const fake = await startFakeOllama({
    models: [
      { name: MODEL, capabilities: ['completion', 'tools'] },
      { name: EMBEDDER, capabilities: ['embedding'] },
    ],
  })
  return { url: fake.url, key: 'x', fake, stop: () => fake.stop() }
}
