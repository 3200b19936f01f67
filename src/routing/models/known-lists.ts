import type { Clock } from '../../lib/clock.ts'
import type { Upstream } from '../../proxy/upstream.ts'
import type { AskJson } from '../health/ask-json.ts'
import type { Fleet } from '../fleet/fleet-state.ts'
import { createInspector } from '../health/inspector.ts'
import type { ModelEntry, ModelListKind } from './model-entry.ts'
import { providerList } from './provider-models.ts'
import type { StartTimer } from '../timer.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'
import { createV1Entries } from './v1-entries.ts'

export interface KnownListsDeps {
  readonly fleet: Fleet
  readonly ask: AskJson
  readonly clock: Clock
  readonly startTimer: StartTimer
}

/**
 * What each upstream lists, from what is known of it. `tags` is what the health monitor reads again every
 * `routing.model_ttl`; `v1-models` is the same list in other words; `ps` is asked for each time, for all who ask
 * meanwhile, and as old as the health monitor's last look where the upstream is slow to say.
 */
export interface KnownLists {
  /** To be waited for before `of`: at once where something is known, bounded where it is not. */
  ready(kind: ModelListKind, states: readonly UpstreamState[]): Promise<unknown>
  /** Undefined where nothing is known. */
  of(kind: ModelListKind, state: UpstreamState): readonly ModelEntry[] | undefined
  /** Its models were changed: the next list is one that was read after this. */
  forget(name: string): void
}

/** Time for an answer on the local network, and little enough that nobody notices those that need longer. */
const BRIEF_MS = 25

export function createKnownLists(deps: KnownListsDeps): KnownLists {
  const { fleet, startTimer } = deps
  const tags = createTagReader(deps)
  const loaded = createLoadedReader(deps)
  const v1 = createV1Entries(deps.ask)

  const briefly = (reads: readonly Promise<unknown>[]): Promise<unknown> =>
    reads.length === 0 ? Promise.resolve() : atMost(BRIEF_MS, Promise.all(reads), startTimer)
  return {
    async ready(kind, all) {
      const states = all.filter((state) => state.provider === null)
      const isUnseen = !states.some((state) => state.health === 'up')
      if (kind !== 'ps' || isUnseen) await tags.ready(states)
      if (kind === 'ps') await briefly(states.flatMap((state) => loaded.read(state) ?? []))
      if (kind === 'v1-models') await briefly(states.flatMap(({ name }) => v1.read(fleet.get(name)) ?? []))
    },
    of(kind, state) {
      if (state.provider !== null) return providerList(kind, state.models ?? new Map())
      if (kind === 'ps') return loaded.of(state)
      return kind === 'tags' || state.models === null ? listOf(state.models) : v1.of(state)
    },
    forget: tags.forget,
  }
}

function listOf(models: ReadonlyMap<string, ModelEntry> | null): readonly ModelEntry[] | undefined {
  return models === null ? undefined : [...models.values()]
}

interface TagReader {
  ready(states: readonly UpstreamState[]): Promise<unknown>
  forget(name: string): void
}

/** Lists are read by the health monitor; here only where a request cannot do without. */
function createTagReader({ fleet, ask, clock }: KnownListsDeps): TagReader {
  const inspector = createInspector({ ask, clock })
  const reading = new Map<string, Promise<void>>()
  const changed = new Set<string>()
  /** Those that were waited for in vain: once is enough. */
  const awaited = new WeakSet<Upstream>()

  const read = (state: UpstreamState): Promise<void> => {
    const running = reading.get(state.name)
    if (running !== undefined) return running
    const started: Promise<void> = inspector.readModels(state).then((models) => {
      if (reading.get(state.name) !== started) return
      reading.delete(state.name)
      changed.delete(state.name)
      if (models === undefined || fleet.get(state.name)?.upstream !== state.upstream) return
      fleet.apply(state.name, { kind: 'models-read', at: clock.now(), models })
    })
    reading.set(state.name, started)
    return started
  }
  const isDue = (state: UpstreamState, isAnythingKnown: boolean): boolean => {
    if (changed.has(state.name)) return true
    if (state.models !== null || awaited.has(state.upstream)) return false
    return state.health === 'up' || !isAnythingKnown
  }
  return {
    ready(states) {
      const isAnythingKnown = states.some((state) => state.models !== null)
      const due = states.filter((state) => isDue(state, isAnythingKnown))
      return Promise.all(
        due.map(async (state) => {
          await read(state)
          awaited.add(state.upstream)
        }),
      )
    },
    forget(name) {
      // What is being asked may be the answer from before the change.
      reading.delete(name)
      changed.add(name)
      const state = fleet.get(name)
      if (state !== undefined && state.provider === null) void read(state)
    },
  }
}

interface LoadedReader {
  /** Undefined where there is nothing to wait for. */
  read(state: UpstreamState): Promise<unknown> | undefined
  of(state: UpstreamState): readonly ModelEntry[] | undefined
}

interface Reading {
  readonly answer: Promise<unknown>
  runs: boolean
  /** The last one that ended took longer than anybody waits for it. */
  late: boolean
}

/** An Ollama may hold `/api/ps` back until a load is done: one that was late is no longer waited for until it is not. */
function createLoadedReader({ fleet, ask, clock }: KnownListsDeps): LoadedReader {
  const inspector = createInspector({ ask, clock })
  const readings = new WeakMap<Upstream, Reading>()

  const start = (state: UpstreamState, late: boolean): Reading => {
    const startedAt = clock.now()
    const answer = inspector.readLoaded(state).then((loaded) => {
      reading.runs = false
      reading.late = clock.now() - startedAt > BRIEF_MS
      if (loaded === undefined || fleet.get(state.name)?.upstream !== state.upstream) return
      fleet.apply(state.name, { kind: 'loaded-read', at: clock.now(), loaded })
    })
    const reading: Reading = { answer, runs: true, late }
    readings.set(state.upstream, reading)
    return reading
  }
  return {
    read(state) {
      const last = readings.get(state.upstream)
      const reading = last?.runs === true ? last : start(state, last?.late ?? false)
      return reading.late ? undefined : reading.answer
    },
    of({ health, loaded, agent }) {
      if (health !== 'up') return undefined
      return agent === null ? loaded : loaded.filter(({ canonical }) => agent.serves(canonical))
    },
  }
}

function atMost(limitMs: number, work: Promise<unknown>, startTimer: StartTimer): Promise<void> {
  return new Promise((resolve) => {
    const cancelTimer = startTimer(limitMs, resolve)
    void work.then(() => {
      cancelTimer()
      resolve()
    })
  })
}
