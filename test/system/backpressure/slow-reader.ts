import { createHash } from 'node:crypto'
import { connect } from 'node:net'

/** A client that reads when it is told to, and keeps no more than the digest of what it read. */
export interface SlowReader extends Disposable {
  /** Bytes received, head included. */
  received(): number
  pause(): void
  resume(): void
  /** SHA-256 of the body without its framing, once the answer has ended in good order. */
  readonly body: Promise<{ readonly sha256: string; readonly bytes: number }>
}

export async function openSlowReader(port: number, request: Uint8Array): Promise<SlowReader> {
  const socket = connect(port, '127.0.0.1')
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const decoder = createChunkedDecoder()
  let received = 0
  const body = new Promise<{ sha256: string; bytes: number }>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
      const whole = decoder.push(chunk)
      if (whole !== null) resolve(whole)
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`the answer broke off after ${received} bytes`)))
  })
  // Whoever leaves early does not ask for it.
  body.catch(() => undefined)
  socket.write(request)
  return {
    received: () => received,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    body,
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

interface ChunkedDecoder {
  /** What the body was, as soon as its last chunk is there. */
  push(bytes: Buffer): { sha256: string; bytes: number } | null
}

/** Of one answer with `Transfer-Encoding: chunked`, head first. */
function createChunkedDecoder(): ChunkedDecoder {
  const hash = createHash('sha256')
  let bytes = 0
  let pending: Buffer = Buffer.alloc(0)
  let headSeen = false
  let left = 0
  return {
    push(chunk) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      if (!headSeen) {
        const end = pending.indexOf('\r\n\r\n')
        if (end < 0) return null
        const head = pending.toString('latin1', 0, end)
        if (!/^HTTP\/1\.1 200 [^]*transfer-encoding: chunked/i.test(head)) throw new Error(`no chunked 200: ${head}`)
        headSeen = true
        pending = pending.subarray(end + 4)
      }
      for (;;) {
        if (left > 2) {
          const piece = pending.subarray(0, left - 2)
          hash.update(piece)
          bytes += piece.length
          left -= piece.length
          pending = pending.subarray(piece.length)
          if (left > 2) return null
        }
        if (pending.length < left) return null
        pending = pending.subarray(left)
        left = 0
        const end = pending.indexOf('\r\n')
        if (end < 0) return null
        const size = Number.parseInt(pending.toString('latin1', 0, end), 16)
        if (Number.isNaN(size)) throw new Error('the framing is broken')
        if (size === 0) return pending.length < end + 4 ? null : { sha256: hash.digest('hex'), bytes }
        pending = pending.subarray(end + 2)
        left = size + 2
      }
    },
  }
}
