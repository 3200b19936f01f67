import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../lib/clock.ts'
import type { AskJson } from './ask-json.ts'
import type { Fleet } from './fleet-state.ts'
import { indexEntries, parseModelEntries, type ModelEntry, type ModelListKind } from './model-entry.ts'
import { findV1Model, mergeModelLists, modelListBody, type ListView } from './model-lists.ts'
import type { ModelAlias } from './model-names.ts'
import { providerList } from './provider-models.ts'
import { isAmong } from './select.ts'
import type { StartTimer } from './timer.ts'
import type { UpstreamState } from './upstream-state.ts'
import { fleetVersion } from './version.ts'

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

/** The answers that stand for the whole fleet. Lists reject with `no_upstream` where no upstream could be asked. */
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

const paths: Readonly<Record<ModelListKind, string>> = { tags: '/api/tags', ps: '/api/ps', 'v1-models': '/v1/models' }

const TIMEOUT_MS = 2000
/** How long an upstream may take when its previous list is at hand. */
const PATIENCE_MS = 500

const UTF8_JSON = ['content-type', 'application/json; charset=utf-8']
/** Ollama's /v1 names no charset. */
const PLAIN_JSON = ['content-type', 'application/json']

export function createListService(deps: ListServiceDeps, options: { aliases: readonly ModelAlias[] }): ListService {
  const readList = createListReader(deps)
  const merged = async (kind: ModelListKind, request: ListRequest): Promise<Readonly<Record<string, unknown>>[]> => {
    const states = deps.fleet.all().filter((state) => isWithinReach(state, request))
    const lists = await Promise.all(states.map((state) => readList.read(kind, state)))
    const answered = lists.filter((list) => list !== undefined)
    if (answered.length === 0) throw new GatewayError('no_upstream', { retryAfterSeconds: 3 })
    return mergeModelLists(kind, answered, { view: sternView(deps.fleet, request), aliases: options.aliases })
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
    forget: readList.forget,
  }
}

function isWithinReach(state: UpstreamState, request: ListRequest): boolean {
  if (!state.enabled || state.health === 'down') return false
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

interface ListReader {
  /** Undefined where the upstream gave no list and none is remembered. */
  read(kind: ModelListKind, state: UpstreamState): Promise<readonly ModelEntry[] | undefined>
  forget(upstreamName: string): void
}

/**
 * Asks afresh each time, once for all who ask meanwhile: lists are cheap to want and would cost every upstream a
 * connection each. The last list of an upstream stands in when it is slow or stumbles.
 */
function createListReader({ fleet, ask, clock, startTimer }: ListServiceDeps): ListReader {
  const remembered = new Map<string, Map<ModelListKind, readonly ModelEntry[]>>()
  const asking = new Map<string, Promise<readonly ModelEntry[] | undefined>>()

  const listsOf = (name: string): Map<ModelListKind, readonly ModelEntry[]> => {
    const lists = remembered.get(name) ?? new Map<ModelListKind, readonly ModelEntry[]>()
    remembered.set(name, lists)
    return lists
  }
  const askAfresh = async (kind: ModelListKind, state: UpstreamState): Promise<readonly ModelEntry[] | undefined> => {
    // Held from before the question: after a `forget` in between, the answer is not remembered.
    const lists = listsOf(state.name)
    const answer = await ask(state.upstream, paths[kind], TIMEOUT_MS)
    if (answer.kind !== 'answered' || answer.status !== 200) return undefined
    const entries = parseModelEntries(kind, answer.value)?.filter(
      ({ canonical }) => state.agent?.serves(canonical) ?? true,
    )
    if (entries === undefined) return undefined
    lists.set(kind, entries)
    if (kind === 'tags')
      fleet.apply(state.name, { kind: 'models-read', at: clock.now(), models: indexEntries(entries) })
    return entries
  }
  const askOnce = (kind: ModelListKind, state: UpstreamState): Promise<readonly ModelEntry[] | undefined> => {
    const question = `${kind} ${state.name}`
    const running = asking.get(question)
    if (running !== undefined) return running
    const asked = askAfresh(kind, state).finally(() => {
      if (asking.get(question) === asked) asking.delete(question)
    })
    asking.set(question, asked)
    return asked
  }
  return {
    read(kind, state) {
      if (state.provider !== null) return Promise.resolve(providerList(kind, state.models ?? new Map()))
      const last = remembered.get(state.name)?.get(kind)
      const fresh = askOnce(kind, state)
      return last === undefined ? fresh : freshOrLast(fresh, last, startTimer)
    },
    forget(upstreamName) {
      remembered.delete(upstreamName)
      // What is being asked may be the answer from before the change.
      for (const kind of Object.keys(paths)) asking.delete(`${kind} ${upstreamName}`)
    },
  }
}

function freshOrLast<T>(fresh: Promise<T | undefined>, last: T, startTimer: StartTimer): Promise<T> {
  return new Promise((resolve) => {
    const cancelTimer = startTimer(PATIENCE_MS, () => resolve(last))
    void fresh.then((value) => {
      cancelTimer()
      resolve(value ?? last)
    })
  })
}
