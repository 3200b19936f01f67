import type { Clock } from '../../lib/clock.ts'
import type { AskJson, JsonAnswer } from './ask-json.ts'
import { indexEntries, type ModelEntry, parseModelEntries } from '../models/model-entry.ts'
import { providerList, servedModels } from '../models/provider-models.ts'
import { type ProbeFailure, REFUSED_KEY, type UpstreamEvent, type UpstreamState } from '../fleet/upstream-state.ts'

/** How an upstream of one kind is asked after its health and its models. Nothing here rejects. */
export interface Inspector {
  /** One question; its answer as what it means for the upstream, the health first. */
  probe(state: UpstreamState, timeoutMs: number): Promise<readonly ProbeEvent[]>
  /** Undefined where it gave no list. */
  readModels(state: UpstreamState): Promise<ReadonlyMap<string, ModelEntry> | undefined>
  readLoaded(state: UpstreamState): Promise<readonly ModelEntry[] | undefined>
}

type ProbeEvent = Extract<
  UpstreamEvent,
  { kind: 'probe-answered' } | { kind: 'probe-failed' } | { kind: 'models-read' }
>

export interface InspectorDeps {
  readonly ask: AskJson
  readonly clock: Clock
}

const MODELS_TIMEOUT_MS = 2000
/** Waits for the lock of a loading runner since Ollama 0.32.4: being late means nothing. */
const LOADED_TIMEOUT_MS = 1000

export function createInspector(deps: InspectorDeps): Inspector {
  const ollama = createOllamaInspector(deps)
  const provider = createProviderInspector(deps)
  const of = (state: UpstreamState): Inspector => (state.provider === null ? ollama : provider)
  return {
    probe: (state, timeoutMs) => of(state).probe(state, timeoutMs),
    readModels: (state) => of(state).readModels(state),
    readLoaded: (state) => of(state).readLoaded(state),
  }
}

function createOllamaInspector({ ask, clock }: InspectorDeps): Inspector {
  const readList = async (
    state: UpstreamState,
    list: { readonly kind: 'tags' | 'ps'; readonly timeoutMs: number },
  ): Promise<ModelEntry[] | undefined> => {
    const answer = await ask(state.upstream, `/api/${list.kind}`, list.timeoutMs)
    return answer.kind === 'answered' && answer.status === 200 ? parseModelEntries(list.kind, answer.value) : undefined
  }
  return {
    async probe(state, timeoutMs) {
      const answer = await ask(state.upstream, '/api/version', timeoutMs)
      if (answer.kind !== 'answered') return [failedProbe(answer)]
      const version = versionOf(answer.value)
      if (answer.status === 200 && version !== undefined) {
        return [{ kind: 'probe-answered', at: clock.now(), tookMs: answer.tookMs, version }]
      }
      const detail = `GET /api/version answered ${answer.status}${answer.status === 200 ? ' without a version' : ''}`
      return [badProbe('bad-answer', detail)]
    },
    async readModels(state) {
      const entries = await readList(state, { kind: 'tags', timeoutMs: MODELS_TIMEOUT_MS })
      return entries === undefined ? undefined : indexEntries(entries)
    },
    readLoaded: (state) => readList(state, { kind: 'ps', timeoutMs: LOADED_TIMEOUT_MS }),
  }
}

/** A provider's list of models is the one question that all of them answer and none charges for. */
function createProviderInspector({ ask, clock }: InspectorDeps): Inspector {
  return {
    async probe(state, timeoutMs) {
      const answer = await ask(state.upstream, '/v1/models', timeoutMs)
      if (answer.kind !== 'answered') return [failedProbe(answer)]
      // Some servers of one's own have no such list and are well.
      if (answer.status !== 200 && answer.status !== 404) {
        return [badProbe('bad-answer', `GET /models answered ${answer.status}`)]
      }
      const at = clock.now()
      const models = servedModels(state.provider ?? { models: null }, answer.value)
      return [
        { kind: 'probe-answered', at, tookMs: answer.tookMs, version: null },
        { kind: 'models-read', at, models },
      ]
    },
    readModels: (state) => Promise.resolve(state.models ?? undefined),
    readLoaded: (state) => Promise.resolve(providerList('ps', state.models ?? new Map())),
  }
}

function failedProbe(answer: Exclude<JsonAnswer, { kind: 'answered' }>): ProbeEvent {
  if (answer.kind === 'loop') return badProbe('loop', 'it is this gateway itself: point it at Ollama')
  switch (answer.error) {
    case 'unreachable':
    case 'timed-out':
      return badProbe(answer.error, answer.detail)
    case 'refused-key':
    case 'forbidden':
      return badProbe('refused-key', REFUSED_KEY)
    default:
      return badProbe('bad-answer', answer.detail)
  }
}

function badProbe(failure: ProbeFailure, detail: string): ProbeEvent {
  return { kind: 'probe-failed', failure, detail }
}

function versionOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('version' in value)) return undefined
  return typeof value.version === 'string' ? value.version : undefined
}
