import type { Clock } from '../../lib/clock.ts'
import { headerValue } from '../../lib/raw-headers.ts'
import type { Attempt, ResponseSink, Upstream, UpstreamErrorKind, UpstreamRequest } from '../../proxy/upstream.ts'
import type { StartTimer } from '../timer.ts'

/** Asks an upstream a small question on the gateway's own behalf. Never rejects; ends within `timeoutMs`. */
export type AskJson = (upstream: Upstream, path: string, timeoutMs: number) => Promise<JsonAnswer>

/** The same, with a body. */
export type PostJson = (upstream: Upstream, request: JsonPost, timeoutMs: number) => Promise<JsonAnswer>

export interface JsonPost {
  readonly path: string
  readonly body: unknown
}

export type JsonAnswer =
  /** `value` is undefined where the body is not JSON. */
  | { readonly kind: 'answered'; readonly status: number; readonly value: unknown; readonly tookMs: number }
  /** The upstream is this very gateway, or leads back to it. */
  | { readonly kind: 'loop' }
  | { readonly kind: 'failed'; readonly error: AskFailure; readonly detail: string }

export type AskFailure = UpstreamErrorKind | 'too-large'

export interface AskJsonDeps {
  readonly clock: Clock
  readonly startTimer: StartTimer
}

/** A tag entry is about 500 bytes: enough for ten thousand models. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024

const LOOP_STATUS = 508

const QUESTION_HEADERS = ['accept', 'application/json', 'user-agent', 'corral']

export function createAskJson(deps: AskJsonDeps): AskJson {
  return (upstream, path, timeoutMs) =>
    ask(deps, { upstream, timeoutMs, request: { method: 'GET', target: path, headers: QUESTION_HEADERS, body: null } })
}

export function createPostJson(deps: AskJsonDeps): PostJson {
  return (upstream, { path, body }, timeoutMs) => {
    const headers = [...QUESTION_HEADERS, 'content-type', 'application/json']
    const bytes = new TextEncoder().encode(JSON.stringify(body))
    return ask(deps, { upstream, timeoutMs, request: { method: 'POST', target: path, headers, body: [bytes] } })
  }
}

interface Question {
  readonly upstream: Upstream
  readonly request: UpstreamRequest
  readonly timeoutMs: number
}

function ask(deps: AskJsonDeps, { upstream, request, timeoutMs }: Question): Promise<JsonAnswer> {
  return new Promise((resolve) => {
    const startedAt = deps.clock.now()
    let settled = false
    const settle = (answer: JsonAnswer): void => {
      if (settled) return
      settled = true
      cancelTimer()
      resolve(answer)
    }
    const sink = createCollector((answer) => {
      settle(answer.kind === 'answered' ? { ...answer, tookMs: deps.clock.now() - startedAt } : answer)
      if (answer.kind === 'failed' && answer.error === 'too-large') attempt.abort('refused-answer')
    })
    const cancelTimer = deps.startTimer(timeoutMs, () => {
      settle(sink.timedOut(timeoutMs))
      attempt.abort('timed-out')
    })
    // Neither the sink nor the timer calls back before this has a value.
    const attempt: Attempt = upstream.send(request, sink)
  })
}

type Collector = ResponseSink & { timedOut(timeoutMs: number): JsonAnswer }

function createCollector(done: (answer: JsonAnswer) => void): Collector {
  const chunks: Uint8Array[] = []
  let connected = false
  let bytes = 0
  let status = 0
  let loop = false
  return {
    accepted: () => void (connected = true),
    info: () => {},
    head(code, headers) {
      status = code
      loop = code === LOOP_STATUS || headerValue(headers, 'corral-error') === 'gateway_loop'
    },
    data(chunk) {
      bytes += chunk.length
      if (bytes <= MAX_ANSWER_BYTES) chunks.push(chunk)
      else done({ kind: 'failed', error: 'too-large', detail: `more than ${MAX_ANSWER_BYTES} bytes` })
      return true
    },
    end: () => done(loop ? { kind: 'loop' } : { kind: 'answered', status, value: parseJson(chunks), tookMs: 0 }),
    fail: (error) => done({ kind: 'failed', error: error.kind, detail: describeCause(error.cause) ?? error.kind }),
    released: () => {},
    timedOut: (timeoutMs) =>
      connected
        ? { kind: 'failed', error: 'timed-out', detail: `no answer within ${timeoutMs} ms` }
        : { kind: 'failed', error: 'unreachable', detail: `no connection within ${timeoutMs} ms` },
  }
}

function parseJson(chunks: readonly Uint8Array[]): unknown {
  const decoder = new TextDecoder()
  const text = chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode()
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `ECONNREFUSED` and its like, or what our own errors say; never a message, which may hold credentials. */
function describeCause(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined
  if ('fault' in cause && typeof cause.fault === 'string') return cause.fault
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}
