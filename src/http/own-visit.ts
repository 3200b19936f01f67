import type { Principal } from '../auth/principal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Log } from '../lib/log.ts'
import type { Collecting, Proxy } from '../proxy/proxy.ts'
import type { BodyStream } from '../proxy/upstream.ts'
import type { OwnAnswer } from './own-answers.ts'
import type { MatchedRoute } from './route-match.ts'
import type { Visit, VisitEnds } from './visit.ts'

/** Of a body that comes without a key: whoever sends many large ones would leave no room for those of others. */
const MAX_OPEN_BYTES = 16 * 1024

export interface OwnVisitDeps {
  readonly ends: VisitEnds
  readonly proxy: Pick<Proxy, 'collect'>
  readonly log: Log
}

export interface OwnVisit {
  readonly visit: Visit
  readonly match: MatchedRoute
  readonly answer: OwnAnswer
  readonly principal: Principal | null
  readonly body: BodyStream | null
}

/** Lets Corral answer a request itself, and sees it to its end whatever the answer or the client do. */
export async function answerOwnVisit(
  { visit, match, answer, principal, body }: OwnVisit,
  deps: OwnVisitDeps,
): Promise<void> {
  const { client, trace, target } = visit
  const { route, params } = match
  let gone = false
  let collecting: Collecting | undefined
  client.onGone(() => {
    gone = true
    collecting?.cancel()
    deps.ends.left(trace)
  })
  const readBody = (): Promise<Uint8Array> =>
    (collecting = deps.proxy.collect({ body, trace, ...(route.scope === 'open' && { maxBytes: MAX_OPEN_BYTES }) }))
      .bytes
  try {
    const { method, pattern } = route
    const rendered = await answer({
      method,
      pattern,
      params,
      query: target.query,
      principal,
      client: client.request,
      body: readBody,
    })
    if (gone) return
    if ('events' in rendered) deps.ends.stream(visit, rendered)
    else deps.ends.answer(visit, rendered)
  } catch (error) {
    if (!gone) deps.ends.refuse(visit, knownError(error, visit, deps.log), route.dialect)
  } finally {
    collecting?.cancel()
  }
}

function knownError(error: unknown, { trace }: Visit, log: Log): GatewayError {
  if (error instanceof GatewayError) return error
  log.error({ err: error, id: trace.id, trace: trace.context?.traceId }, 'An answer of the gateway itself failed')
  return new GatewayError('internal', { cause: error })
}
