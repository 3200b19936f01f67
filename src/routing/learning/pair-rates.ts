import type { PairEstimates } from './estimates.ts'
import { LearntFactor } from './learnt-factor.ts'
import { PromptTrace } from './prompt-trace.ts'

/** A reading and a writing speed, each as a factor of what is assumed of a model of that size. */
export interface Speed {
  readonly prefill: LearntFactor
  readonly decode: LearntFactor
}

export function newSpeed(): Speed {
  return { prefill: new LearntFactor(), decode: new LearntFactor() }
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
  readonly own = newSpeed()
  readonly trace = new PromptTrace()
  readonly #bytes: () => number
  readonly #server: Speed
  readonly #model: ModelRates
  #knownBytes = 0

  constructor(server: Speed, model: ModelRates, bytes: () => number) {
    this.#server = server
    this.#model = model
    this.#bytes = bytes
  }

  get prefillMsPerToken(): number {
    const assumed = this.assumedPrefillMs
    const weight = assumed * ASSUMED_PREFILL_TOKENS
    return assumed * this.own.prefill.towards(this.#neighbours('prefill', weight), weight)
  }

  get decodeMsPerToken(): number {
    const assumed = this.assumedDecodeMs
    const weight = assumed * ASSUMED_DECODE_TOKENS
    return assumed * this.own.decode.towards(this.#neighbours('decode', weight), weight)
  }

  get outputTokens(): number {
    return this.#model.outputTokens
  }

  get assumedPrefillMs(): number {
    return this.assumedDecodeMs / DECODES_PER_PREFILL
  }

  get assumedDecodeMs(): number {
    // Asked once its list is known, and then no more: a factor is about one size.
    if (this.#knownBytes === 0) this.#knownBytes = this.#bytes()
    return (this.#knownBytes > 0 ? this.#knownBytes : USUAL_BYTES) * DECODE_MS_PER_BYTE
  }

  /** Prompt tokens it had to read, and how long that took. */
  heardPrefill(tokens: number, ms: number): void {
    const assumed = this.assumedPrefillMs
    // No card reads so much faster than it writes: the prompt was known to it.
    const leastMs = (tokens * this.decodeMsPerToken) / MOST_DECODES_PER_PREFILL
    const believed = tokens * this.prefillMsPerToken
    const seen = Math.max(leastMs, bounded(ms, believed, this.own.prefill))
    const weight = Math.min(1, MOST_TOKENS / tokens) * assumed * tokens
    this.#hear('prefill', (seen / (assumed * tokens)) * weight, weight)
  }

  heardDecode(tokens: number, ms: number): void {
    const assumed = this.assumedDecodeMs
    const seen = bounded(ms, tokens * this.decodeMsPerToken, this.own.decode)
    const weight = Math.min(1, MOST_TOKENS / tokens) * assumed * tokens
    this.#hear('decode', (seen / (assumed * tokens)) * weight, weight)
  }

  #neighbours(kind: keyof Speed, weight: number): number {
    const [server, model] = [this.#server[kind], this.#model.speed[kind]]
    if (server.isLearnt) return server.towards(1, weight)
    return model.isLearnt ? model.towards(1, weight) : 1
  }

  #hear(kind: keyof Speed, seen: number, assumed: number): void {
    for (const speed of [this.own, this.#server, this.#model.speed]) speed[kind].hear(seen, assumed)
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
  readonly speed = newSpeed()
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
