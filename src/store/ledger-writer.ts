import { Worker } from 'node:worker_threads'
import { GatewayError } from '../errors/gateway-error.ts'
import type { LedgerWriter } from '../ledger/ledger.ts'
import type { LedgerGroup } from '../ledger/ledger-group.ts'
import type { UsageQuery, UsageRow } from '../ledger/usage.ts'
import type { LedgerAnswer, LedgerBookOptions } from './ledger-book.ts'

export type LedgerRequest =
  | { readonly kind: 'open' }
  | { readonly kind: 'write'; readonly group: LedgerGroup }
  | { readonly kind: 'usage'; readonly query: UsageQuery }
  | { readonly kind: 'close' }

export interface LedgerWriterDeps {
  /** Hears how many ledgers before this one ended without being closed, where there were any. */
  unclosed(count: number): void
}

/** Its heap holds a group or two, and statements. */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 4 }

/** Writes the ledger in a thread of its own, which is started again where it has ended. */
export function createLedgerWriter(options: LedgerBookOptions, { unclosed }: LedgerWriterDeps): LedgerWriter {
  let worker: Worker | null = null
  /** Of each request that is on its way; they are answered in their order. */
  const waiting: ((answer: LedgerAnswer<unknown>) => void)[] = []

  function start(): Worker {
    const started = new Worker(workerUrl(), { workerData: options, resourceLimits: HEAP_LIMITS, env: {}, argv: [] })
    started.unref()
    started.on('message', (answer: LedgerAnswer<unknown>) => waiting.shift()?.(answer))
    started.on('error', (error: Error) => ended(started, error.message))
    started.on('exit', () => ended(started, 'it was stopped'))
    return started
  }

  function ended(which: Worker, reason: string): void {
    if (which !== worker) return
    worker = null
    const problem = `the thread that writes it has ended: ${reason}`
    for (const answered of waiting.splice(0)) answered({ kind: 'failed', problem })
  }

  /** `T` is what the book answers to this kind of request. */
  function ask<T>(request: LedgerRequest): Promise<LedgerAnswer<T>> {
    return new Promise((resolve) => {
      worker ??= open()
      waiting.push(resolve as (answer: LedgerAnswer<unknown>) => void)
      worker.postMessage(request)
    })
  }

  async function read<T>(request: LedgerRequest): Promise<T> {
    const answer = await ask<T>(request)
    if (answer.kind === 'done') return answer.value
    throw new GatewayError('ledger_unavailable', { message: `The ledger cannot be read: ${answer.problem}` })
  }

  function open(): Worker {
    const started = start()
    waiting.push((answer) => {
      if (answer.kind === 'done' && typeof answer.value === 'number' && answer.value > 0) unclosed(answer.value)
    })
    started.postMessage({ kind: 'open' } satisfies LedgerRequest)
    return started
  }

  worker = open()
  return {
    async write(group) {
      const answer = await ask<null>({ kind: 'write', group })
      return answer.kind === 'done' ? null : answer.problem
    },
    usage: (query) => read<UsageRow[]>({ kind: 'usage', query }),
    async close() {
      worker?.ref()
      await ask<null>({ kind: 'close' })
      const closing = worker
      worker = null
      await closing?.terminate()
    },
  }
}

/** In the npm package both are files of one folder. */
function workerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './ledger-worker.ts' : './ledger-worker.js', import.meta.url)
}
