import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** A client that writes and reads bytes, for tests about framing. */
export interface RawConnection {
  readonly socket: Socket
  /** Everything received so far, one character for a byte. */
  text(): string
  /** Number of `data` events, a bound for the writes of the other side that arrived apart. */
  pieces(): number
  write(bytes: string | Uint8Array): void
  /** Resolves with everything received once it matches; rejects when the connection closes or time is up before. */
  until(pattern: RegExp | string, timeoutMs?: number): Promise<string>
  /** Resolves with everything received once the other side has said goodbye, or broken off. */
  closed(timeoutMs?: number): Promise<{ readonly text: string; readonly ending: 'end' | 'reset' }>
  half(): void
  reset(): void
  [Symbol.dispose](): void
}

export interface RawOptions {
  readonly tls?: boolean
  /** Reads nothing until `socket.resume()`. */
  readonly isPaused?: boolean
}

export async function openRaw(url: string, options: RawOptions = {}): Promise<RawConnection> {
  const { hostname, port } = new URL(url)
  const address = { host: hostname.replace(/[[\]]/g, ''), port: Number(port), allowHalfOpen: true }
  const socket = options.tls === true ? connectTls({ ...address, rejectUnauthorized: false }) : connect(address)
  const chunks: Buffer[] = []
  const listeners = new Set<() => void>()
  let ending: 'end' | 'reset' | null = null

  const notify = () => {
    for (const listener of [...listeners]) listener()
  }
  const settle = (how: 'end' | 'reset') => {
    ending ??= how
    notify()
  }
  socket.setNoDelay(true)
  if (options.isPaused !== true) {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      notify()
    })
  }
  socket.on('end', () => settle('end'))
  socket.on('error', () => settle('reset'))
  socket.on('close', () => settle('reset'))
  await new Promise<void>((resolve, reject) => {
    socket.once(options.tls === true ? 'secureConnect' : 'connect', resolve)
    socket.once('error', reject)
  })

  const text = () => Buffer.concat(chunks).toString('latin1')

  function waitFor<T>(what: string, timeoutMs: number, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = look()
        if (found === undefined && ending === null) return
        listeners.delete(check)
        clearTimeout(timer)
        if (found === undefined)
          reject(new Error(`${ending} before ${what}; got ${JSON.stringify(text().slice(0, 2000))}`))
        else resolve(found)
      }
      const timer = setTimeout(() => {
        listeners.delete(check)
        reject(new Error(`no ${what} in ${timeoutMs} ms; got ${JSON.stringify(text().slice(0, 2000))}`))
      }, timeoutMs)
      listeners.add(check)
      check()
    })
  }

  return {
    socket,
    text,
    pieces: () => chunks.length,
    write: (bytes) => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    until: (pattern, timeoutMs = 3000) => {
      const matches = (all: string) => (typeof pattern === 'string' ? all.includes(pattern) : pattern.test(all))
      return waitFor(`match of ${pattern}`, timeoutMs, () => (matches(text()) ? text() : undefined))
    },
    closed: (timeoutMs = 5000) =>
      waitFor('close', timeoutMs, () => (ending === null ? undefined : { text: text(), ending })),
    half: () => socket.end(),
    reset: () => socket.resetAndDestroy(),
    [Symbol.dispose]: () => socket.destroy(),
  }
}
