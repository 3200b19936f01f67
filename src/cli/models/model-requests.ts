import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { GatewayError } from '../../errors/gateway-error.ts'
import { CommandFailure } from '../command-failure.ts'
import { reasonOf, refusalOf } from '../remote-administration.ts'
import { atKeyboard, type GatewayTarget } from '../gateway-target.ts'

export interface ModelRequest {
  readonly method: 'POST' | 'DELETE'
  readonly path: '/api/pull' | '/api/delete'
  readonly body: object
  /** Names of upstreams; `*` is all; empty: the gateway chooses. */
  readonly on: readonly string[]
}

/** One line of the answer. */
export interface ModelLine {
  readonly status?: unknown
  readonly digest?: unknown
  readonly total?: unknown
  readonly completed?: unknown
  readonly error?: unknown
  /** What changed at each upstream since the line before, where there are several. */
  readonly upstreams?: unknown
}

export interface ModelAnswer {
  /** Those that the gateway sent it to. */
  readonly upstreams: readonly string[]
  /** Why it failed, in the upstream's words or the gateway's. */
  readonly error: string | null
}

export interface ModelListener {
  /** The answer begins. */
  began?(upstreams: readonly string[]): void
  line?(line: ModelLine): void
}

/**
 * Asks for one change of models and follows it to its end, however long that takes: the check of a large model may be
 * silent for minutes. Rejects with what the gateway refused, and with the signal's reason.
 */
export async function requestModels(
  { server, key }: GatewayTarget,
  request: ModelRequest,
  { listener = {}, signal }: { readonly listener?: ModelListener; readonly signal?: AbortSignal } = {},
): Promise<ModelAnswer> {
  signal?.throwIfAborted()
  const body = JSON.stringify(request.body)
  const ask = server.startsWith('https:') ? httpsRequest : httpRequest
  const sent = ask(server + request.path, {
    method: request.method,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(request.on.length > 0 && { 'corral-upstream': request.on.join(',') }),
    },
    ...(signal && { signal }),
  })
  try {
    const answer = await answerTo(sent, body)
    return await readAnswer(server, answer, listener)
  } catch (error) {
    signal?.throwIfAborted()
    // An answer with a refusal is an answer; only what the sockets say is a gateway that went away.
    if (error instanceof CommandFailure || error instanceof GatewayError || !isSystemError(error)) throw error
    throw new CommandFailure(`Lost the gateway at ${server} (${reasonOf(error)}): check the URL and that it runs`, {
      cause: error,
    })
  }
}

function answerTo(sent: ClientRequest, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve)
    // Stays for what breaks later, of which the answer tells.
    sent.on('error', reject)
    sent.end(body)
  })
}

async function readAnswer(server: string, answer: IncomingMessage, listener: ModelListener): Promise<ModelAnswer> {
  const upstreams = textOf(answer.headers['corral-upstream'])
    .split(',')
    .filter((name) => name !== '')
  const status = answer.statusCode ?? 0
  const code = textOf(answer.headers['corral-error'])
  if (status === 200) listener.began?.(upstreams)
  let error: string | null = null
  let first: ModelLine | undefined
  for await (const line of linesOf(answer)) {
    first ??= line
    // Words of a server: they shall not move the cursor of a terminal.
    if (typeof line.error === 'string') error = line.error.replaceAll(/\p{Cc}+/gu, ' ')
    if (status === 200) listener.line?.(line)
  }
  if (code !== '' || (status >= 300 && error === null))
    throw atKeyboard(refusalOf(server, { status, code, answer: first }))
  return { upstreams, error }
}

async function* linesOf(answer: IncomingMessage): AsyncGenerator<ModelLine> {
  let rest = ''
  for await (const chunk of answer.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield parseLine(line)
  }
  if (rest.trim() !== '') yield parseLine(rest)
}

function parseLine(line: string): ModelLine {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' ? header : ''
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
