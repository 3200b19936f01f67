import type { AnswerTimings } from '../../dialects/token-usage.ts'

/** What the end of an answer tells of when it was worked on. An `AnswerFacts` is one. */
export interface SlotFacts {
  /** Whether its first byte came while it was still being made. */
  readonly streamed: boolean
  /** Null where the upstream does not tell. */
  readonly timings: AnswerTimings | null
  /** What it takes alone, prompt and answer, where somebody can tell from its length and learnt rates. */
  readonly expectedMs?: number
}

interface Running {
  readonly grantedAt: number
  /** The expected time of its prompt, 0 where nobody could tell. */
  readonly prefillMs: number
  /** From when on only a slot was missing: the model was loaded. */
  waitingSince: number | undefined
  beganAt: number | undefined
  /** Ends of others while it had no first byte, and how many that came before it ran until then. */
  readonly freed: Freed[]
}

interface Freed {
  readonly at: number
  readonly ran: number
}

interface Span {
  readonly from: number
  readonly to: number
}

const MAX_SLOTS = 64

/** Ends and first bytes travel on connections of their own: what is closer than this has no order. */
const TIE_MS = 5

/** How much longer than its own prompt a request must have waited before the wait speaks of slots. */
const FAR = 2.5

/** Waits and overlaps shorter than this share of an answer's own work are noise; more where that is an estimate. */
const TOLD_NOISE = 0.15
const EXPECTED_NOISE = 0.45

/** Contended requests between a refuted try and the next one: few, as a try costs one request its choice of server. */
const PATIENCE = 4

/**
 * Learns how many answers one model on one upstream makes at once (OLLAMA_NUM_PARALLEL), which nobody tells. `limit`
 * is asked, the rest is told, of every request that takes a slot; `ended` once for each, in whatever way it ended.
 */
export class SlotLearner {
  /** What is believed, without the try of one more. */
  believed = 1

  readonly #running = new Map<object, Running>()
  #begun = 0
  #spans: Span[] = []
  #loaded = false
  /** The last answer came whole and told how long it was worked on: such a one cannot be waited for to begin. */
  #tellsAtEnd = false
  #tried: object | undefined
  #patience = 0
  /** What the last refutation spoke for, while nothing spoke against it. */
  #doubt: number | undefined
  #raise: { readonly at: number; readonly from: number } | undefined

  /** How many may run, asked on behalf of one more request while `running` do. Changes nothing. */
  limit(running: number): number {
    const tries = running === this.believed && this.believed < MAX_SLOTS && this.#mayTry(running)
    return tries ? this.believed + 1 : this.believed
  }

  /** `prefillMs`: how long its prompt alone is expected to take. */
  granted(id: object, at: number, prefillMs = 0): void {
    if (this.#running.size === 0) this.#loaded &&= this.#tellsAtEnd
    const waitingSince = this.#loaded ? at : undefined
    this.#running.set(id, { grantedAt: at, prefillMs, waitingSince, beganAt: undefined, freed: [] })
    if (this.#running.size > this.believed) this.#tried ??= id
    else if (this.#running.size === this.believed && this.#patience > 0) this.#patience -= 1
  }

  /** Its first byte has come, of an answer that took a slot: not of a refusal. */
  began(id: object, at: number): void {
    const work = this.#running.get(id)
    if (work === undefined || work.beganAt !== undefined) return
    work.beganAt = at
    this.#begun += 1
    if (!this.#loaded) {
      this.#loaded = true
      for (const each of this.#running.values()) each.waitingSince ??= at
    }
    if (this.#begun > this.believed) this.#raise = { at, from: this.believed }
    this.#ranAtOnce(this.#begun)
  }

  ended(id: object, at: number, facts?: SlotFacts): void {
    const work = this.#running.get(id)
    if (work === undefined) return
    if (work.beganAt !== undefined) this.#freed(id, at)
    this.#running.delete(id)
    if (work.beganAt !== undefined) {
      this.#begun -= 1
      this.#tellsAtEnd = facts !== undefined && !facts.streamed && ownWork(facts) !== undefined
      const span = spanOf(work, at, facts)
      if (span !== undefined) this.#overlapped(span)
      const freed = waitedFor(work, at, facts)
      if (freed !== undefined) this.#refuted(freed.ran)
    }
    if (this.#tried !== id) return
    // Without an answer to the question the next contended request may ask it again.
    this.#tried = undefined
    this.#patience = Math.max(this.#patience, 1)
  }

  #mayTry(running: number): boolean {
    if (this.#patience > 0 || this.#tried !== undefined || running !== this.#running.size) return false
    return this.#begun === running || (this.#loaded && this.#tellsAtEnd)
  }

  /** Tells those who still wait that a slot has come free. */
  #freed(id: object, at: number): void {
    if (this.#raise !== undefined && at - this.#raise.at < TIE_MS) this.believed = this.#raise.from
    this.#raise = undefined
    let ran = 0
    let later = false
    for (const [other, work] of this.#running) {
      const waited = work.beganAt === undefined || at - work.beganAt < TIE_MS
      // Slots are given in order: whoever came before it and has not ended had one.
      if (later && waited) work.freed.push({ at, ran })
      if (work.freed.length > MAX_SLOTS) work.freed.shift()
      later ||= other === id
      ran += 1
    }
  }

  #overlapped(span: Span): void {
    let most = 1
    const spans = [...this.#spans, span]
    for (const { from } of spans) {
      if (from < span.from || from >= span.to) continue
      most = Math.max(most, spans.filter((each) => each.from <= from && from < each.to).length)
    }
    this.#spans = spans.slice(-2 * (this.believed + 1))
    this.#ranAtOnce(most)
  }

  #ranAtOnce(count: number): void {
    if (this.#doubt !== undefined && count > this.#doubt) this.#doubt = undefined
    if (count <= this.believed) return
    this.believed = Math.min(count, MAX_SLOTS)
    this.#tried = undefined
    this.#patience = 0
  }

  #refuted(ran: number): void {
    this.#patience = PATIENCE
    if (ran >= this.believed) return
    if (this.#doubt === undefined) {
      this.#doubt = ran
      return
    }
    this.believed = Math.max(1, ran, this.#doubt)
    this.#doubt = undefined
    this.#spans = []
  }
}

interface OwnWork {
  readonly ms: number
  readonly noiseMs: number
}

function ownWork({ timings, expectedMs }: SlotFacts): OwnWork | undefined {
  if (timings !== null) {
    const ms = timings.promptMs + timings.evalMs
    return { ms, noiseMs: ms * TOLD_NOISE }
  }
  return expectedMs === undefined ? undefined : { ms: expectedMs, noiseMs: expectedMs * EXPECTED_NOISE }
}

/** When it certainly was worked on. */
function spanOf({ beganAt }: Running, at: number, facts: SlotFacts | undefined): Span | undefined {
  if (beganAt === undefined) return undefined
  const own = facts === undefined ? undefined : ownWork(facts)
  if (facts?.streamed === false) {
    return own === undefined ? undefined : { from: at - own.ms + own.noiseMs, to: at - own.noiseMs }
  }
  const ranMs = facts?.timings == null ? at - beganAt : Math.min(at - beganAt, facts.timings.evalMs)
  return { from: beganAt, to: beganAt + ranMs - TIE_MS }
}

/** The end of another that it had waited for, where it is certain that it had. */
function waitedFor(work: Running, at: number, facts: SlotFacts | undefined): Freed | undefined {
  const { grantedAt, waitingSince = grantedAt, beganAt = at, prefillMs } = work
  const own = facts === undefined ? undefined : ownWork(facts)
  const streamed = facts?.streamed ?? at - beganAt > TIE_MS
  if (!streamed && own === undefined) return undefined
  const timings = facts?.timings ?? null
  if (streamed && timings === null) {
    const freed = lastBefore(work.freed, beganAt + TIE_MS)
    if (freed === undefined) return undefined
    const promptMs = Math.max(beganAt - freed.at, prefillMs, TIE_MS)
    return beganAt - waitingSince > FAR * promptMs ? freed : undefined
  }
  const { ms = 0, noiseMs = 0 } = own ?? {}
  const startedAt = streamed ? beganAt - (timings?.promptMs ?? 0) : at - ms
  const waitedMs = startedAt - (timings === null ? waitingSince : grantedAt + timings.loadMs)
  const freed = lastBefore(work.freed, startedAt + TIE_MS + noiseMs)
  if (freed === undefined || waitedMs < Math.max(2 * TIE_MS, noiseMs)) return undefined
  return startedAt - freed.at <= Math.max(TIE_MS, noiseMs, waitedMs / FAR) ? freed : undefined
}

function lastBefore(freed: readonly Freed[], at: number): Freed | undefined {
  return freed.findLast((each) => each.at <= at)
}
