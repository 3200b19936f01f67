import type { Principal } from '../auth/principal.ts'
import type { RenderedError } from '../dialects/error-body.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Log } from '../lib/log.ts'
import { headerValue } from '../lib/raw-headers.ts'
import type { ClientPort } from '../proxy/client-port.ts'
import type { Proxy } from '../proxy/proxy.ts'
import type { BodyStream } from '../proxy/upstream.ts'
import { parseBatch } from '../tunnel/wire/batch.ts'
import { BATCH_HEADER_BYTES, MAX_BATCH_BYTES } from '../tunnel/wire/frame-layout.ts'
import type { SsePost, SseReceipt } from '../tunnel/server/sse-transport.ts'
import type { Visit, VisitEnds } from './visit.ts'

/** Where agents go that come without a WebSocket. */
export interface AgentDoor {
  /** Answers with an event stream that becomes a session. `over` is called once, when it has ended. */
  openStream(client: ClientPort, opening: AgentOpening): void
  receive(post: SsePost): SseReceipt
}

export interface AgentOpening {
  /** The first batch. */
  readonly greeting: Uint8Array
  readonly principal: Principal
  over(): void
}

export interface AgentVisitDeps {
  readonly agents: AgentDoor
  readonly ends: VisitEnds
  readonly proxy: Pick<Proxy, 'collect'>
  /** Whether what was let in before its body came still is. */
  isLive(principal: Principal): boolean
  readonly log: Log
}

export interface AgentVisit {
  readonly visit: Visit
  readonly principal: Principal
  readonly body: BodyStream | null
}

const MAX_BODY_BYTES = BATCH_HEADER_BYTES + MAX_BATCH_BYTES
const JSON_TYPE = ['content-type', 'application/json', 'cache-control', 'no-store']

/** A greeting, or what an agent says later. */
export async function answerAgentVisit(agentVisit: AgentVisit, deps: AgentVisitDeps): Promise<void> {
  const { visit, principal, body } = agentVisit
  const { client, trace, target } = visit
  const collecting = deps.proxy.collect({ body, trace, maxBytes: MAX_BODY_BYTES })
  const state = { gone: false }
  client.onGone(() => {
    state.gone = true
    collecting.cancel()
    deps.ends.left(trace)
  })
  try {
    const bytes = await collecting.bytes
    if (state.gone) return
    // Revoked while the body was on the way: what ends open sessions has not seen this one.
    if (!deps.isLive(principal)) throw new GatewayError('wrong_credential')
    if (target.path === '/agent/v1/sse') openStream(agentVisit, bytes, deps)
    else deps.ends.reply(visit, receive(agentVisit, bytes, deps))
  } catch (error) {
    if (!state.gone) deps.ends.refuse(visit, knownError(error, visit, deps.log), 'ollama')
  } finally {
    collecting.cancel()
  }
}

function openStream({ visit, principal }: AgentVisit, greeting: Uint8Array, deps: AgentVisitDeps): void {
  const { client, trace } = visit
  const batch = parseBatch(greeting)
  if (!batch.ok) throw new GatewayError('invalid_input', { message: `The body is ${batch.reason}` })
  deps.agents.openStream(client, { greeting, principal, over: () => deps.ends.streamed(trace) })
}

function receive({ visit, principal }: AgentVisit, body: Uint8Array, { agents }: AgentVisitDeps): RenderedError {
  const sessionId = headerValue(visit.client.request.headers, 'corral-session') ?? ''
  const receipt = agents.receive({ sessionId, keyId: principal.keyId, body })
  switch (receipt.kind) {
    case 'taken':
      return { status: 200, headers: JSON_TYPE, body: JSON.stringify({ ack: receipt.ack }) }
    case 'gap':
      return { status: 409, headers: JSON_TYPE, body: JSON.stringify({ expect: receipt.expect }) }
    case 'malformed':
      throw new GatewayError('invalid_input', { message: `The body is ${receipt.reason}` })
    case 'gone':
      throw new GatewayError('agent_session_gone')
  }
}

function knownError(error: unknown, { trace }: Visit, log: Log): GatewayError {
  if (error instanceof GatewayError) return error
  log.error({ err: error, id: trace.id }, 'The connection of an agent failed inside the gateway')
  return new GatewayError('internal', { cause: error })
}
