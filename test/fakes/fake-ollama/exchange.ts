import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import type { Answer } from './answer.ts'
import type { Counters, CounterInput, RequestRecord } from './counters.ts'
import type { Fault } from './faults.ts'
import { decodeStruct, GoJsonError, type Fields, type GoStruct } from './go-json.ts'
import { ClientGone, OllamaError } from './ollama-error.ts'

/** One request with what its handler needs. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly answer: Answer
  /** Aborted when the client has left. */
  readonly signal: AbortSignal
  readonly fault: Fault | undefined
  /** Values of `:name` segments. */
  readonly params: Readonly<Record<string, string>>
  /** Every chunk is counted before the handler sees it. */
  body(): AsyncIterable<Buffer>
}

export interface RequestBody {
  read(): AsyncIterable<Buffer>
  /** The client waits for `100 Continue`, which Go sends when a handler begins to read. */
  isAwaited(): boolean
}

export function countedBody(
  response: ServerResponse,
  record: RequestRecord,
  counters: Counters & CounterInput,
): RequestBody {
  const request = response.req
  let awaited = expectsContinue(request)
  async function* read(): AsyncGenerator<Buffer> {
    if (awaited) response.writeContinue()
    awaited = false
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        counters.bodyChunk(record, chunk)
        yield chunk
      }
    } catch {
      throw new ClientGone()
    }
    counters.bodyEnded(record)
  }
  return { read, isAwaited: () => awaited }
}

export function expectsContinue(request: IncomingMessage): boolean {
  return request.headers.expect?.toLowerCase() === '100-continue'
}

export async function wholeBody(exchange: Exchange): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of exchange.body()) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const compressed = exchange.request.headers['content-encoding'] === 'zstd' && exchange.request.url?.startsWith('/v1/')
  return compressed === true ? promisify(zstdDecompress)(body) : body
}

/** The body as a Go struct; what Ollama says about a bad one comes with status 400. */
export async function jsonBody(exchange: Exchange, shape: GoStruct): Promise<Fields> {
  const body = await wholeBody(exchange)
  if (body.length === 0) throw new OllamaError(400, 'missing request body')
  try {
    return decodeStruct(body, shape)
  } catch (error) {
    if (error instanceof GoJsonError) throw new OllamaError(400, error.message)
    throw error
  }
}

export function textField(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}

export function recordField(fields: Fields, name: string): Readonly<Record<string, unknown>> {
  const value = fields[name]
  return isRecord(value) ? value : {}
}

export function listField(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name]
  return Array.isArray(value) ? value : []
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
