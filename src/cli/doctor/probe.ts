import { request as requestHttp, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { RawHeaders } from '../../lib/raw-headers.ts'

export type Answer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: IncomingHttpHeaders
      readonly json: unknown
    }
  | { readonly kind: 'failed'; readonly reason: string }

export interface ProbeOptions {
  readonly headers?: RawHeaders
  /** PEM text. */
  readonly ca?: string | null
  /** For questions that carry nothing secret, about our own address. */
  readonly anyCertificate?: boolean
  readonly timeoutMs?: number
}

const maxAnswerBytes = 8 * 1024 * 1024
const defaultTimeoutMs = 3000

/** Asks one question with GET. Never rejects. */
export function probe(url: string, options: ProbeOptions = {}): Promise<Answer> {
  const { protocol, host } = new URL(url)
  const secure = protocol === 'https:'
  // What Ollama expects behind a gateway, wherever it is bound; https needs the real name.
  const fields = ['host', secure ? host : 'localhost:11434', 'connection', 'close', ...(options.headers ?? [])]
  const request: RequestOptions = {
    headers: fields,
    signal: AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs),
  }
  const tls = { ...(options.ca != null && { ca: options.ca }), rejectUnauthorized: options.anyCertificate !== true }
  return new Promise((resolve) => {
    const fail = (error: Error): void => resolve({ kind: 'failed', reason: reasonOf(error) })
    const sent = secure ? requestHttps(url, { ...request, ...tls }) : requestHttp(url, request)
    sent.on('error', fail)
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxAnswerBytes) sent.destroy(new Error('its answer is too large'))
        else chunks.push(chunk)
      })
      response.on('error', fail)
      response.on('end', () => {
        const json = parseJson(Buffer.concat(chunks).toString('utf8'))
        resolve({ kind: 'answered', status: response.statusCode ?? 0, headers: response.headers, json })
      })
    })
    sent.end()
  })
}

/** What an Ollama answers to GET /api/version; undefined for anything else. The text comes from a stranger. */
export function versionOf(answer: Answer): string | undefined {
  if (answer.kind === 'failed' || answer.status !== 200) return undefined
  const { json } = answer
  if (typeof json !== 'object' || json === null || !('version' in json)) return undefined
  return typeof json.version === 'string' && /^[\w.+-]{1,40}$/.test(json.version) ? json.version : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reasonOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const words: Record<string, string> = {
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection reset',
    ENOTFOUND: 'no such host',
    EHOSTUNREACH: 'no route to it',
    ENETUNREACH: 'no route to it',
    TimeoutError: 'no answer in time',
    AbortError: 'no answer in time',
    ABORT_ERR: 'no answer in time',
  }
  // What follows in some messages is advice for programs.
  return words[code] ?? error.message.split(/[;\n]/)[0] ?? error.message
}
