import type { RawHeaders } from '../../lib/raw-headers.ts'
import type { ClientPort, ClientRequest } from '../client-port.ts'

export interface RecordingClient extends ClientPort {
  status: number | undefined
  headers: RawHeaders
  /** `head`, `data`, `end`, `reset`, in the order they came; runs of `data` as one. */
  readonly events: string[]
  /** What came in one call, as text. */
  readonly chunks: string[]
  readonly infos: number[]
  text(): string
  /** Whether the next `data` says that there is room. */
  room: boolean
  drain(): void
  leave(): void
}

/** A client that takes what it is given and can leave. Throws where the port is used against its contract. */
export function createRecordingClient(request: Partial<ClientRequest> = {}): RecordingClient {
  let drained: () => void = () => undefined
  let gone: () => void = () => undefined
  let over = false
  const heard = (event: string): void => {
    if (over) throw new Error(`${event} after the end`)
    if (event !== 'head' && event !== 'reset' && client.status === undefined)
      throw new Error(`${event} before the head`)
    if (event !== 'data' || client.events.at(-1) !== 'data') client.events.push(event)
    over = event === 'end' || event === 'reset'
  }
  const client: RecordingClient = {
    request: {
      method: 'POST',
      httpVersion: '1.1',
      target: '/api/chat',
      headers: [],
      body: null,
      connection: {},
      address: '127.0.0.1',
      confidential: true,
      ...request,
    },
    status: undefined,
    headers: [],
    events: [],
    chunks: [],
    infos: [],
    text: () => client.chunks.join(''),
    room: true,
    drain: () => drained(),
    leave() {
      over = true
      gone()
    },
    info: (status) => void client.infos.push(status),
    head(status, headers) {
      if (client.status !== undefined) throw new Error('a second head')
      heard('head')
      client.status = status
      client.headers = headers
    },
    data(chunk) {
      heard('data')
      client.chunks.push(new TextDecoder().decode(chunk))
      return client.room
    },
    end: () => heard('end'),
    reset: () => heard('reset'),
    onDrain: (listener) => void (drained = listener),
    onGone: (listener) => void (gone = listener),
  }
  return client
}
