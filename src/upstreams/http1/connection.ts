import type { Buffer } from 'node:buffer'
import net from 'node:net'
import tls from 'node:tls'
import type { RawHeaders } from '../../lib/raw-headers.ts'
import { type ResponseEvents, ResponseParser } from './response-parser.ts'

export interface Destination {
  readonly host: string
  readonly port: number
  readonly tls: { readonly ca: string | null } | null
  readonly connectTimeoutMs: number
  /** Finds the addresses of a host name, in place of the system's own way. */
  readonly lookup?: net.LookupFunction
}

/** What one request hears of its connection. */
export interface ConnectionUser extends ResponseEvents {
  connected(): void
  drained(): void
  /** The connection is gone; `endedCleanly` where its closing was the end of the answer. */
  gone(cause: Error | null): void
}

/** One socket to an upstream; carries one request at a time. Listeners are set once, the user changes. */
export class Connection {
  readonly socket: net.Socket
  /** When it became idle, by the caller's clock. */
  idleSince = 0
  /** Requests it has carried before. */
  served = 0
  /** Whether the upstream has sent anything since the present request took it. */
  heard = false
  #user: ConnectionUser | null = null
  #connecting = true
  #closed = false
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #parser: ResponseParser
  readonly #unused: (connection: Connection) => void

  constructor(destination: Destination, unused: (connection: Connection) => void) {
    this.#unused = unused
    this.#parser = new ResponseParser(NOBODY)
    this.socket = openSocket(destination)
    this.socket.setNoDelay(true)
    this.#timer = setTimeout(() => {
      this.socket.destroy(new ConnectTimeout(destination.connectTimeoutMs))
    }, destination.connectTimeoutMs)
    this.#listen(destination.tls === null ? 'connect' : 'secureConnect')
  }

  get connecting(): boolean {
    return this.#connecting
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Gives the connection to a request; its events go there until `leave`. */
  use(user: ConnectionUser, method: string): void {
    this.#user = user
    this.heard = false
    this.#parser.expect(method, user)
  }

  leave(): void {
    this.#user = null
    this.served++
  }

  destroy(): void {
    this.#user = null
    this.socket.destroy()
  }

  /** The border of an attempt: a mistake in what becomes of an answer costs this answer, not the process. */
  #feed(chunk: Buffer): void {
    try {
      this.#parser.feed(chunk)
    } catch (error) {
      this.socket.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #listen(ready: 'connect' | 'secureConnect'): void {
    const socket = this.socket
    let cause: Error | null = null
    socket.once(ready, () => {
      clearTimeout(this.#timer)
      this.#connecting = false
      this.#user?.connected()
    })
    socket.on('data', (chunk: Buffer) => {
      this.heard = true
      if (this.#user === null) socket.destroy()
      else this.#feed(chunk)
    })
    socket.on('drain', () => this.#user?.drained())
    socket.on('end', () => {
      if (this.#user !== null) this.#parser.close()
    })
    socket.on('error', (error) => {
      cause = error
    })
    socket.on('close', () => {
      clearTimeout(this.#timer)
      this.#closed = true
      const user = this.#user
      this.#user = null
      if (user === null) this.#unused(this)
      else user.gone(cause)
    })
  }
}

export class ConnectTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`No connection within ${timeoutMs} ms`)
    this.name = 'ConnectTimeout'
  }
}

function openSocket(destination: Destination): net.Socket {
  const { host, port } = destination
  const lookup = destination.lookup === undefined ? {} : { lookup: destination.lookup }
  if (destination.tls === null) return net.connect({ host, port, ...lookup })
  const servername = net.isIP(host) === 0 ? host : ''
  return tls.connect({
    host,
    port,
    servername,
    ALPNProtocols: ['http/1.1'],
    ...lookup,
    ...(destination.tls.ca === null ? {} : { ca: destination.tls.ca }),
  })
}

const NOBODY: ResponseEvents = {
  info(_status: number, _headers: RawHeaders) {},
  head(_status: number, _headers: RawHeaders) {},
  data(_chunk: Uint8Array) {},
  end(_trailers: RawHeaders, _reusable: boolean) {},
  malformed(_reason: string) {},
}
