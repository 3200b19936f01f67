import type { ModelEntry } from '../models/model-entry.ts'
import { keepRecent } from './keep-recent.ts'

/** What an upstream can hold at once. */
export interface HeldAtOnce {
  readonly bytes: number
  readonly models: number
}

/** One model of an upstream's own list of what is loaded. */
export interface SeenLoaded {
  readonly model: string
  readonly bytes: number
  /** When it will be unloaded by itself, on the upstream's clock; null where the list does not say. */
  readonly keptUntil: number | null
}

/**
 * Learns what upstreams of unknown memory hold from their lists of loaded models: what was loaded together fits; a
 * load that pushed another model out shows what does not. Before anything is seen: three models, of any size.
 */
export interface CapacityBook {
  of(server: string): HeldAtOnce
  saw(server: string, loaded: readonly SeenLoaded[], at: number): void
  /** Forgets others, the latest of them last. */
  keep(servers: ReadonlySet<string>): void
}

interface Known {
  loaded: readonly SeenLoaded[]
  fitting: readonly HeldAtOnce[]
  failing: readonly HeldAtOnce[]
  capacity: HeldAtOnce
}

/** OLLAMA_MAX_LOADED_MODELS where nobody set it and there is one GPU or none. */
const USUAL_MODELS = 3

/** One whose time was about to run out may have left by itself; the two clocks need not agree to the second either. */
const EXPIRY_MARGIN_MS = 30_000

/** Observations of each kind that are kept; younger ones replace what they contradict. */
const MAX_KEPT = 8

const UNKNOWN: HeldAtOnce = { bytes: Number.POSITIVE_INFINITY, models: USUAL_MODELS }

export function createCapacityBook(): CapacityBook {
  const known = new Map<string, Known>()
  return {
    of: (server) => known.get(server)?.capacity ?? UNKNOWN,
    saw(server, loaded, at) {
      const before = known.get(server)
      const first: Known = { loaded: [], fitting: [], failing: [], capacity: UNKNOWN }
      known.set(server, learn(before ?? first, loaded, at))
    },
    keep: (present) => keepRecent(known, present),
  }
}

/** What a list of loaded models says of one of them. */
export function seenLoaded({ canonical, raw }: ModelEntry): SeenLoaded {
  const bytes = typeof raw['size'] === 'number' && raw['size'] > 0 ? raw['size'] : 0
  const until = typeof raw['expires_at'] === 'string' ? Date.parse(raw['expires_at']) : Number.NaN
  return { model: canonical, bytes, keptUntil: Number.isNaN(until) ? null : until }
}

function learn(known: Known, loaded: readonly SeenLoaded[], at: number): Known {
  const fits = sumOf(loaded)
  const failed = whatDidNotFit(known.loaded, loaded, at)
  let { fitting, failing } = known
  if (failed !== undefined) {
    fitting = fitting.filter((each) => !covers(each, failed))
    failing = [...failing.filter((each) => !covers(each, failed)), failed].slice(-MAX_KEPT)
  }
  if (loaded.length > 0 && !fitting.some((each) => covers(each, fits))) {
    failing = failing.filter((each) => !covers(fits, each))
    fitting = [...fitting.filter((each) => !covers(fits, each)), fits].slice(-MAX_KEPT)
  }
  if (fitting === known.fitting && failing === known.failing) return { ...known, loaded }
  return { loaded, fitting, failing, capacity: capacityOf(fitting, failing) }
}

/** The models that were there with the one that came, where one of them had to go for it. */
function whatDidNotFit(
  before: readonly SeenLoaded[],
  after: readonly SeenLoaded[],
  at: number,
): HeldAtOnce | undefined {
  const came = after.filter(({ model }) => !before.some((each) => each.model === model))
  const went = before.filter(({ model }) => !after.some((each) => each.model === model))
  const pushed = went.filter(({ keptUntil }) => keptUntil === null || keptUntil > at + EXPIRY_MARGIN_MS)
  const [arrival] = came
  // With two arrivals or an expiry in between, nobody knows what met what.
  if (arrival === undefined || came.length > 1 || pushed.length !== went.length) return undefined
  const [largest] = pushed.toSorted((a, b) => b.bytes - a.bytes)
  // Without the last of several that went it did not fit; which one was the last, nobody knows.
  return largest === undefined ? undefined : sumOf([...after, largest])
}

function capacityOf(fitting: readonly HeldAtOnce[], failing: readonly HeldAtOnce[]): HeldAtOnce {
  // Fewer models of more bytes did fit: that one failed by its number.
  const byCount = failing.filter((failed) =>
    fitting.some((fits) => fits.bytes >= failed.bytes && fits.models < failed.models),
  )
  const tooMany = Math.min(Number.POSITIVE_INFINITY, ...byCount.map(({ models }) => models))
  const byBytes = failing.filter((failed) => failed.models < tooMany)
  const held = Math.max(0, ...fitting.map(({ bytes }) => bytes))
  const tooMuch = Math.min(Number.POSITIVE_INFINITY, ...byBytes.map(({ bytes }) => bytes))
  const most = Math.max(USUAL_MODELS, ...fitting.map(({ models }) => models))
  return {
    // Halfway: an estimate too high is found out by a push, one too low by a list.
    bytes: tooMuch === Number.POSITIVE_INFINITY ? tooMuch : Math.max(held, (held + tooMuch) / 2),
    models: Math.min(most, tooMany - 1),
  }
}

function sumOf(loaded: readonly SeenLoaded[]): HeldAtOnce {
  return { bytes: loaded.reduce((sum, { bytes }) => sum + bytes, 0), models: loaded.length }
}

function covers(more: HeldAtOnce, less: HeldAtOnce): boolean {
  return more.bytes >= less.bytes && more.models >= less.models
}
