import type { Socket } from 'node:net'
import type { Answer, HeaderList } from './answer.ts'
import type { Fault } from './faults.ts'
import { ClientGone } from './ollama-error.ts'
import { pause } from './pause.ts'

/** Long enough for what was written to leave, so that a reset does not swallow it. */
const SETTLE_MS = 15

export interface FaultContext {
  readonly socket: Socket
  readonly signal: AbortSignal
}

/** The same answer, spoilt on its way. Faults that live elsewhere (busy, error line) pass through unchanged. */
export function spoil(answer: Answer, fault: Fault, context: FaultContext): Answer {
  switch (fault.kind) {
    case 'reset-after-headers':
      return afterHeaders(answer, fault, context)
    case 'reset-mid-line':
    case 'cut-mid-utf8':
      return cut(answer, fault, context)
    case 'stall-before-first-byte':
    case 'stall-mid-stream':
      return stall(answer, fault, context)
    case 'content-length-too-long':
    case 'content-length-too-short':
      return wrongLength(answer, fault, context)
    case 'clean-end':
      return cleanEnd(answer, fault)
    case 'slow-drip':
      return drip(answer, fault, context)
    default:
      return answer
  }
}

export async function breakOff(fault: Fault, answer: Answer, { socket }: FaultContext): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  if (fault.ending === 'clean') await answer.end()
  else if (fault.ending === 'fin') socket.end()
  else socket.resetAndDestroy()
  throw new ClientGone()
}

function wrap(answer: Answer, changes: Partial<Omit<Answer, 'started'>>): Answer {
  return {
    get started() {
      return answer.started
    },
    head: changes.head ?? ((status, headers) => answer.head(status, headers)),
    flush: () => answer.flush(),
    write: changes.write ?? ((chunk) => answer.write(chunk)),
    end: changes.end ?? (() => answer.end()),
  }
}

function afterHeaders(answer: Answer, fault: Fault, context: FaultContext): Answer {
  const broken = (): Promise<never> => breakOff(fault, answer, context)
  return wrap(answer, {
    head(status, headers) {
      answer.head(status, headers)
      answer.flush()
    },
    write: broken,
    end: broken,
  })
}

/** A whole answer is one chunk: it is cut in its middle whatever `afterChunks` says. */
function cut(answer: Answer, fault: Fault, context: FaultContext): Answer {
  let left = fault.afterChunks ?? 2
  let known = false
  return wrap(answer, {
    head(status, headers) {
      known = headers.some(([name]) => name === 'Content-Length')
      answer.head(status, headers)
    },
    async write(chunk) {
      if (left > 0 && !known) {
        left -= 1
        return answer.write(chunk)
      }
      await answer.write(beginningOf(Buffer.from(chunk), fault.kind === 'cut-mid-utf8'))
      await breakOff(fault, answer, context)
    },
  })
}

/** Half of the chunk, or what stands before the second byte of a character. */
function beginningOf(chunk: Buffer, insideCharacter: boolean): Buffer {
  const half = chunk.subarray(0, Math.ceil(chunk.length / 2))
  if (!insideCharacter) return half
  const wide = chunk.findIndex((byte) => byte >= 0xc0)
  return wide >= 0 ? chunk.subarray(0, wide + 1) : Buffer.concat([half, Buffer.of(0xe2, 0x82)])
}

function stall(answer: Answer, fault: Fault, { signal }: FaultContext): Answer {
  let left = fault.kind === 'stall-mid-stream' ? (fault.afterChunks ?? 2) : 0
  let pendingHead: [number, HeaderList] | undefined
  let stalled = false
  async function hold(): Promise<void> {
    if (stalled) return
    if (left > 0) {
      left -= 1
      return
    }
    stalled = true
    await pause(fault.forMs ?? Infinity, signal)
  }
  function sendHead(): void {
    if (pendingHead !== undefined) answer.head(...pendingHead)
    pendingHead = undefined
  }
  return {
    get started() {
      return answer.started || pendingHead !== undefined
    },
    head(status, headers) {
      pendingHead = [status, headers]
      if (fault.kind !== 'stall-mid-stream') return
      sendHead()
      answer.flush()
    },
    flush: () => undefined,
    async write(chunk) {
      await hold()
      sendHead()
      await answer.write(chunk)
    },
    async end() {
      if (pendingHead !== undefined) await hold()
      sendHead()
      await answer.end()
    },
  }
}

/** What a stream claims instead of its chunked framing. */
const FAR_TOO_LONG = 1_000_000
const FAR_TOO_SHORT = 100

function wrongLength(answer: Answer, fault: Fault, { socket }: FaultContext): Answer {
  const long = fault.kind === 'content-length-too-long'
  return wrap(answer, {
    head(status, headers) {
      const given = headers.find(([name]) => name === 'Content-Length')?.[1]
      const delta = fault.bytes ?? 10
      const ofStream = long ? FAR_TOO_LONG : FAR_TOO_SHORT
      const claimed = given === undefined ? ofStream : Number(given) + (long ? delta : -delta)
      const others = headers.filter(([name]) => name !== 'Content-Length')
      answer.head(status, [...others, ['Content-Length', String(Math.max(0, claimed))]])
    },
    async end() {
      await answer.end()
      // Otherwise the client would wait for the missing bytes, which is the fault called stall.
      if (long) socket.end()
    },
  })
}

function cleanEnd(answer: Answer, fault: Fault): Answer {
  let left = fault.afterChunks ?? 2
  return wrap(answer, {
    async write(chunk) {
      if (left === 0) {
        await answer.end()
        throw new ClientGone()
      }
      left -= 1
      await answer.write(chunk)
    },
  })
}

function drip(answer: Answer, fault: Fault, { signal }: FaultContext): Answer {
  const bytes = fault.bytes ?? 1
  return wrap(answer, {
    async write(chunk) {
      const whole = Buffer.from(chunk)
      for (let at = 0; at < whole.length; at += bytes) {
        await answer.write(whole.subarray(at, at + bytes))
        await pause(fault.delayMs ?? 1, signal)
      }
    },
  })
}
