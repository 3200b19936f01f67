import type { ListenerHandlers } from '../../../src/http/arrivals.ts'
import { createListener, type Listener, type ListenerOptions } from '../../../src/http/listener.ts'
import type { ClientPort } from '../../../src/proxy/client-port.ts'

export interface Listening {
  readonly url: string
  readonly listener: Listener
  /** Every exchange so far, oldest first. */
  readonly clients: ClientPort[]
  /** Exchanges whose client left. */
  readonly gone: ClientPort[]
  /** What `answer` threw. */
  readonly failures: readonly unknown[]
  /** The next exchange that is not yet taken. */
  next(): Promise<ClientPort>
  [Symbol.asyncDispose](): Promise<void>
}

export interface ListeningOptions extends Partial<ListenerOptions> {
  readonly upgrade?: ListenerHandlers['upgrade']
  readonly answer?: (client: ClientPort) => void
}

/** A listener whose exchanges the test answers itself, or with `answer`. */
export async function startListening(options: ListeningOptions = {}): Promise<Listening> {
  const clients: ClientPort[] = []
  const gone: ClientPort[] = []
  const failures: unknown[] = []
  const waiting: ((client: ClientPort) => void)[] = []
  let taken = 0
  const listener = createListener(
    { tls: null, trustedProxies: [], ...options },
    {
      request: (client) => {
        client.onGone(() => gone.push(client))
        clients.push(client)
        options.answer?.(client)
        waiting.shift()?.(client)
      },
      failed: (error) => failures.push(error),
      upgrade: options.upgrade ?? ((_request, socket) => socket.destroy()),
    },
  )
  const url = await listener.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    failures,
    listener,
    clients,
    gone,
    next: () => {
      const client = clients[taken++]
      return client !== undefined ? Promise.resolve(client) : new Promise((resolve) => waiting.push(resolve))
    },
    async [Symbol.asyncDispose]() {
      const stopped = listener.stopAccepting()
      listener.destroyAll()
      await stopped
    },
  }
}

/** The whole body, or `failed: reason`. */
export function readBody(client: ClientPort): Promise<string> {
  return new Promise((resolve) => {
    if (client.request.body === null) return resolve('')
    const chunks: Uint8Array[] = []
    client.request.body.start({
      data: (chunk) => {
        chunks.push(chunk)
        return true
      },
      end: () => resolve(Buffer.concat(chunks).toString('latin1')),
      fail: (reason) => resolve(`failed: ${reason}`),
    })
  })
}

export function answerText(client: ClientPort, text: string, headers: readonly string[] = []): void {
  client.head(200, ['Content-Type', 'text/plain', ...headers, 'Content-Length', String(Buffer.byteLength(text))])
  client.data(Buffer.from(text))
  client.end()
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
