import { readStream } from '../test/system/harness/stream-client.ts'

export interface LoadOptions {
  readonly url: string
  readonly key: string
  readonly models: readonly string[]
  readonly workers: number
}

export interface LoadCounts {
  /** Ended, well or not. */
  readonly requests: number
  readonly running: number
  readonly errors: number
  /** Over the last seconds. */
  readonly tokensPerSecond: number
}

export interface Load {
  counts(): LoadCounts
  stop(): Promise<void>
}

const WINDOW_MS = 5_000
const PAUSE_MS = 400

/** A few users who ask, read the answer to its end, think a little and ask again. */
export function startLoad(options: LoadOptions): Load {
  const stopping = new AbortController()
  const tokenTimes: number[] = []
  const started = performance.now()
  let [requests, running, errors] = [0, 0, 0]

  async function ask(turn: number): Promise<void> {
    running += 1
    const model = options.models[turn % options.models.length] ?? ''
    try {
      const answer = await readStream(`${options.url}/api/chat`, {
        headers: { authorization: `Bearer ${options.key}` },
        body: { model, messages: [{ role: 'user', content: `question ${turn}` }] },
        signal: stopping.signal,
        onChunk: ({ text }) => void tokenTimes.push(...[...text.matchAll(/\n/g)].map(() => performance.now())),
      })
      if (answer.status !== 200 || !answer.text.includes('"done":true')) errors += 1
    } catch {
      if (!stopping.signal.aborted) errors += 1
    }
    running -= 1
    if (!stopping.signal.aborted) requests += 1
  }

  async function work(worker: number): Promise<void> {
    for (let turn = worker; !stopping.signal.aborted; turn += options.workers) {
      await ask(turn)
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  const working = Promise.all(Array.from({ length: options.workers }, (_, worker) => work(worker)))
  return {
    counts() {
      const now = performance.now()
      const seconds = Math.min(WINDOW_MS, now - started) / 1000
      while ((tokenTimes[0] ?? now) < now - WINDOW_MS) tokenTimes.shift()
      return { requests, running, errors, tokensPerSecond: Math.round(tokenTimes.length / seconds) }
    },
    async stop() {
      stopping.abort()
      await working
    },
  }
}
