import type { AdminRoutes } from '../admin-types.ts'
import { ApiError } from './api-error.ts'
import { csrfToken, sessionEnded } from './session.ts'

export type RouteName = keyof AdminRoutes
export type Input<Name extends RouteName> = AdminRoutes[Name]['input']
export type Output<Name extends RouteName> = AdminRoutes[Name]['output']

/** What goes along: values of the `:name` parts of the path, and the body, or the query of a GET. */
export interface Given<Name extends RouteName> {
  readonly params?: Readonly<Record<string, string>>
  readonly input?: Input<Name>
  readonly signal?: AbortSignal
}

/** Asks the management API as whoever is logged in. Throws ApiError. */
export async function ask<Name extends RouteName>(name: Name, given: Given<Name> = {}): Promise<Output<Name>> {
  const { method, url } = targetOf(name, given)
  const body = method === 'GET' || given.input == null ? null : JSON.stringify(given.input)
  const response = await send(url, { method, body, signal: given.signal ?? null })
  // The gateway parses each answer with the schema that this type was made from.
  return (await response.json()) as Output<Name>
}

/** For what is no JSON, such as a stream. Throws ApiError where the answer is an error. */
export async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, headers: headersFor(init), credentials: 'same-origin' }).catch(
    (error: unknown) => {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw new ApiError({ status: 0, code: 'unreachable', message: 'The gateway does not answer' })
    },
  )
  if (response.ok) return response
  if (response.status === 401) sessionEnded()
  throw await errorOf(response)
}

export function targetOf(name: string, { params = {}, input }: Given<RouteName>): { method: string; url: string } {
  const space = name.indexOf(' ')
  const method = name.slice(0, space)
  const path = name.slice(space + 1).replaceAll(/:([a-z]+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''))
  return { method, url: method === 'GET' ? `${path}${queryOf(input)}` : path }
}

function queryOf(input: unknown): string {
  if (typeof input !== 'object' || input === null) return ''
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(input)) {
    if (typeof value === 'string' ? value !== '' : typeof value === 'number' || typeof value === 'boolean')
      query.set(key, String(value))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

function headersFor({ method = 'GET', body, headers }: RequestInit): Headers {
  const all = new Headers(headers)
  const csrf = csrfToken()
  if (method !== 'GET' && csrf !== null) all.set('corral-csrf', csrf)
  if (typeof body === 'string') all.set('content-type', 'application/json')
  return all
}

async function errorOf(response: Response): Promise<ApiError> {
  const found: unknown = await response.json().catch(() => null)
  const told = typeof found === 'object' && found !== null && 'error' in found ? found.error : null
  return new ApiError({
    status: response.status,
    code: response.headers.get('corral-error') ?? 'unknown',
    message: typeof told === 'string' ? told : `The gateway answered ${response.status}`,
  })
}
