import { connect } from 'node:net'

export interface RawOptions {
  /** Ends our side after the last byte, as a client that has said everything. */
  readonly halfClose?: boolean
  /** Stops as soon as what came satisfies; otherwise when the other side closes. */
  readonly until?: (received: Buffer) => boolean
  /** Parts of the request after the first, each with its wait before it. */
  readonly more?: readonly { readonly afterMs: number; readonly bytes: string | Uint8Array }[]
  /** Leaves with a FIN or a reset after this long, whatever has come. */
  readonly leaveAfterMs?: number
  readonly leaveWith?: 'fin' | 'reset'
  readonly timeoutMs?: number
  readonly host?: string
}

export interface RawResult {
  readonly received: Buffer
  /** What arrived together, and when: milliseconds since the connection stood. */
  readonly pieces: readonly { readonly at: number; readonly bytes: Buffer }[]
  readonly endedAt: number
  readonly ending: 'closed' | 'reset' | 'satisfied' | 'left' | 'timed-out'
}

/** Sends exactly these bytes and tells everything that came back, and when. */
export function rawExchange(port: number, bytes: string | Uint8Array, options: RawOptions = {}): Promise<RawResult> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: options.host ?? '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const pieces: { at: number; bytes: Buffer }[] = []
    const timers: NodeJS.Timeout[] = []
    let start = performance.now()

    function settle(ending: RawResult['ending']): void {
      timers.forEach(clearTimeout)
      const received = Buffer.concat(pieces.map((piece) => piece.bytes))
      resolve({ received, pieces, endedAt: performance.now() - start, ending })
      if (ending === 'left' && options.leaveWith === 'reset') socket.resetAndDestroy()
      else socket.destroySoon()
    }
    function later(ms: number, act: () => void): void {
      timers.push(setTimeout(act, ms))
    }

    socket.on('connect', () => {
      start = performance.now()
      socket.write(bytes)
      let at = 0
      for (const part of options.more ?? []) later((at += part.afterMs), () => void socket.write(part.bytes))
      if (options.halfClose === true) later(at, () => void socket.end())
      if (options.leaveAfterMs !== undefined) later(options.leaveAfterMs, () => settle('left'))
      later(options.timeoutMs ?? 10_000, () => settle('timed-out'))
    })
    socket.on('data', (chunk) => {
      pieces.push({ at: performance.now() - start, bytes: chunk })
      if (options.until?.(Buffer.concat(pieces.map((piece) => piece.bytes))) === true) settle('satisfied')
    })
    socket.on('end', () => settle('closed'))
    socket.on('error', (error) => {
      if (socket.connecting || socket.bytesWritten === 0) reject(error)
      else settle('reset')
    })
  })
}
