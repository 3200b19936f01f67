import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** An Ollama that begins its answers and ends them when it is told to. */
export interface GatedServer {
  readonly url: string
  /** How many answers it has begun. */
  begun(): number
  /** Ends all that are under way, and each that comes later at once. */
  open(): void
}

const line = (done: boolean): string => {
  const message = { role: 'assistant', content: done ? '' : 'word' }
  return `${JSON.stringify({ model: 'tiny', created_at: '2026-01-01T00:00:00Z', message, done })}\n`
}

export async function startGatedServer(): Promise<GatedServer> {
  const tag = { name: 'tiny:latest', model: 'tiny:latest', modified_at: '2026-01-01T00:00:00Z', size: 1, digest: 'd' }
  const facts: Readonly<Record<string, unknown>> = {
    '/api/version': { version: '0.24.0' },
    '/api/tags': { models: [tag] },
    '/api/ps': { models: [] },
  }
  const open = new Set<ServerResponse>()
  let begun = 0
  let isOpen = false
  const server = createServer((request, response) => {
    request.resume()
    if (request.url !== '/api/chat') return response.end(JSON.stringify(facts[request.url ?? ''] ?? {}))
    begun += 1
    response.setHeader('content-type', 'application/x-ndjson')
    response.write(line(false))
    if (isOpen) return response.end(line(true))
    open.add(response)
    return response.once('close', () => open.delete(response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    begun: () => begun,
    open() {
      isOpen = true
      for (const response of open) response.end(line(true))
    },
  }
}
