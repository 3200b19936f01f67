import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'

export interface RequestRecord {
  readonly id: number
  readonly connection: number
  /** `performance.now()` of this process, as all times here. */
  readonly at: number
  readonly method: string
  readonly target: string
  /** As they stood on the wire. */
  readonly rawHeaders: readonly string[]
  readonly fault: string | undefined
  bodyBytes: number
  /** Of the body so far; final when `bodyEnded`. */
  bodySha256: string
  /** The beginning of the body, at most `KEPT_BODY_BYTES`. */
  body: Buffer
  bodyEnded: boolean
  status: number | undefined
  endedAt: number | undefined
  ending: 'running' | 'complete' | 'aborted'
}

export interface ConnectionClose {
  readonly connection: number
  readonly at: number
  readonly requests: number
  readonly hadError: boolean
}

export interface CountersSnapshot {
  readonly requests: Readonly<Record<string, number>>
  readonly opened: number
  readonly aborted: number
  readonly running: number
  readonly maxRunning: number
  readonly connections: number
  readonly openConnections: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly last: readonly RequestRecord[]
  readonly closes: readonly ConnectionClose[]
}

export interface Counters {
  snapshot(): CountersSnapshot
  /** Resolves with the first snapshot that satisfies; rejects after `timeoutMs`. */
  until(satisfied: (snapshot: CountersSnapshot) => boolean, timeoutMs?: number): Promise<CountersSnapshot>
  /** Requests to this path, oldest first, as far as they are remembered. */
  requestsTo(path: string): readonly RequestRecord[]
  reset(): void
}

/** What the server tells the counters; no fault stands between. */
export interface CounterInput {
  connectionOpened(): number
  connectionClosed(connection: number, requests: number, hadError: boolean): void
  requestOpened(request: NewRequest): RequestRecord
  bodyChunk(record: RequestRecord, chunk: Uint8Array): void
  bodyEnded(record: RequestRecord): void
  bytesOut(bytes: number): void
  requestEnded(record: RequestRecord, ending: 'complete' | 'aborted'): void
}

type NewRequest = Pick<RequestRecord, 'connection' | 'method' | 'target' | 'rawHeaders' | 'fault'>

const KEPT_REQUESTS = 200
const KEPT_CLOSES = 1000
const KEPT_BODY_BYTES = 64 * 1024

export function createCounters(): Counters & CounterInput {
  const changed = new EventEmitter().setMaxListeners(0)
  const hashes = new Map<RequestRecord, ReturnType<typeof createHash>>()
  let state = emptyState()
  let lastConnection = 0
  let openConnections = 0
  let running = 0

  const tell = (): void => void changed.emit('change')
  const snapshot = (): CountersSnapshot => ({
    ...state,
    requests: Object.fromEntries(state.requests),
    running,
    openConnections,
    last: [...state.last],
    closes: [...state.closes],
  })

  return {
    snapshot,
    until: (satisfied, timeoutMs = 5_000) => waitUntil(changed, snapshot, { satisfied, timeoutMs }),
    requestsTo: (path) => state.last.filter((record) => pathOf(record.target) === path),
    reset: () => void (state = emptyState()),
    connectionOpened() {
      state.connections += 1
      openConnections += 1
      tell()
      return (lastConnection += 1)
    },
    connectionClosed(connection, requests, hadError) {
      openConnections -= 1
      state.closes.push({ connection, at: performance.now(), requests, hadError })
      if (state.closes.length > KEPT_CLOSES) state.closes.shift()
      tell()
    },
    requestOpened(request) {
      state.opened += 1
      running += 1
      state.maxRunning = Math.max(state.maxRunning, running)
      const route = `${request.method} ${pathOf(request.target)}`
      state.requests.set(route, (state.requests.get(route) ?? 0) + 1)
      const record = newRecord(state.opened, request)
      hashes.set(record, createHash('sha256'))
      state.last.push(record)
      if (state.last.length > KEPT_REQUESTS) state.last.shift()
      tell()
      return record
    },
    bodyChunk(record, chunk) {
      state.bytesIn += chunk.length
      if (record.bodyBytes < KEPT_BODY_BYTES) {
        record.body = Buffer.concat([record.body, chunk]).subarray(0, KEPT_BODY_BYTES)
      }
      record.bodyBytes += chunk.length
      hashes.get(record)?.update(chunk)
      tell()
    },
    bodyEnded(record) {
      record.bodyEnded = true
      record.bodySha256 = hashes.get(record)?.digest('hex') ?? ''
      hashes.delete(record)
    },
    bytesOut(bytes) {
      state.bytesOut += bytes
      tell()
    },
    requestEnded(record, ending) {
      if (record.ending !== 'running') return
      running -= 1
      if (ending === 'aborted') state.aborted += 1
      record.ending = ending
      record.endedAt = performance.now()
      hashes.delete(record)
      tell()
    },
  }
}

function emptyState() {
  return {
    requests: new Map<string, number>(),
    opened: 0,
    aborted: 0,
    maxRunning: 0,
    connections: 0,
    bytesIn: 0,
    bytesOut: 0,
    last: [] as RequestRecord[],
    closes: [] as ConnectionClose[],
  }
}

function newRecord(id: number, request: NewRequest): RequestRecord {
  return {
    ...request,
    id,
    at: performance.now(),
    bodyBytes: 0,
    bodySha256: '',
    body: Buffer.alloc(0),
    bodyEnded: false,
    status: undefined,
    endedAt: undefined,
    ending: 'running',
  }
}

function waitUntil(
  changed: EventEmitter,
  snapshot: () => CountersSnapshot,
  want: { readonly satisfied: (snapshot: CountersSnapshot) => boolean; readonly timeoutMs: number },
): Promise<CountersSnapshot> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      changed.off('change', check)
      const { last: _last, closes: _closes, ...numbers } = snapshot()
      reject(new Error(`the fake did not get there within ${want.timeoutMs} ms: ${JSON.stringify(numbers)}`))
    }, want.timeoutMs)
    function check(): void {
      const now = snapshot()
      if (!want.satisfied(now)) return
      clearTimeout(timer)
      changed.off('change', check)
      resolve(now)
    }
    changed.on('change', check)
    check()
  })
}

function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? target
}
