import { ClientGone } from './ollama-error.ts'

/** Tokens per second of one stream that has the server to itself. */
export interface Speed {
  readonly prefill: number
  readonly decode: number
}

/** One answer at work: its prompt first, then its tokens. */
export interface ComputeStream {
  /** Resolves when so many more tokens of the prompt are read. */
  read(tokens: number): Promise<void>
  /** Resolves when so many more tokens are there. */
  write(tokens: number): Promise<void>
  close(): void
}

/** What a server computes on, where streams slow each other down. */
export interface Compute {
  /** `model` is any object that stands for the loaded model. Waits end with `ClientGone` when the signal does. */
  open(model: object, speed: Speed, signal: AbortSignal): ComputeStream
}

interface Stream {
  readonly model: object
  readonly speed: Speed
  phase: 'prefill' | 'decode'
  /** Tokens of this phase that are done. It goes on while nobody waits, so that late timers cost no speed. */
  done: number
  wanted: number
  tell: (() => void) | undefined
}

/** Streams of one model share its batch: two of them decode at 0.6 of their pace alone, and read in turns. */
const SHARED_DECODE = 1.2

/** Models at work share the server evenly. */
export function createCompute(now: () => number = () => performance.now()): Compute {
  const streams = new Set<Stream>()
  let passedTo = now()
  let timer: NodeJS.Timeout | undefined

  /** Tokens per millisecond. */
  function paceOf(stream: Stream): number {
    const together = [...streams].filter(({ model }) => model === stream.model).length
    const models = new Set([...streams].map(({ model }) => model)).size
    const gain = together > 1 && stream.phase === 'decode' ? SHARED_DECODE : 1
    return ((stream.speed[stream.phase] / 1000) * gain) / (together * models)
  }

  function pass(): void {
    const at = now()
    for (const stream of streams) {
      const done = stream.done + (at - passedTo) * paceOf(stream)
      // A prompt is read no further than it goes.
      stream.done = stream.phase === 'prefill' ? Math.min(done, stream.wanted) : done
    }
    passedTo = at
  }

  function plan(): void {
    clearTimeout(timer)
    let nextMs = Infinity
    for (const stream of [...streams]) {
      if (stream.tell === undefined) continue
      const leftMs = (stream.wanted - stream.done) / paceOf(stream)
      if (leftMs <= 0.5) stream.tell()
      else nextMs = Math.min(nextMs, leftMs)
    }
    if (nextMs !== Infinity) timer = setTimeout(look, nextMs)
  }

  function look(): void {
    pass()
    plan()
  }

  function wait(stream: Stream, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        stream.tell = undefined
        signal.removeEventListener('abort', leave)
        act()
      }
      const leave = (): void => settle(() => reject(new ClientGone()))
      if (signal.aborted) return leave()
      signal.addEventListener('abort', leave, { once: true })
      stream.tell = () => settle(resolve)
      look()
    })
  }

  return {
    open(model, speed, signal) {
      const stream: Stream = { model, speed, phase: 'prefill', done: 0, wanted: 0, tell: undefined }
      pass()
      streams.add(stream)
      return {
        read(tokens) {
          stream.wanted += tokens
          return wait(stream, signal)
        },
        write(tokens) {
          if (stream.phase === 'prefill') {
            pass()
            Object.assign(stream, { phase: 'decode', done: 0, wanted: 0 })
          }
          stream.wanted += tokens
          return wait(stream, signal)
        },
        close() {
          pass()
          streams.delete(stream)
          plan()
        },
      }
    },
  }
}
