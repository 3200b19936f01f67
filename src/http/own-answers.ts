import type { Principal } from '../auth/principal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import type { ListRequest, ListService } from '../routing/models/list-service.ts'
import { adminAnswers, type AnsweredApi, askerOf } from './admin-answers.ts'
import { consoleAnswer, toConsole } from './console-answer.ts'
import type { ConsoleFiles } from './console-files.ts'
import { countTokens } from './count-tokens.ts'
import { metricsAnswer } from './metrics-answer.ts'
import type { OwnReply } from './respond.ts'
import type { StreamAnswer } from './stream-answer.ts'

/** A request that Corral answers itself. */
export interface OwnRequest {
  readonly method: string
  readonly pattern: string
  readonly params: Readonly<Record<string, string>>
  readonly query: string
  /** Null on open routes. */
  readonly principal: Principal | null
  readonly client: ClientRequest
  /** The whole body. Rejects with GatewayError. */
  body(): Promise<Uint8Array>
}

export interface OwnAnswersDeps {
  readonly lists: Pick<ListService, 'tags' | 'ps' | 'v1Models' | 'v1Model' | 'version'>
  readonly admin: AnsweredApi
  /** The page of the console. */
  readonly consoleFiles: ConsoleFiles
  /** Whether the gateway can serve now: some upstream is up, none is configured, and it is not draining. */
  isReady(): boolean
  /** What an admin may read of the gateway's state. */
  status(): object
  /** The metrics of the gateway, as Prometheus reads them. */
  metrics(): string
  visible(principal: Principal, canonical: string, remote: boolean): boolean
  judge(principal: Principal, names: readonly string[]): GatewayError | undefined
}

export type OwnAnswer = (request: OwnRequest) => OwnReply | Promise<OwnReply | StreamAnswer>

const TEXT = ['content-type', 'text/plain; charset=utf-8']
const JSON_TYPE = ['content-type', 'application/json; charset=utf-8']

/** The handlers of every route of kind `own`, by `METHOD pattern`. */
export function createOwnAnswers(deps: OwnAnswersDeps): ReadonlyMap<string, OwnAnswer> {
  const view = (principal: Principal): ListRequest => ({
    upstreams: principal.upstreams,
    visible: (canonical, remote) => deps.visible(principal, canonical, remote),
  })
  const health = (request: OwnRequest): OwnReply => {
    const ready = deps.isReady()
    const details = request.principal?.scopes.has('admin') === true ? deps.status() : {}
    const body = JSON.stringify({ status: ready ? 'ok' : 'unavailable', ...details })
    return { status: ready ? 200 : 503, headers: [...JSON_TYPE, 'cache-control', 'no-store'], body }
  }
  const answers: Record<string, OwnAnswer> = {
    // What `ollama` asks first; the reason of a refusal must wait for a request whose answer it shows.
    'GET /': () => ({ status: 200, headers: TEXT, body: 'Ollama is running' }),
    'GET /api/version': () => deps.lists.version(),
    'GET /health': health,
    'GET /livez': () => ({ status: 200, headers: TEXT, body: 'ok' }),
    'GET /readyz': () =>
      deps.isReady() ? { status: 200, headers: TEXT, body: 'ok' } : { status: 503, headers: TEXT, body: 'unavailable' },
    'GET /metrics': () => metricsAnswer(deps.metrics()),
    'GET /console': toConsole,
    'GET /console/': ({ client }) => consoleAnswer(deps.consoleFiles, '', client.headers),
    'GET /console/*path': ({ client, params }) =>
      consoleAnswer(deps.consoleFiles, params['path'] ?? '', client.headers),
    'GET /api/tags': (request) => deps.lists.tags(view(askerOf(request))),
    'GET /admin/playground/models': (request) => deps.lists.tags(view(askerOf(request))),
    'GET /api/ps': (request) => deps.lists.ps(view(askerOf(request))),
    'GET /v1/models': (request) => deps.lists.v1Models(view(askerOf(request))),
    'GET /v1/models/*name': (request) => deps.lists.v1Model(request.params['name'] ?? '', view(askerOf(request))),
    'GET /agent/v1': () => {
      throw new GatewayError('agent_version')
    },
    'POST /v1/messages/count_tokens': async (request) => {
      const principal = askerOf(request)
      const counted = await countTokens(await request.body())
      const denied = deps.judge(principal, counted.models)
      if (denied !== undefined) throw denied
      return { status: 200, headers: JSON_TYPE, body: JSON.stringify({ input_tokens: counted.tokens }) }
    },
  }
  const table = new Map(Object.entries(answers))
  for (const [name, answer] of Object.entries(answers)) {
    if (name.startsWith('GET ') && !name.includes('*')) table.set(`HEAD ${name.slice(4)}`, answer)
  }
  for (const [name, answer] of adminAnswers(deps.admin)) table.set(name, answer)
  return table
}
