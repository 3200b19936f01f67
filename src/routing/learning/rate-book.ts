import type { AnswerTimings, TokenUsage } from '../../dialects/token-usage.ts'
import type { Prompt } from '../../proxy/prompt.ts'
import type { LearntPair, LearntServer } from '../learnt-fleet.ts'
import type { Estimates } from './estimates.ts'
import { LearntFactor } from './learnt-factor.ts'
import { ModelRates, newSpeed, PairRates, type Speed } from './pair-rates.ts'

/** One good answer that ended by itself, and what is known of the time it took. */
export interface AnswerSample {
  readonly server: string
  readonly model: string
  readonly prompt: Prompt
  /** It was sent to a model that was not loaded. */
  readonly cold: boolean
  /** Whether its first byte came while it was still being made. */
  readonly streamed: boolean
  readonly usage: TokenUsage | null
  /** The upstream's own; null where its dialect does not tell. */
  readonly timings: AnswerTimings | null
  readonly grantedAt: number
  readonly beganAt: number
  readonly endedAt: number
}

/** Learns how fast upstreams read, write, load and answer, and how long answers get. */
export interface RateBook extends Estimates {
  observe(sample: AnswerSample): void
  /** A health probe took so long. */
  probed(server: string, tookMs: number): void
  /** A model was loaded by the gateway itself. */
  loaded(server: string, bytes: number, tookMs: number): void
  learnt(server: string, model: string): LearntPair
  learntServer(name: string): LearntServer
  /** Forgets all others. */
  keep(servers: ReadonlySet<string>): void
}

interface ServerRates {
  readonly speed: Speed
  readonly load: LearntFactor
  readonly pairs: Map<string, PairRates>
  networkMs: number | undefined
}

/** Between a SATA disk (0.5 GB/s) and a good NVMe one (3 GB/s); what is loaded again often comes from memory. */
const LOAD_MS_PER_BYTE = 1000 / 1.5e9
/** Starting the runner and its first empty pass. */
const LOAD_START_MS = 1000

const USUAL_NETWORK_MS = 2
/** A probe that was quick says more than one that was slow: the latter waited for something else. */
const QUICKER_SHARE = 0.5
const SLOWER_SHARE = 0.1

/** Fewer say nothing of a speed. */
const MIN_PROMPT_TOKENS = 16
const MIN_ANSWER_TOKENS = 8
/** Below that Ollama only looked the model up. */
const MIN_LOAD_MS = 20

/** Models come and go; the least recently needed are forgotten. */
const MAX_PAIRS_OF_SERVER = 2000
const MAX_MODELS = 10_000

/** `bytesOf`: what a model takes on an upstream, 0 where nobody knows. */
export function createRateBook(bytesOf: (server: string, model: string) => number): RateBook {
  const servers = new Map<string, ServerRates>()
  const models = new Map<string, ModelRates>()

  const serverOf = (name: string): ServerRates => {
    const known = servers.get(name)
    if (known !== undefined) return known
    const fresh = { speed: newSpeed(), load: new LearntFactor(), pairs: new Map(), networkMs: undefined }
    servers.set(name, fresh)
    return fresh
  }
  const modelOf = (name: string): ModelRates =>
    recent(models, name) ?? remember(models, [name, new ModelRates()], MAX_MODELS)
  const pairOf = (server: string, model: string): PairRates => {
    const { pairs, speed } = serverOf(server)
    const known = recent(pairs, model)
    if (known !== undefined) return known
    const fresh = new PairRates(speed, modelOf(model), () => bytesOf(server, model))
    return remember(pairs, [model, fresh], MAX_PAIRS_OF_SERVER)
  }
  const loadMs = (server: string, bytes: number): number =>
    assumedLoadMs(bytes) * (servers.get(server)?.load.value ?? 1)
  const networkMs = (server: string): number => servers.get(server)?.networkMs ?? USUAL_NETWORK_MS

  const hearLoad = (server: string, bytes: number, tookMs: number): void => {
    if (bytes > 0 && tookMs >= MIN_LOAD_MS) serverOf(server).load.hear(tookMs, assumedLoadMs(bytes))
  }

  return {
    pair: pairOf,
    networkMs,
    loadMs,
    observe(sample) {
      const pair = pairOf(sample.server, sample.model)
      const answerTokens = sample.usage?.completionTokens ?? null
      if (answerTokens !== null && answerTokens > 0) modelOf(sample.model).heardOutput(answerTokens)
      const network = networkMs(sample.server)
      const spent = timesOf(pair, sample, network)
      if (spent.answerTokens >= MIN_ANSWER_TOKENS && spent.answerMs > 0)
        pair.heardDecode(spent.answerTokens, spent.answerMs)
      if (spent.promptTokens >= MIN_PROMPT_TOKENS && spent.promptMs > 0)
        pair.heardPrefill(spent.promptTokens, spent.promptMs)
      if (sample.cold) hearLoad(sample.server, bytesOf(sample.server, sample.model), spent.loadMs)
    },
    probed(name, tookMs) {
      const server = serverOf(name)
      const before = server.networkMs ?? tookMs
      server.networkMs = before + (tookMs - before) * (tookMs < before ? QUICKER_SHARE : SLOWER_SHARE)
    },
    loaded: hearLoad,
    learnt(server, model) {
      const pair = servers.get(server)?.pairs.get(model)
      return {
        prefillTokensPerSecond: pair?.own.prefill.isLearnt === true ? 1000 / pair.prefillMsPerToken : null,
        decodeTokensPerSecond: pair?.own.decode.isLearnt === true ? 1000 / pair.decodeMsPerToken : null,
      }
    },
    learntServer(name) {
      const server = servers.get(name)
      const load = server?.load.value
      return {
        roundTripMs: server?.networkMs ?? null,
        loadBytesPerSecond: load === undefined ? null : 1000 / (LOAD_MS_PER_BYTE * load),
      }
    },
    keep(names) {
      for (const name of servers.keys()) if (!names.has(name)) servers.delete(name)
    },
  }
}

/** Where nothing can be said, tokens or milliseconds are 0. */
interface Spent {
  readonly promptTokens: number
  readonly promptMs: number
  readonly answerTokens: number
  readonly answerMs: number
  readonly loadMs: number
}

function timesOf(pair: PairRates, sample: AnswerSample, networkMs: number): Spent {
  const { timings, cold, streamed, grantedAt, beganAt, endedAt } = sample
  const promptTokens = newTokens(pair, sample) ?? 0
  const answerTokens = sample.usage?.completionTokens ?? 0
  if (timings !== null) {
    const { promptMs, evalMs, loadMs } = timings
    return { promptTokens, promptMs, answerTokens, answerMs: evalMs, loadMs }
  }
  const promptMs = promptTokens * pair.prefillMsPerToken
  const tookMs = endedAt - grantedAt - networkMs
  if (streamed) {
    const waitedMs = Math.max(0, beganAt - grantedAt - networkMs)
    // The first token came with the first byte.
    const answer = { answerTokens: answerTokens - 1, answerMs: endedAt - beganAt }
    return cold
      ? { promptTokens: 0, promptMs: 0, ...answer, loadMs: waitedMs - promptMs }
      : { promptTokens, promptMs: waitedMs, ...answer, loadMs: 0 }
  }
  const answerMs = answerTokens * pair.decodeMsPerToken
  // Nobody saw where the prompt ended: both took longer, or shorter, by the same share.
  const share = cold || promptTokens === 0 || answerTokens === 0 ? 0 : tookMs / (promptMs + answerMs)
  if (share <= 0) return { promptTokens: 0, promptMs: 0, answerTokens: 0, answerMs: 0, loadMs: 0 }
  return { promptTokens, promptMs: promptMs * share, answerTokens, answerMs: answerMs * share, loadMs: 0 }
}

/** How many tokens of the prompt it had to read; undefined where nobody knows. */
function newTokens(pair: PairRates, { prompt, usage }: AnswerSample): number | undefined {
  const counted = usage?.promptTokens ?? prompt.tokens
  const fresh = pair.trace.newTokens(counted, prompt.blocks())
  // Some versions count only what was not known.
  const isWithoutKnown = fresh !== counted && counted < prompt.tokens * WHOLE_COUNT_SHARE
  return isWithoutKnown ? counted : fresh
}

/** A prompt's tokens are estimated to a third. */
const WHOLE_COUNT_SHARE = 0.66

function assumedLoadMs(bytes: number): number {
  return bytes * LOAD_MS_PER_BYTE + LOAD_START_MS
}

function recent<V>(map: Map<string, V>, name: string): V | undefined {
  const value = map.get(name)
  if (value === undefined) return undefined
  map.delete(name)
  map.set(name, value)
  return value
}

function remember<V>(map: Map<string, V>, [name, value]: readonly [string, V], most: number): V {
  map.set(name, value)
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
  return value
}
