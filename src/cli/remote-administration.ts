import type { AdminRoute } from '../admin/admin-route.ts'
import { catalogue, type ErrorCode } from '../errors/catalogue.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Administration, AdministrationRequest } from './administration.ts'
import { CommandFailure } from './command-failure.ts'
import { queryText } from './query-text.ts'

const timeoutMs = 15_000

/** Asks a running gateway over its management API. */
export function createRemoteAdministration({
  server,
  key,
}: {
  readonly server: string
  readonly key: string
}): Administration {
  const base = parseServer(server)

  async function request(route: AdminRoute, path: string, body: string | null): Promise<Response> {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      return await fetch(base + path, { method: route.method, headers, body, signal, redirect: 'manual' })
    } catch (error) {
      throw new CommandFailure(
        `Cannot reach the gateway at ${base} (${reasonOf(error)}): check the URL and that it runs`,
        { cause: error },
      )
    }
  }

  return {
    async call<Input, Output>(
      route: AdminRoute<Input, Output>,
      { input, params = {} }: AdministrationRequest<Input> = {},
    ) {
      const path = route.pattern.replaceAll(/:([a-z]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
      const response = await request(route, path + queryOf(route, input), bodyOf(route, input))
      const answer = parseJson(await response.text())
      if (!response.ok) {
        const code = response.headers.get('corral-error') ?? ''
        throw refusalOf(base, { status: response.status, code, answer })
      }
      const parsed = route.output.safeParse(answer)
      if (!parsed.success)
        throw new CommandFailure(`${base} does not answer like a Corral of this version: check the URL`)
      return parsed.data
    },
    close: async () => {},
  }
}

function queryOf(route: AdminRoute, input: unknown): string {
  const text = queryText(route, input)
  return text === '' ? '' : `?${text}`
}

function bodyOf({ method }: AdminRoute, input: unknown): string | null {
  return method === 'GET' || input === undefined ? null : JSON.stringify(input)
}

/** A gateway's URL, without a slash at its end. `source`: where it was given. */
export function parseServer(server: string, source = '--server'): string {
  const url = URL.parse(server.includes('://') ? server : `http://${server}`)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw new CommandFailure(`${source} ${JSON.stringify(server)} is not an http or https URL`, { exitCode: 2 })
  }
  return url.origin + url.pathname.replace(/\/+$/, '')
}

/** What a gateway said in place of an answer. */
export interface Refusal {
  readonly status: number
  /** The header `corral-error`. */
  readonly code: string
  readonly answer: unknown
}

/** The gateway's own error, as if it had been made here; anything else is not a gateway. */
export function refusalOf(base: string, { status, code, answer }: Refusal): Error {
  if (!isErrorCode(code))
    return new CommandFailure(`${base} answered ${status} but not as a Corral gateway does: check the URL`)
  const isText = typeof answer === 'object' && answer !== null && 'error' in answer && typeof answer.error === 'string'
  return new GatewayError(code, isText ? { message: String(answer.error) } : {})
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(catalogue, code)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Why there was no answer, in words. Fetch says "fetch failed" and keeps the reason underneath. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
  const words: Record<string, string> = {
    ECONNREFUSED: 'connection refused',
    ENOTFOUND: 'no such host',
    ECONNRESET: 'connection reset',
    TimeoutError: 'no answer in time',
  }
  // Deno's fetch has its reasons in the text alone.
  if (/connection refused/i.test(cause.message)) return 'connection refused'
  return /\bdns error\b/.test(cause.message) ? 'no such host' : (words[code] ?? cause.message)
}
