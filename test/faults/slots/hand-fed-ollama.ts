import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How it treats what it is asked. */
export type Manner =
  /** Begins to answer, and ends when it is told. */
  | 'held'
  /** Answers at once. */
  | 'quick'
  /** Breaks off whatever runs a model, and is well otherwise. */
  | 'failing'
  /** Breaks off everything, its health included. */
  | 'gone'

/** An Ollama with one loaded model whose answers end when a test says so, and not before. */
export interface HandFedOllama extends AsyncDisposable {
  readonly url: string
  manner: Manner
  /** Answers that have begun and not ended. */
  readonly running: number
  /** Answers that were begun, ever. */
  readonly begun: number
  /** Ends the oldest answers. */
  finish(count: number): void
  /** Resolves once so many run; rejects after a while. */
  untilRunning(count: number): Promise<void>
}

const JSON_TYPE = { 'content-type': 'application/json' }
const PATIENCE_MS = 15_000

export async function startHandFedOllama(model: string): Promise<HandFedOllama> {
  const name = `${model}:latest`
  const entry = {
    name,
    model: name,
    size: 5_000_000_000,
    digest: 'd',
    modified_at: '2026-01-01T00:00:00Z',
    details: {},
  }
  const lists: Readonly<Record<string, unknown>> = {
    '/api/version': { version: '0.24.0' },
    '/api/tags': { models: [entry] },
    '/api/ps': { models: [{ ...entry, expires_at: '2100-01-01T00:00:00Z', size_vram: entry.size }] },
  }
  const held: ServerResponse[] = []
  const watchers = new Set<() => void>()
  const changed = (): void => [...watchers].forEach((look) => look())
  let begun = 0

  const line = (text: string, done: boolean): string =>
    `${JSON.stringify({ model: name, message: { role: 'assistant', content: text }, done, ...(done ? COUNTS : {}) })}\n`
  const end = (response: ServerResponse): void => void response.end(line('', true))
  const begin = (response: ServerResponse): void => {
    begun += 1
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).write(line('word', false))
    if (server.manner === 'quick') return end(response)
    held.push(response)
    response.once('close', () => {
      if (held.includes(response)) held.splice(held.indexOf(response), 1)
      changed()
    })
    changed()
  }
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const list = lists[request.url ?? '']
    if (server.manner === 'gone' || (server.manner === 'failing' && list === undefined)) {
      return void request.socket.resetAndDestroy()
    }
    if (list !== undefined) return void response.writeHead(200, JSON_TYPE).end(JSON.stringify(list))
    request.resume().once('end', () => begin(response))
  }
  const http = createServer({ keepAliveTimeout: 0 }, answer)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo // listening on TCP, so never a path
  const server: HandFedOllama = {
    url: `http://127.0.0.1:${port}`,
    manner: 'held',
    get running() {
      return held.length
    },
    get begun() {
      return begun
    },
    finish: (count) => held.splice(0, count).forEach(end),
    untilRunning: (count) =>
      new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          clearTimeout(timer)
          watchers.delete(look)
          act()
        }
        const late = (): Error => new Error(`${held.length} run after ${PATIENCE_MS} ms, not ${count}`)
        const timer = setTimeout(() => settle(() => reject(late())), PATIENCE_MS)
        const look = (): void => (held.length === count ? settle(resolve) : undefined)
        watchers.add(look)
        look()
      }),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => http.close(resolve))
      http.closeAllConnections()
      await closed
    },
  }
  return server
}

const COUNTS = {
  done_reason: 'stop',
  ...{ total_duration: 40_000_000, load_duration: 1_000_000, prompt_eval_count: 8, prompt_eval_duration: 10_000_000 },
  ...{ eval_count: 20, eval_duration: 25_000_000 },
}
