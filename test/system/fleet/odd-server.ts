import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface OddServer extends AsyncDisposable {
  readonly url: string
}

/** An Ollama that has one model and takes its time for everything. */
export function startSlowOllama(model: string, delayMs: number): Promise<OddServer> {
  const tag = { name: model, model, modified_at: '2026-01-01T00:00:00Z', size: 1, digest: 'd', details: {} }
  const answers: Readonly<Record<string, unknown>> = {
    '/api/version': { version: '0.24.0' },
    '/api/tags': { models: [tag] },
    '/api/ps': { models: [] },
    '/v1/models': { object: 'list', data: [{ id: model, object: 'model', created: 1, owned_by: 'library' }] },
  }
  const server = createServer((request, response) => {
    const timer = setTimeout(() => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answers[request.url ?? ''] ?? {}))
    }, delayMs)
    response.once('close', () => clearTimeout(timer))
  })
  return listening(server)
}

/** What is found where an Ollama used to be: a page of somebody else, whatever is asked. */
export function startWebPage(): Promise<OddServer> {
  return listening(
    createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><h1>It works!</h1>')
    }),
  )
}

/** The address of a server that has gone: connections are refused. */
export async function deadAddress(): Promise<string> {
  await using server = await startWebPage()
  return server.url
}

async function listening(server: Server): Promise<OddServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP, so never a path
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
