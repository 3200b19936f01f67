import { connect, type Socket } from 'node:net'

/** When a client goes without having heard everything. */
export type Leaving =
  | { readonly when: 'never' }
  /** While it waits in the queue, or for the first byte: nobody outside knows which. */
  | { readonly when: 'waiting'; readonly afterMs: number }
  | { readonly when: 'first-byte' }
  | { readonly when: 'mid-answer'; readonly bytes: number }
  /** Has sent this share of its own body. */
  | { readonly when: 'mid-body'; readonly share: number }
  | { readonly when: 'told'; readonly signal: AbortSignal }

export interface Departure {
  readonly leaving: Leaving
  readonly how: 'close' | 'reset'
}

export interface Visit {
  /** 0 where no head came. */
  readonly status: number
  /** `whole`: everything that its framing promised. `hung`: not even that after `HUNG_MS`. */
  readonly ending: 'whole' | 'cut' | 'left' | 'hung'
  /** What `corral-error` says. */
  readonly code: string | undefined
  /** Whether the last of it says that it failed. */
  readonly saysError: boolean
}

/** Far more than the limits of the gateway add up to. */
const HUNG_MS = 60_000
const KEPT_BYTES = 400

/** One request over a connection of its own, as raw as it can be: hundreds of these a second are cheap. */
export function visit(port: number, request: Buffer, departure: Departure): Promise<Visit> {
  return new Promise((resolve) => {
    const { leaving, how } = departure
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const heard = new Heard()
    const hung = setTimeout(() => settle('hung'), HUNG_MS)
    let left: NodeJS.Timeout | undefined
    let isOver = false

    function settle(ending: Visit['ending']): void {
      if (isOver) return
      isOver = true
      clearTimeout(hung)
      clearTimeout(left)
      if (how === 'reset' && ending === 'left') socket.resetAndDestroy()
      else socket.destroy()
      resolve({ ending, ...heard.facts() })
    }
    socket.once('connect', () => {
      if (leaving.when === 'mid-body') return sendPart(socket, request, { ...leaving, sent: () => settle('left') })
      socket.write(request)
      if (leaving.when === 'told') leaving.signal.addEventListener('abort', () => settle('left'), { once: true })
      if (leaving.when === 'waiting') left = setTimeout(() => settle('left'), leaving.afterMs)
    })
    socket.on('data', (chunk) => {
      heard.add(chunk)
      if (leaving.when === 'first-byte') settle('left')
      if (leaving.when === 'mid-answer' && heard.bytes >= leaving.bytes) settle('left')
    })
    socket.once('end', () => settle(heard.isWhole() ? 'whole' : 'cut'))
    socket.once('error', () => settle('cut'))
    socket.once('close', () => settle(heard.isWhole() ? 'whole' : 'cut'))
  })
}

/** The head and so much of the body. */
function sendPart(
  socket: Socket,
  request: Buffer,
  { share, sent }: { readonly share: number; readonly sent: () => void },
): void {
  const bodyAt = request.indexOf('\r\n\r\n') + 4
  const end = bodyAt + Math.floor((request.length - bodyAt) * share)
  // Written first, so that a reset does not swallow all of it.
  socket.write(request.subarray(0, end), sent)
}

/** The head of an answer, how much of it came, and how it ended. */
class Heard {
  bytes = 0
  #head = ''
  #tail = ''
  #headBytes = 0

  add(chunk: Buffer): void {
    this.bytes += chunk.length
    const text = chunk.toString('latin1')
    this.#tail = (this.#tail + text).slice(-KEPT_BYTES)
    if (this.#headBytes > 0) return
    this.#head += text
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    this.#headBytes = end + 4
    this.#head = this.#head.slice(0, end)
  }

  isWhole(): boolean {
    if (this.#headBytes === 0) return false
    const length = /^content-length: (\d+)/im.exec(this.#head)?.[1]
    if (length !== undefined) return this.bytes === this.#headBytes + Number(length)
    return this.#tail.endsWith('\r\n0\r\n\r\n')
  }

  facts(): Omit<Visit, 'ending'> {
    return {
      status: Number(/^HTTP\/1\.1 (\d+)/.exec(this.#head)?.[1] ?? 0),
      code: /^corral-error: (\S+)/im.exec(this.#head)?.[1],
      saysError: this.#tail.includes('"error"'),
    }
  }
}
