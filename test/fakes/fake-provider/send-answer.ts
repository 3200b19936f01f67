import type { Duplex } from 'node:stream'
import type { ProviderAnswer } from './provider-answer.ts'
import type { Delivery } from './provider-faults.ts'

export interface Wire {
  readonly socket: Duplex
  /** Resolves when the other side has gone. */
  readonly gone: Promise<void>
  reset(): void
}

/** Writes an answer as far as it shall get; each chunk leaves in a turn of its own. */
export async function sendAnswer({ socket, gone, reset }: Wire, delivery: Delivery): Promise<void> {
  const { answer, ending } = delivery
  await write(socket, headOf(answer))
  for (const chunk of answer.chunks.slice(0, delivery.chunks)) {
    await nextTurn()
    if (socket.destroyed) return
    await write(socket, framed(answer, chunk))
  }
  if (ending === 'stall') return gone
  if (ending === 'reset') {
    // What was written shall arrive before the reset does.
    await nextTurn()
    return reset()
  }
  if (ending === 'whole' || ending === 'clean') {
    if (answer.framing === 'chunked') await write(socket, '0\r\n\r\n')
  }
  if (ending === 'fin' || answer.framing === 'close') socket.end()
}

function headOf({ status, headers, framing, chunks }: ProviderAnswer): string {
  const length = chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0)
  const framings = {
    length: `Content-Length: ${length}\r\n`,
    chunked: 'Transfer-Encoding: chunked\r\n',
    close: 'Connection: close\r\n',
  }
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `HTTP/1.1 ${status} Status\r\n${lines}${framings[framing]}\r\n`
}

function framed({ framing }: ProviderAnswer, chunk: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(chunk)
  if (framing !== 'chunked') return bytes
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

function write(socket: Duplex, bytes: string | Uint8Array): Promise<void> {
  if (socket.destroyed) return Promise.resolve()
  return new Promise((resolve) => socket.write(bytes, () => resolve()))
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
