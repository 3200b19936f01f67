import { GatewayError } from '../../errors/gateway-error.ts'
import type { Clock } from '../../lib/clock.ts'
import type { AskJson } from '../health/ask-json.ts'
import type { Fleet } from '../fleet/fleet-state.ts'
import { createKnownLists } from './known-lists.ts'
import type { ModelListKind } from './model-entry.ts'
import { findV1Model, mergeModelLists, modelListBody, type ListView } from './model-lists.ts'
import type { ModelAlias } from './model-names.ts'
import { isAmong } from '../selection/select.ts'
import type { StartTimer } from '../timer.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'
import { fleetVersion } from '../fleet/version.ts'

export interface ListServiceDeps {
  readonly fleet: Fleet
  readonly ask: AskJson
  readonly clock: Clock
  readonly startTimer: StartTimer
}

export interface ListRequest extends ListView {
  /** Names of the upstreams the caller may reach; null is all. */
  readonly upstreams: readonly string[] | null
}

/** A whole answer, as Ollama would have sent it. */
export interface ListAnswer {
  readonly status: number
  readonly headers: string[]
  readonly body: string
}

/** The answers that stand for the whole fleet. Lists reject with `no_upstream` where nothing is known of any upstream. */
export interface ListService {
  tags(request: ListRequest): Promise<ListAnswer>
  ps(request: ListRequest): Promise<ListAnswer>
  v1Models(request: ListRequest): Promise<ListAnswer>
  /** `name` as the caller wrote it, slashes included. */
  v1Model(name: string, request: ListRequest): Promise<ListAnswer>
  version(): ListAnswer
  /** What is remembered of an upstream's lists is out of date: its models were changed. */
  forget(upstreamName: string): void
}

const UTF8_JSON = ['content-type', 'application/json; charset=utf-8']
/** Ollama's /v1 names no charset. */
const PLAIN_JSON = ['content-type', 'application/json']

export function createListService(deps: ListServiceDeps, options: { aliases: readonly ModelAlias[] }): ListService {
  const known = createKnownLists(deps)
  const merged = async (kind: ModelListKind, request: ListRequest): Promise<Readonly<Record<string, unknown>>[]> => {
    const reachable = (): UpstreamState[] => deps.fleet.all().filter((state) => isWithinReach(state, request))
    await known.ready(kind, reachable())
    const lists = reachable().flatMap((state) => {
      const list = known.of(kind, state)
      return list === undefined ? [] : [list]
    })
    if (lists.length === 0) throw new GatewayError('no_upstream', { retryAfterSeconds: 3 })
    return mergeModelLists(kind, lists, { view: sternView(deps.fleet, request), aliases: options.aliases })
  }
  const answer = async (kind: ModelListKind, request: ListRequest): Promise<ListAnswer> => ({
    status: 200,
    headers: kind === 'v1-models' ? [...PLAIN_JSON] : [...UTF8_JSON],
    body: modelListBody(kind, await merged(kind, request)),
  })
  return {
    tags: (request) => answer('tags', request),
    ps: (request) => answer('ps', request),
    v1Models: (request) => answer('v1-models', request),
    async v1Model(name, request) {
      const model = findV1Model(await merged('v1-models', request), name)
      if (model === undefined) return missingV1Model(name)
      return { status: 200, headers: [...PLAIN_JSON], body: `${JSON.stringify(model)}\n` }
    },
    version: () => ({
      status: 200,
      headers: [...UTF8_JSON],
      body: JSON.stringify({ version: fleetVersion(deps.fleet.all()) }),
    }),
    forget: known.forget,
  }
}

function isWithinReach(state: UpstreamState, request: ListRequest): boolean {
  if (!state.enabled || state.draining || state.health === 'down') return false
  return request.upstreams === null || isAmong(state, request.upstreams)
}

/** Only `/api/tags` marks stubs, and one that is a stub anywhere is treated as one everywhere. */
function sternView(fleet: Fleet, view: ListView): ListView {
  return { visible: (canonical, remote) => view.visible(canonical, remote || fleet.isRemote(canonical)) }
}

function missingV1Model(name: string): ListAnswer {
  const error = { message: `model '${name}' not found`, type: 'not_found_error', param: null, code: null }
  return { status: 404, headers: [...PLAIN_JSON], body: `${JSON.stringify({ error })}\n` }
}
