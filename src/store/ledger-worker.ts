import { parentPort, workerData } from 'node:worker_threads'
import { createLedgerBook, type LedgerBookOptions } from './ledger-book.ts'
import type { LedgerRequest } from './ledger-writer.ts'

/** The thread that writes the ledger, so that no request waits for a disk. Answers each request, in their order. */
const book = createLedgerBook(workerData as LedgerBookOptions)
const FIRST_PRUNING_MS = 2000
const PRUNING_MS = 600_000
/** Between two steps others write. */
const PAUSE_MS = 20

function answer(request: LedgerRequest): unknown {
  switch (request.kind) {
    case 'open':
      return book.open()
    case 'write':
      return book.write(request.group)
    case 'usage':
      return book.usage(request.query)
    case 'close':
      clearTimeout(pruning)
      return book.close()
  }
}

function prune(): void {
  const step = book.prune(Date.now())
  const isMore = step.kind === 'done' && step.value
  pruning = setTimeout(prune, isMore ? PAUSE_MS : PRUNING_MS)
}

let pruning = setTimeout(prune, FIRST_PRUNING_MS)
parentPort?.on('message', (request: LedgerRequest) => parentPort?.postMessage(answer(request)))
