import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkAccess } from './access-check.ts'
import { createAnswer, send, type Answer, type HeaderList } from './answer.ts'
import type { CounterInput, Counters, RequestRecord } from './counters.ts'
import { sendError, type ErrorShape } from './error-shape.ts'
import { countedBody, expectsContinue, wholeBody, type Exchange } from './exchange.ts'
import type { Fault, FaultPanel } from './faults.ts'
import { breakOff, spoil } from './faulty-answer.ts'
import { flood } from './flood.ts'
import { ClientGone, OllamaError, SERVER_BUSY } from './ollama-error.ts'
import { pause } from './pause.ts'
import { matchRoute, methodsOf, type FakeRoute } from './routes.ts'

export interface DispatchDeps {
  readonly routes: readonly FakeRoute[]
  readonly counters: Counters & CounterInput
  readonly faults: FaultPanel
  readonly hostCheck: boolean
  /** Number of this connection, and how many requests came before on it. */
  connectionOf(request: IncomingMessage): { readonly id: number; readonly earlier: number }
}

/** One request from its head to the last byte of its answer. Rejects never. */
export async function dispatch(deps: DispatchDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? 'GET'
  const target = request.url ?? '/'
  const { id, earlier } = deps.connectionOf(request)
  const fault = deps.faults.take(method, target.split('?', 1)[0] ?? target)
  const rawHeaders = request.rawHeaders
  const record = deps.counters.requestOpened({ connection: id, method, target, rawHeaders, fault: fault?.kind })
  const gone = new AbortController()
  response.once('finish', () => deps.counters.requestEnded(record, 'complete'))
  response.once('close', () => {
    deps.counters.requestEnded(record, response.writableFinished ? 'complete' : 'aborted')
    gone.abort()
  })
  const body = countedBody(response, record, deps.counters)
  const plain = createAnswer(response, {
    signal: gone.signal,
    // Nobody asked for the body, so nobody knows where the next request begins.
    mustClose: () => body.isAwaited(),
    onHead: (status) => void (record.status = status),
    onBytes: (bytes) => deps.counters.bytesOut(bytes),
  })
  const context = { socket: request.socket, signal: gone.signal }
  const exchange = {
    request,
    answer: fault === undefined ? plain : spoil(plain, fault, context),
    signal: gone.signal,
    fault,
    params: {},
    body: () => body.read(),
  }
  try {
    if (fault === undefined || !(await strikeFirst(fault, exchange, earlier))) await route(deps, exchange, record)
  } catch (error) {
    if (!(error instanceof ClientGone)) response.destroy(error instanceof Error ? error : undefined)
  }
}

/** Faults that come instead of an answer; true where the request is dealt with. */
async function strikeFirst(fault: Fault, exchange: Exchange, earlier: number): Promise<boolean> {
  const { socket } = exchange.request
  switch (fault.kind) {
    case 'close-after-reuse':
      if (earlier > 0) socket.destroy()
      return earlier > 0
    case 'stall-upload':
      exchange.request.read(0)
      await pause(fault.forMs ?? Infinity, exchange.signal)
      return false
    case 'reset-before-headers':
      if (fault.readBody !== false) await wholeBody(exchange)
      await breakOff({ ...fault, ending: fault.ending ?? 'rst' }, exchange.answer, { socket, signal: exchange.signal })
      return true
    case 'html-200':
      await wholeBody(exchange)
      await send(exchange.answer, 200, {
        type: 'text/html; charset=utf-8',
        body: '<!doctype html><title>Welcome</title><h1>It works!</h1>\n',
      })
      return true
    case 'flood':
      await wholeBody(exchange)
      await flood(exchange.answer, fault)
      return true
    default:
      return false
  }
}

async function route(deps: DispatchDeps, exchange: Exchange, record: RequestRecord): Promise<void> {
  const { request } = exchange
  const access = checkAccess(request, deps.hostCheck)
  if (access.kind === 'denied') return send(exchange.answer, 403)
  if (access.kind === 'preflight') {
    const allow: HeaderList = [['Allow', methodsOf(deps.routes, record.target).join(', ')]]
    return send(exchange.answer, 204, { headers: [...access.headers, ...allow] })
  }
  const answer = withHeaders(exchange.answer, access.headers)
  const match = matchRoute(deps.routes, record.method, record.target)
  if (match.kind === 'other') return match.answer(answer)
  const found = { ...exchange, answer, params: match.params }
  await handle(found, match.route)
  if (!expectsContinue(request)) await drainBody(found, record)
}

async function handle(exchange: Exchange, found: FakeRoute): Promise<void> {
  try {
    if (exchange.fault?.kind === 'busy-503') {
      await wholeBody(exchange)
      throw new OllamaError(503, SERVER_BUSY)
    }
    await found.handle(exchange)
  } catch (error) {
    if (error instanceof ClientGone || exchange.answer.started) throw error
    await sendError(exchange.answer, errorShape(found.errors, error), asOllamaError(error))
  }
}

/** A body nobody read still belongs to this request: counted, so that a test can compare it. */
async function drainBody(exchange: Exchange, record: RequestRecord): Promise<void> {
  if (record.bodyEnded || exchange.request.readableEnded || exchange.request.readableFlowing !== null) return
  for await (const _chunk of exchange.body());
}

/** The cloud check answers in the native shape, whatever route it stands before. */
function errorShape(shape: ErrorShape, error: unknown): ErrorShape {
  return error instanceof OllamaError && error.status === 401 ? 'native' : shape
}

function asOllamaError(error: unknown): OllamaError {
  if (error instanceof OllamaError) return error
  return new OllamaError(500, error instanceof Error ? error.message : String(error))
}

function withHeaders(answer: Answer, headers: HeaderList): Answer {
  if (headers.length === 0) return answer
  return {
    get started() {
      return answer.started
    },
    head: (status, others) => answer.head(status, [...headers, ...others]),
    flush: () => answer.flush(),
    write: (chunk) => answer.write(chunk),
    end: () => answer.end(),
  }
}
