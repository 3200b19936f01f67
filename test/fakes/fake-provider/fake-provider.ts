import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { RawRequest } from '../request-reader.ts'
import { createRequestReader } from '../request-reader.ts'
import { anthropicAnswer } from './anthropic-answers.ts'
import { type Catalogue, openaiAnswer } from './openai-answers.ts'
import {
  createProviderFaults,
  deliver,
  type ProviderFaultPanel,
  type ProviderKind,
  withFault,
} from './provider-faults.ts'
import type { ReceivedRequest } from './received-request.ts'
import { sendAnswer, type Wire } from './send-answer.ts'

export interface FakeProviderOptions {
  readonly kind?: ProviderKind
  /** The only one it takes; left out, it asks for none. */
  readonly key?: string
  readonly models?: readonly string[]
  /** False: 404 for the list of models. */
  readonly listsModels?: boolean
  /** True: 400 for who asks for the counts of a stream. */
  readonly refusesCounts?: boolean
  /** PEM texts; left out, it speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

export interface FakeProvider extends AsyncDisposable {
  /** With the version path, as a config names it. */
  readonly url: string
  readonly port: number
  readonly faults: ProviderFaultPanel
  /** Everything that arrived, in order. */
  requests(): readonly ReceivedRequest[]
  /** Of those, what was asked of a model. */
  asked(): readonly ReceivedRequest[]
  /** Every byte that arrived, requests or not. */
  bytes(): Buffer
  /** Connections that were opened. */
  connections(): number
  /** Answers whose reader left before their end. */
  abandoned(): number
  /** Ends every connection, with a reset: what its reader has not taken yet is lost. */
  dropConnections(): void
  /** Forgets what arrived. */
  forget(): void
  stop(): Promise<void>
}

const MODELS: Readonly<Record<ProviderKind, readonly string[]>> = {
  openai: ['gpt-4', 'gpt-4o-mini', 'text-embedding-3-small', 'whisper-1'],
  anthropic: ['claude-sonnet-4-5', 'claude-haiku-4-5'],
}

/** A provider of models on 127.0.0.1 that keeps every byte it was sent. */
export async function startFakeProvider(options: FakeProviderOptions = {}): Promise<FakeProvider> {
  const { kind = 'openai' } = options
  const catalogue: Catalogue = {
    key: options.key ?? null,
    models: options.models ?? MODELS[kind],
    listsModels: options.listsModels ?? true,
    refusesCounts: options.refusesCounts ?? false,
  }
  const faults = createProviderFaults()
  const sockets = new Set<Socket>()
  let received: ReceivedRequest[] = []
  let bytes: Buffer[] = []
  let connections = 0
  let abandoned = 0

  async function answer(wire: Wire, request: RawRequest): Promise<void> {
    const usual = kind === 'openai' ? openaiAnswer(request, catalogue) : anthropicAnswer(request, catalogue)
    const fault = faults.take(request)
    const delivery = fault === undefined ? deliver(usual) : withFault(usual, fault, { request, kind })
    let isOver = false
    void wire.gone.then(() => void (abandoned += isOver ? 0 : 1))
    if (delivery.isHeld) await Promise.race([faults.cleared(), wire.gone])
    await sendAnswer(wire, delivery)
    isOver = !wire.socket.destroyed || delivery.ending === 'reset'
  }

  function serve(socket: Socket): void {
    connections += 1
    const connection = connections
    sockets.add(socket)
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    const read = createRequestReader({
      async request(request) {
        received.push({ ...request, connection, at: performance.now() })
        await answer({ socket, gone, reset: () => void socket.resetAndDestroy() }, request)
      },
      awaitsContinue: () => void socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
    })
    socket.on('data', (chunk) => {
      bytes.push(chunk)
      read(chunk)
    })
  }

  const server: Server = options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP, so never a path

  function stop(): Promise<void> {
    faults.clear()
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => (server.listening ? server.close(() => resolve()) : resolve()))
  }

  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/v1`,
    port,
    faults,
    requests: () => received,
    asked: () => received.filter((request) => request.method === 'POST'),
    bytes: () => Buffer.concat(bytes),
    connections: () => connections,
    abandoned: () => abandoned,
    dropConnections: () => [...sockets].forEach((socket) => socket.resetAndDestroy()),
    forget() {
      received = []
      bytes = []
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
