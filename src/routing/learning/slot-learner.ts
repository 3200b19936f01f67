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
  readonly id: unknown
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

/** By which share of its own work the time may be wrong at which an answer was begun on. */
const TOLD_NOISE = 0.1
const EXPECTED_NOISE = 0.45

/**
 * Contended requests between a refuted try and the next one: a try costs one request its choice of server. The first
 * ones may err; after that the pause doubles, up to so many, until the model is loaded anew: Ollama reads
 * OLLAMA_NUM_PARALLEL when it starts.
 */
const PATIENCE = 3
const QUICK_TRIES = 3
const MOST_PATIENCE = 256

/** Tries without an answer to the question before that counts as a refutation. */
const VAIN_TRIES = 3

/** Of what Ollama says that it took to have the model ready: where it is loaded already, some tens of milliseconds. */
const RELOAD_MS = 500

/**
 * Learns how many answers one model on one upstream makes at once (OLLAMA_NUM_PARALLEL), which nobody tells. `limit`
 * is asked, the rest is told, of every request that takes a slot; `ended` once for each, in whatever way it ended.
 */
export class SlotLearner {
  /** What is believed, without the try of one more. */
  believed = 1

  /** In the order in which slots were given; a few. No map: see `lib/bag.ts`. */
  readonly #running: Running[] = []
  #begun = 0
  #spans: Span[] = []
  #loaded = false
  /** The last answer told when it was begun on, and the next will: that none has begun yet hides nothing then. */
  #tells = false
  #tried: unknown
  /** Contended requests until the next try. */
  #patience = 0
  /** In a row. */
  #refutations = 0
  #vain = 0
  /** What the last refutation spoke for, while nothing spoke against it. */
  #doubt: number | undefined
  #raise: { readonly at: number; readonly from: number } | undefined

  /** How many may run, asked on behalf of one more request while `running` do. Changes nothing. */
  limit(running: number): number {
    const tries = running === this.believed && this.believed < MAX_SLOTS && this.#mayTry(running)
    return tries ? this.believed + 1 : this.believed
  }

  /** Soon: the model is loaded anew, perhaps by an Ollama with other settings. */
  tryAgain(): void {
    this.#patience = 0
    this.#refutations = 0
    this.#vain = 0
  }

  /** `prefillMs`: how long its prompt alone is expected to take. */
  granted(id: unknown, at: number, prefillMs = 0): void {
    if (this.#running.length === 0) this.#loaded &&= this.#tells
    const waitingSince = this.#loaded ? at : undefined
    this.#running.push({ id, grantedAt: at, prefillMs, waitingSince, beganAt: undefined, freed: [] })
    if (this.#running.length > this.believed) this.#tried ??= id
    else if (this.#running.length === this.believed && this.#patience > 0) this.#patience -= 1
  }

  /** Its first byte has come, of an answer that took a slot: not of a refusal. */
  began(id: unknown, at: number): void {
    const work = this.#running.find((each) => each.id === id)
    if (work === undefined || work.beganAt !== undefined) return
    work.beganAt = at
    this.#begun += 1
    if (!this.#loaded) {
      this.#loaded = true
      for (const each of this.#running) each.waitingSince ??= at
    }
    if (this.#begun > this.believed) this.#raise = { at, from: this.believed }
    this.#ranAtOnce(this.#begun)
  }

  ended(id: unknown, at: number, facts?: SlotFacts): void {
    const work = this.#running.find((each) => each.id === id)
    if (work === undefined) return
    if ((facts?.timings?.loadMs ?? 0) >= RELOAD_MS) this.tryAgain()
    if (work.beganAt !== undefined) this.#freed(work, at)
    this.#running.splice(this.#running.indexOf(work), 1)
    if (work.beganAt !== undefined) {
      this.#begun -= 1
      this.#tells = startOf(work, at, facts) !== undefined
      const span = spanOf(work, at, facts)
      if (span !== undefined) this.#overlapped(span)
      const ran = ranWhileWaiting(work, at, facts)
      if (ran !== undefined) this.#refuted(ran)
    }
    if (this.#tried !== id) return
    this.#tried = undefined
    this.#vain += 1
    if (this.#vain >= VAIN_TRIES) this.#rest()
  }

  #mayTry(running: number): boolean {
    if (this.#patience > 0 || running !== this.#running.length) return false
    return this.#tried !== undefined || this.#begun === running || (this.#loaded && this.#tells)
  }

  /** Tells those who still wait that a slot has come free. */
  #freed(ended: Running, at: number): void {
    if (this.#raise !== undefined && at - this.#raise.at < TIE_MS) this.believed = this.#raise.from
    this.#raise = undefined
    let ran = 0
    let later = false
    for (const work of this.#running) {
      const waited = work.beganAt === undefined || at - work.beganAt < TIE_MS
      // Slots are given in order: whoever came before it and has not ended had one.
      if (later && waited) work.freed.push({ at, ran })
      if (work.freed.length > MAX_SLOTS) work.freed.shift()
      later ||= work === ended
      ran += 1
    }
  }

  #overlapped(span: Span): void {
    const spans = [...this.#spans, span]
    this.#spans = spans.slice(-2 * (this.believed + 1))
    this.#ranAtOnce(mostDuring(span, spans))
  }

  #ranAtOnce(count: number): void {
    if (this.#doubt !== undefined && count > this.#doubt) this.#doubt = undefined
    if (count <= this.believed) return
    this.believed = Math.min(count, MAX_SLOTS)
    this.#tried = undefined
    this.tryAgain()
  }

  #rest(): void {
    this.#patience = Math.min(PATIENCE * 2 ** Math.max(0, this.#refutations - QUICK_TRIES), MOST_PATIENCE)
    this.#refutations += 1
    this.#vain = 0
  }

  #refuted(ran: number): void {
    this.#rest()
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

/** The most of them that overlap at one moment of the one. */
function mostDuring({ from, to }: Span, spans: readonly Span[]): number {
  const real = spans.filter((each) => each.from < each.to)
  const starts = real.map((each) => each.from).toSorted((a, b) => a - b)
  const ends = real.map((each) => each.to).toSorted((a, b) => a - b)
  let most = 1
  let ended = 0
  for (const [begun, start] of starts.entries()) {
    while (ended < ends.length && (ends[ended] ?? 0) <= start) ended += 1
    if (start >= from && start < to) most = Math.max(most, begun + 1 - ended)
  }
  return most
}

/** When its slot was certainly at work on it. The end is known, the beginning may be told or expected. */
function spanOf(work: Running, at: number, facts: SlotFacts | undefined): Span | undefined {
  const { beganAt } = work
  const start = startOf(work, at, facts)
  if (start !== undefined) return { from: start.at + start.noiseMs, to: Math.min(at, start.endAt) - TIE_MS }
  return beganAt === undefined || isWhole(work, at, facts) ? undefined : { from: beganAt, to: at - TIE_MS }
}

interface Start {
  readonly at: number
  readonly noiseMs: number
  /** The end may have been seen later, where the reader was slow. */
  readonly endAt: number
}

/** When its slot began to work on it; undefined where nothing tells. */
function startOf(work: Running, at: number, facts: SlotFacts | undefined): Start | undefined {
  if (facts === undefined || work.beganAt === undefined) return undefined
  const { timings, expectedMs } = facts
  const ms = timings === null ? expectedMs : timings.promptMs + timings.evalMs
  // An embedding's answer tells no times but the whole.
  if (ms === undefined || ms <= 0) return undefined
  if (timings === null) {
    return facts.streamed ? undefined : { at: at - ms, noiseMs: ms * EXPECTED_NOISE, endAt: at }
  }
  const started = facts.streamed ? work.beganAt - timings.promptMs : at - ms
  return { at: started, noiseMs: ms * TOLD_NOISE, endAt: started + ms }
}

function isWhole({ beganAt = 0 }: Running, at: number, facts: SlotFacts | undefined): boolean {
  return facts === undefined ? at - beganAt <= TIE_MS : !facts.streamed
}

/** What ran until the end of another that it had waited for; undefined where it is not certain that it had. */
function ranWhileWaiting(work: Running, at: number, facts: SlotFacts | undefined): number | undefined {
  const { grantedAt, waitingSince = grantedAt, beganAt = at, prefillMs } = work
  const start = startOf(work, at, facts)
  if (start === undefined) {
    const freed = isWhole(work, at, facts) ? undefined : work.freed.findLast((each) => each.at <= beganAt + TIE_MS)
    const promptMs = Math.max(beganAt - (freed?.at ?? waitingSince), prefillMs, TIE_MS)
    return beganAt - waitingSince > FAR * promptMs ? freed?.ran : undefined
  }
  const timings = facts?.timings ?? null
  const waitedMs = start.at - (timings === null ? waitingSince : grantedAt + timings.loadMs)
  if (waitedMs < Math.max(2 * TIE_MS, 2 * start.noiseMs)) return undefined
  // More than one may have ended about then: the one that speaks for most is believed.
  const near = work.freed.filter((each) => Math.abs(start.at - each.at) <= TIE_MS + start.noiseMs)
  return near.length === 0 ? undefined : Math.max(...near.map((each) => each.ran))
}
