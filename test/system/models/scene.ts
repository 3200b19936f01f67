import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { readStream, type StreamRequest, type StreamResult } from '../harness/stream-client.ts'

export interface ModelScene extends AsyncDisposable {
  readonly a: FakeOllama
  readonly b: FakeOllama
  readonly c: FakeOllama
  readonly gateway: RunningGateway
  /** With the key of the admin, to the upstreams that `on` names. */
  send(method: string, path: string, options?: SendOptions): Promise<StreamResult>
}

export interface SendOptions extends Pick<StreamRequest, 'body' | 'signal' | 'onChunk'> {
  readonly on?: string
  readonly key?: string
}

export interface SceneOptions {
  readonly config?: Readonly<Record<string, unknown>>
  readonly a?: FakeOllamaOptions
  readonly b?: FakeOllamaOptions
  readonly c?: FakeOllamaOptions
}

/** Three servers, asked in the order of their names. */
export async function startModelScene(options: SceneOptions = {}): Promise<ModelScene> {
  const [a, b, c] = await Promise.all([
    startFakeOllama({ models: [{ name: 'tiny' }], ...options.a }),
    startFakeOllama({ models: [], ...options.b }),
    startFakeOllama({ models: [], ...options.c }),
  ])
  const upstreams = [
    { name: 'a', url: a.url, priority: 1 },
    { name: 'b', url: b.url, priority: 2 },
    { name: 'c', url: c.url, priority: 3 },
  ]
  const gateway = await startGateway({ config: { upstreams, ...options.config } })
  return {
    a,
    b,
    c,
    gateway,
    send: (method, path, { on, key = gateway.adminKey, ...rest } = {}) =>
      readStream(gateway.url + path, {
        method,
        headers: { authorization: `Bearer ${key}`, ...(on !== undefined && { 'corral-upstream': on }) },
        ...rest,
      }),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await Promise.all([a.stop(), b.stop(), c.stop()])
    },
  }
}

export interface ProgressLine {
  readonly status?: string
  readonly digest?: string
  readonly total?: number
  readonly completed?: number
  readonly error?: string
  readonly upstreams?: Readonly<Record<string, unknown>>
}

export function progressOf(result: StreamResult): ProgressLine[] {
  return result.events.map(({ text }) => JSON.parse(text) as ProgressLine)
}

/** Where a path was asked for, and how often. */
export function asked(scene: ModelScene, path: string): Record<'a' | 'b' | 'c', number> {
  const count = (fake: FakeOllama): number => fake.counters.requestsTo(path).length
  return { a: count(scene.a), b: count(scene.b), c: count(scene.c) }
}

/** Which of the three have a model. */
export function having(scene: ModelScene, model: string): string[] {
  return (['a', 'b', 'c'] as const).filter((name) => scene[name].models.find(model) !== undefined)
}

/**
 * What stands on the screen of the `ollama` CLI after these lines: it makes a bar per digest, of the total that it hears
 * first, and a spinner whenever the status is another than the last one.
 */
export function screenOf(lines: readonly ProgressLine[]): { bars: Map<string, number[]>; spinners: string[] } {
  const bars = new Map<string, number[]>()
  const spinners: string[] = []
  for (const { status = '', digest, completed = 0 } of lines) {
    if (digest !== undefined) {
      if (completed > 0) bars.set(digest, [...(bars.get(digest) ?? []), completed])
    } else if (spinners.at(-1) !== status) {
      spinners.push(status)
    }
  }
  return { bars, spinners }
}
