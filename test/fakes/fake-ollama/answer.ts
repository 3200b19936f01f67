import type { ServerResponse } from 'node:http'
import { ClientGone } from './ollama-error.ts'
import { encode } from './go-json.ts'

export type HeaderList = readonly (readonly [name: string, value: string])[]

/** Where a handler writes; faults stand between it and the socket. */
export interface Answer {
  readonly started: boolean
  /** Leaves with the first chunk, as in Go, or with `flush`. */
  head(status: number, headers: HeaderList): void
  flush(): void
  /** Resolves when there is room for more; rejects when the client has left. */
  write(chunk: string | Uint8Array): Promise<void>
  end(): Promise<void>
}

export const JSON_TYPE = 'application/json; charset=utf-8'

/** An answer whose whole body is known, as gin sends it. */
export async function send(
  answer: Answer,
  status: number,
  options: { readonly type?: string; readonly body?: string; readonly headers?: HeaderList } = {},
): Promise<void> {
  const body = options.body ?? ''
  const type: HeaderList = options.type === undefined ? [] : [['Content-Type', options.type]]
  const length: HeaderList = status === 204 ? [] : [['Content-Length', String(Buffer.byteLength(body))]]
  answer.head(status, [...type, ...(options.headers ?? []), ...length])
  if (body !== '') await answer.write(body)
  await answer.end()
}

export function sendJson(answer: Answer, status: number, value: unknown): Promise<void> {
  return send(answer, status, { type: JSON_TYPE, body: encode(value) })
}

export interface AnswerHooks {
  readonly signal: AbortSignal
  /** Whether the connection ends with this answer, although the client did not ask for that. */
  mustClose(): boolean
  onHead(status: number): void
  onBytes(bytes: number): void
}

/** Writes with node:http, in Go's framing: no `Connection` or `Keep-Alive` unless the client asked to close. */
export function createAnswer(response: ServerResponse, hooks: AnswerHooks): Answer {
  const { signal } = hooks

  function room(): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => reject(new ClientGone())
      response.once('drain', () => {
        signal.removeEventListener('abort', leave)
        resolve()
      })
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  return {
    get started() {
      return response.headersSent
    },
    head(status, headers) {
      hooks.onHead(status)
      for (const [name, value] of headers) response.appendHeader(name, value)
      if (!response.hasHeader('Connection')) {
        if (hooks.mustClose()) response.setHeader('Connection', 'close')
        else if (response.shouldKeepAlive) response.removeHeader('Connection')
      }
      response.writeHead(status)
    },
    flush: () => response.flushHeaders(),
    async write(chunk) {
      if (signal.aborted) throw new ClientGone()
      if (chunk.length === 0) return
      hooks.onBytes(Buffer.byteLength(chunk))
      if (!response.write(chunk)) await room()
    },
    end: () =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve()
        signal.addEventListener('abort', () => resolve(), { once: true })
        response.end(resolve)
      }),
  }
}
