import type { PairEstimates } from './estimates.ts'
import { LearntFactor } from './learnt-factor.ts'
import { PromptTrace } from './prompt-trace.ts'

/** A reading and a writing speed, each as a factor of what is assumed of a model of that size. */
export class Speed {
  readonly prefill = new LearntFactor()
  readonly decode = new LearntFactor()
  /** Grows with each sample. */
  heard = 0

  hear(kind: 'prefill' | 'decode', seen: number, assumed: number): void {
    this[kind].hear(seen, assumed)
    this.heard += 1
  }
}

/** For each token of an answer the whole model is read from memory: 300 GB/s is a desktop card. */
const DECODE_MS_PER_BYTE = 1000 / 300e9

/** Prompts go through many tokens at a time, bound by arithmetic: cards were seen at 30 to 40 times the pace. */
const DECODES_PER_PREFILL = 30

/** An 8B model of four bits, for those whose size nobody knows. */
const USUAL_BYTES = 5e9

/** How much of the assumption is still heard beside what was learnt, so that one short prompt says little. */
const ASSUMED_PREFILL_TOKENS = 64
const ASSUMED_DECODE_TOKENS = 16

/** What one model does on one upstream: as learnt there, else as its neighbours tell, else as its size lets assume. */
export class PairRates implements PairEstimates {
  readonly own = new Speed()
  readonly trace = new PromptTrace()
  readonly #bytes: () => number
  readonly #server: Speed
  readonly #model: ModelRates
  #assumedDecodeMs = 0
  /** What the numbers below were made from: they are read for every choice, and change with every answer at most. */
  #stamp = -1
  #prefillMs = 0
  #decodeMs = 0

  constructor(server: Speed, model: ModelRates, bytes: () => number) {
    this.#server = server
    this.#model = model
    this.#bytes = bytes
  }

  get prefillMsPerToken(): number {
    this.#renew()
    return this.#prefillMs
  }

  get decodeMsPerToken(): number {
    this.#renew()
    return this.#decodeMs
  }

  get outputTokens(): number {
    return this.#model.outputTokens
  }

  /** Prompt tokens it had to read, and how long that took. */
  heardPrefill(tokens: number, ms: number): void {
    // No card reads so much faster than it writes: the prompt was known to it.
    const leastMs = (tokens * this.decodeMsPerToken) / MOST_DECODES_PER_PREFILL
    const seen = Math.max(leastMs, bounded(ms, tokens * this.prefillMsPerToken, this.own.prefill))
    this.#hear('prefill', tokens, seen)
  }

  heardDecode(tokens: number, ms: number): void {
    this.#hear('decode', tokens, bounded(ms, tokens * this.decodeMsPerToken, this.own.decode))
  }

  #hear(kind: 'prefill' | 'decode', tokens: number, ms: number): void {
    const assumed = tokens * this.#assumed(kind)
    const share = Math.min(1, MOST_TOKENS / tokens)
    for (const speed of [this.own, this.#server, this.#model.speed]) speed.hear(kind, ms * share, assumed * share)
  }

  #renew(): void {
    const server = this.#server.heard
    // Other upstreams count only as long as nothing was seen of this one.
    const stamp = server === 0 ? -2 - this.#model.speed.heard : server
    if (stamp === this.#stamp) return
    this.#stamp = stamp
    // A factor is about one size: it is asked for until the first sample, by when the upstream's list is known.
    if (this.own.heard === 0) this.#assumedDecodeMs = (this.#bytes() || USUAL_BYTES) * DECODE_MS_PER_BYTE
    this.#prefillMs = this.#learnt('prefill', ASSUMED_PREFILL_TOKENS)
    this.#decodeMs = this.#learnt('decode', ASSUMED_DECODE_TOKENS)
  }

  #learnt(kind: 'prefill' | 'decode', assumedTokens: number): number {
    const assumed = this.#assumed(kind)
    const weight = assumed * assumedTokens
    const [server, model] = [this.#server[kind], this.#model.speed[kind]]
    const neighbour = server.isLearnt ? server : model
    return assumed * this.own[kind].towards(neighbour.isLearnt ? neighbour.towards(1, weight) : 1, weight)
  }

  #assumed(kind: 'prefill' | 'decode'): number {
    return kind === 'decode' ? this.#assumedDecodeMs : this.#assumedDecodeMs / DECODES_PER_PREFILL
  }
}

const MOST_DECODES_PER_PREFILL = 400

/** One long prompt is no reason to forget all others. */
const MOST_TOKENS = 4096

/** A wait that nobody knew of, or a prompt that was known after all, may not move an estimate far. */
function bounded(ms: number, believedMs: number, learnt: LearntFactor): number {
  const most = learnt.samples < SETTLED_SAMPLES ? 100 : 4
  return Math.min(believedMs * most, Math.max(believedMs / most, ms))
}

const SETTLED_SAMPLES = 3

/** What is known of a model wherever it runs. */
export class ModelRates {
  readonly speed = new Speed()
  outputTokens = USUAL_OUTPUT_TOKENS
  #samples = 0

  heardOutput(tokens: number): void {
    this.#samples += 1
    const share = Math.max(1 / (this.#samples + 1), STEADY_SHARE)
    // Rather too long than too short: who is believed to be done soon is waited for.
    const pull = tokens > this.outputTokens ? 1 + CAUTION : 1 - CAUTION
    this.outputTokens += (tokens - this.outputTokens) * share * pull
  }
}

/** Mean of a day of conversations of a public service was 211. */
const USUAL_OUTPUT_TOKENS = 250
const STEADY_SHARE = 0.05
const CAUTION = 0.2
