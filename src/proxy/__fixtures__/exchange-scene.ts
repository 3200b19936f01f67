import type { Dialect } from '../../dialects/dialect.ts'
import { dialects } from '../../dialects/dialects.ts'
import type { StreamFormat } from '../../dialects/stream-format.ts'
import type { ExchangeRecord } from '../exchange-record.ts'
import type { Asking } from '../exchange-request.ts'
import { ExchangeTrace } from '../exchange-trace.ts'
import { Exchange } from '../exchange.ts'
import type { Reservation } from '../limits-port.ts'
import { NO_PROMPT } from '../prompt.ts'
import type { RetryBudget } from '../retry-budget.ts'
import type { Route } from '../route.ts'
import type { Router, SharedWork } from '../router.ts'
import type { BodyStream, UpstreamError } from '../upstream.ts'
import { CHAT } from './routes.ts'
import { createRecordingClient, type RecordingClient } from './recording-client.ts'
import { createScriptedFleet, type ScriptedAttempt, type ScriptedFleet } from './scripted-fleet.ts'

export const NDJSON: StreamFormat = { framing: 'ndjson', dialect: 'ollama' }
export const sse = (dialect: Dialect): StreamFormat => ({ framing: 'sse', dialect })
export const LINE = '{"message":{"content":"a"},"done":false}\n'
export const LAST = '{"message":{"content":""},"done":true,"prompt_eval_count":7,"eval_count":3}\n'

export const refused: UpstreamError = { kind: 'unreachable', executed: 'no' }
export const reset: UpstreamError = { kind: 'reset', executed: 'maybe' }

export interface Scene {
  readonly client: RecordingClient
  readonly fleet: ScriptedFleet
  readonly exchange: Exchange
  readonly records: ExchangeRecord[]
  readonly wrote: string[]
  /** Upstreams whose model began to answer. */
  readonly began: string[]
  readonly retries: { inFlight: number; taken: number }
  /** The attempt that was begun last. */
  attempt(): ScriptedAttempt
}

export interface SceneOptions {
  readonly upstreams?: readonly string[]
  readonly route?: Route
  readonly format?: StreamFormat | null
  readonly hold?: boolean
  readonly budget?: number
  readonly firstByteTimeoutMs?: number
  readonly idleTimeoutMs?: number
  readonly body?: BodyStream
  /** What another model would be asked. */
  readonly another?: Asking
  readonly reservation?: Reservation
  readonly caches?: boolean
  /** Of each claim. */
  readonly shared?: SharedWork
}

export function begin(options: SceneOptions = {}): Scene {
  const { route = CHAT, format = NDJSON, budget = 3, firstByteTimeoutMs = 1000, idleTimeoutMs = 100 } = options
  const client = createRecordingClient({ target: route.pattern })
  const fleet = createScriptedFleet(...(options.upstreams ?? ['one', 'two']))
  fleet.hold = options.hold ?? false
  const records: ExchangeRecord[] = []
  const wrote: string[] = []
  const began: string[] = []
  const retries = { inFlight: 0, taken: 0 }
  const trace = new ExchangeTrace('x1', 'POST')
  trace.model = 'tiny:latest'
  const exchange = new Exchange(
    client,
    {
      trace,
      route,
      principal: { user: 'u', keyId: 'k', keyName: 'n', scopes: new Set(), models: null, upstreams: null, pools: null },
      asking: {
        model: 'tiny:latest',
        upstream: { method: 'POST', target: route.pattern, headers: [], body: options.body ?? [new Uint8Array(2)] },
        prompt: NO_PROMPT,
        another: () => options.another,
      },
      named: null,
      format,
      cacheWish: 'any',
      extraHeaders: ['vary', 'Origin'],
      reservation: options.reservation ?? null,
    },
    {
      dialects,
      router: options.shared === undefined ? fleet.router : sharing(fleet.router, options.shared),
      retries: countRetries(retries, budget),
      caches: options.caches ?? false,
      limits: { firstByteTimeoutMs, idleTimeoutMs },
      running: () => 1,
      respond(port, answer, trace) {
        port.head(answer.status, answer.headers)
        trace.sent(answer.body.length)
        port.data(new TextEncoder().encode(answer.body))
        port.end()
      },
      began: (upstream) => void began.push(upstream.id),
      wrote: (upstream) => void wrote.push(upstream),
      over: (_exchange, each) => void records.push(each),
    },
  )
  exchange.start()
  return {
    client,
    fleet,
    exchange,
    records,
    wrote,
    began,
    retries,
    attempt() {
      const last = fleet.attempts.at(-1)
      if (last === undefined) throw new Error('nothing was attempted')
      return last
    },
  }
}

function sharing(router: Router, shared: SharedWork): Router {
  return {
    request: (request, to) =>
      router.request(request, {
        granted: (claim) => to.granted({ ...claim, shared }),
        refused: (error) => to.refused(error),
      }),
  }
}

function countRetries(count: { inFlight: number; taken: number }, most: number): RetryBudget {
  return {
    take() {
      if (count.taken >= most) return false
      count.taken += 1
      count.inFlight += 1
      return true
    },
    done: () => void (count.inFlight -= 1),
  }
}

export function headersOf(client: RecordingClient): Record<string, string> {
  const pairs = client.headers.flatMap((name, i) =>
    i % 2 === 0 ? [[name.toLowerCase(), client.headers[i + 1] ?? '']] : [],
  )
  return Object.fromEntries(pairs) as Record<string, string>
}
