import type { Upstream } from '../../proxy/upstream.ts'
import type { AskJson } from '../health/ask-json.ts'
import { indexEntries, type ModelEntry, parseModelEntries } from './model-entry.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'

/** An upstream's models as its `/v1/models` lists them. */
export interface V1Entries {
  /** Undefined where there is nothing new to be asked for. Never rejects. */
  read(state: UpstreamState | undefined): Promise<void> | undefined
  /** In the upstream's own words where it has said them, else as Ollama would say it of the entry in `/api/tags`. */
  of(state: UpstreamState): readonly ModelEntry[]
}

type Models = ReadonlyMap<string, ModelEntry>

interface Words {
  /** The list they were asked for. */
  readonly about: Models
  readonly entries: Models
}

const TIMEOUT_MS = 2000

export function createV1Entries(ask: AskJson): V1Entries {
  const said = new WeakMap<Upstream, Words>()
  const asked = new WeakMap<Upstream, { readonly about: Models; readonly answer: Promise<void> }>()
  const askAbout = async (upstream: Upstream, about: Models): Promise<void> => {
    const answer = await ask(upstream, '/v1/models', TIMEOUT_MS)
    if (answer.kind !== 'answered' || answer.status !== 200) return
    const entries = parseModelEntries('v1-models', answer.value)
    if (entries !== undefined) said.set(upstream, { about, entries: indexEntries(entries) })
  }
  return {
    read(state) {
      if (state === undefined || state.models === null || state.health === 'down') return undefined
      const { upstream, models } = state
      const last = asked.get(upstream)
      if (last?.about === models) return last.answer
      if (isCovered(models, said.get(upstream))) return undefined
      const answer = askAbout(upstream, models)
      asked.set(upstream, { about: models, answer })
      return answer
    },
    of({ upstream, models }) {
      const words = said.get(upstream)
      return [...(models?.values() ?? [])].map((tag) => {
        const own = isSame(words?.about.get(tag.canonical), tag) ? words?.entries.get(tag.canonical) : undefined
        return own ?? { ...tag, raw: asV1(tag.raw) }
      })
    },
  }
}

function isCovered(models: Models, words: Words | undefined): boolean {
  return words !== undefined && [...models].every(([name, tag]) => isSame(words.about.get(name), tag))
}

/** Pulled again, or made anew under its name, it has another time. */
function isSame(before: ModelEntry | undefined, now: ModelEntry): boolean {
  return before !== undefined && before.digest === now.digest && before.raw['modified_at'] === now.raw['modified_at']
}

/** Ollama makes this list of the same facts. */
function asV1(tag: ModelEntry['raw']): ModelEntry['raw'] {
  const id = String(tag['name'] ?? tag['model'])
  const modifiedAt = typeof tag['modified_at'] === 'string' ? Date.parse(tag['modified_at']) : 0
  const created = Number.isFinite(modifiedAt) ? Math.floor(modifiedAt / 1000) : 0
  return { id, object: 'model', created, owned_by: id.split('/').at(-2) ?? 'library' }
}
