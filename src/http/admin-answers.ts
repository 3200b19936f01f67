import type { AdminApi, AdminCall } from '../admin/admin-api.ts'
import type { Principal } from '../auth/principal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { OwnReply } from './respond.ts'
import type { StreamAnswer } from './stream-answer.ts'

interface AdminRequest {
  readonly params: Readonly<Record<string, string>>
  readonly query: string
  readonly principal: Principal | null
  body(): Promise<Uint8Array>
}

type AdminAnswer = (request: AdminRequest) => Promise<OwnReply | StreamAnswer>

export type AnsweredApi = Pick<AdminApi, 'routes' | 'handle' | 'streams' | 'open'>

const HEADERS = ['content-type', 'application/json; charset=utf-8', 'cache-control', 'no-store']

/** The management API, by `METHOD pattern`. */
export function adminAnswers(admin: AnsweredApi): readonly (readonly [string, AdminAnswer])[] {
  const routes = admin.routes.map((route): [string, AdminAnswer] => {
    const answer: AdminAnswer = async (request) => {
      const { status, body } = await admin.handle(route, callOf(request, await request.body()))
      return { status, headers: HEADERS, body }
    }
    return [`${route.method} ${route.pattern}`, answer]
  })
  const streams = admin.streams.map((stream): [string, AdminAnswer] => {
    const answer: AdminAnswer = async (request) => ({ events: await admin.open(stream, callOf(request)) })
    return [`${stream.method} ${stream.pattern}`, answer]
  })
  return [...routes, ...streams]
}

/** Who asks. Only routes that are open to everybody have nobody. */
export function askerOf({ principal }: Pick<AdminRequest, 'principal'>): Principal {
  if (principal === null) throw new GatewayError('no_credential')
  return principal
}

function callOf(request: AdminRequest, body: Uint8Array = new Uint8Array(0)): AdminCall {
  const { params, query } = request
  return { params, query, body, principal: askerOf(request) }
}
