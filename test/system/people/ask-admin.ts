import type { RunningGateway } from '../harness/start-gateway.ts'

export interface AdminAnswer<Body = Record<string, unknown>> {
  readonly status: number
  readonly code: string | null
  readonly body: Body
}

export interface AdminQuestion {
  /** Of user `admin` when omitted. */
  readonly key?: string
  readonly body?: object
}

/** A call of the management API, given as `METHOD /path`. */
export async function askAdmin<Body = Record<string, unknown>>(
  gateway: RunningGateway,
  call: string,
  { key = gateway.adminKey, body }: AdminQuestion = {},
): Promise<AdminAnswer<Body>> {
  const [method = '', path = ''] = call.split(' ')
  const answer = await fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${key}` },
    body: body === undefined ? null : JSON.stringify(body),
  })
  return { status: answer.status, code: answer.headers.get('corral-error'), body: (await answer.json()) as Body }
}
