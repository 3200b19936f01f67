import type { LearntPair, LearntServer } from '../fleet/learnt-fleet.ts'
import type { Estimates } from './estimates.ts'
import { keepRecent } from './keep-recent.ts'
import { type AnswerSample, timesOf } from './answer-times.ts'
import { ModelRates, PairRates } from './pair-rates.ts'
import { ServerRates } from './server-rates.ts'

/** Learns how fast upstreams read, write, load and answer, and how long answers get. */
export interface RateBook extends Estimates {
  observe(sample: AnswerSample): void
  /** A health probe took so long. */
  probed(server: string, tookMs: number): void
  /** A model was loaded by the gateway itself. */
  loaded(server: string, bytes: number, tookMs: number): void
  learnt(server: string, model: string): LearntPair
  learntServer(name: string): LearntServer
  /** Forgets others, the latest of them last. */
  keep(servers: ReadonlySet<string>): void
}

/** Fewer say nothing of a speed. */
const MIN_PROMPT_TOKENS = 16
const MIN_ANSWER_TOKENS = 8

/** Models come and go; the least recently needed are forgotten. */
const MAX_PAIRS_OF_SERVER = 2000
const MAX_MODELS = 10_000

/** `bytesOf`: what a model takes on an upstream, 0 where nobody knows. */
export function createRateBook(bytesOf: (server: string, model: string) => number): RateBook {
  const servers = new Map<string, ServerRates>()
  const models = new Map<string, ModelRates>()

  const serverOf = (name: string): ServerRates => servers.get(name) ?? remember(servers, [name, new ServerRates()])
  const modelOf = (name: string): ModelRates =>
    recent(models, name, MAX_MODELS) ?? remember(models, [name, new ModelRates()], MAX_MODELS)
  const pairOf = (server: string, model: string): PairRates => {
    const { pairs, speed } = serverOf(server)
    const known = recent(pairs, model, MAX_PAIRS_OF_SERVER)
    if (known !== undefined) return known
    const fresh = new PairRates(speed, modelOf(model), () => bytesOf(server, model))
    return remember(pairs, [model, fresh], MAX_PAIRS_OF_SERVER)
  }

  return {
    pair: pairOf,
    networkMs: (name) => (servers.get(name) ?? UNKNOWN_SERVER).networkMs,
    loadMs: (name, bytes) => (servers.get(name) ?? UNKNOWN_SERVER).loadMs(bytes),
    observe(sample) {
      const server = serverOf(sample.server)
      const pair = pairOf(sample.server, sample.model)
      const answerLength = sample.usage?.completionTokens ?? 0
      if (answerLength > 0) modelOf(sample.model).heardOutput(answerLength)
      const { promptTokens, promptMs, answerTokens, answerMs, loadMs } = timesOf(pair, sample, server.networkMs)
      if (answerTokens >= MIN_ANSWER_TOKENS && answerMs > 0) pair.heardDecode(answerTokens, answerMs)
      if (promptTokens >= MIN_PROMPT_TOKENS && promptMs > 0) pair.heardPrefill(promptTokens, promptMs)
      if (sample.cold) server.heardLoad(bytesOf(sample.server, sample.model), loadMs)
    },
    probed: (name, tookMs) => serverOf(name).probed(tookMs),
    loaded: (name, bytes, tookMs) => serverOf(name).heardLoad(bytes, tookMs),
    learnt(server, model) {
      const pair = servers.get(server)?.pairs.get(model)
      return {
        prefillTokensPerSecond: pair?.own.prefill.isLearnt === true ? 1000 / pair.prefillMsPerToken : null,
        decodeTokensPerSecond: pair?.own.decode.isLearnt === true ? 1000 / pair.decodeMsPerToken : null,
      }
    },
    learntServer(name) {
      const { roundTripMs, loadBytesPerSecond } = servers.get(name) ?? UNKNOWN_SERVER
      return { roundTripMs, loadBytesPerSecond }
    },
    keep: (present) => keepRecent(servers, present),
  }
}

/** Hears nothing. */
const UNKNOWN_SERVER = new ServerRates()

/** Which one is the least recently needed matters only once some have to go: moving one costs. */
function recent<V>(map: Map<string, V>, name: string, most: number): V | undefined {
  const value = map.get(name)
  if (value === undefined || map.size < most / 2) return value
  map.delete(name)
  map.set(name, value)
  return value
}

function remember<V>(map: Map<string, V>, [name, value]: readonly [string, V], most = Number.POSITIVE_INFINITY): V {
  map.set(name, value)
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
  return value
}
