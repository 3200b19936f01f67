import { PLAIN_SHARE } from '../../../auth/principal.ts'
import { NO_PROMPT } from '../../../proxy/prompt.ts'
import type { PairEstimates } from '../../learning/estimates.ts'
import type { DispatchOptions } from '../dispatch-options.ts'
import { createDispatcher, type Dispatcher, type DispatcherDeps } from '../dispatcher.ts'
import type { Effect } from '../effect.ts'
import type { ServerFacts } from '../server-facts.ts'
import type { Work } from '../work.ts'

export const GB = 1e9

export const OPTIONS: DispatchOptions = { maxLength: 512, maxWaitMs: 300_000, spillAfterMs: 20_000, affinity: true }

export function serverFacts(name: string, more: Partial<ServerFacts> = {}): ServerFacts {
  return {
    name,
    priority: 1,
    slow: false,
    memoryBytes: 24 * GB,
    slots: 1,
    admits: Number.POSITIVE_INFINITY,
    models: new Map([['m', 8 * GB]]),
    ...more,
  }
}

/** A dispatcher on a clock that the test moves. Reads 1 ms and writes 10 ms per token, loads 1 GB per second. */
export interface DispatchBed {
  readonly dispatcher: Dispatcher
  now: number
  /** By upstream. */
  readonly pace: Map<string, Partial<PairEstimates>>
  work(more?: Partial<Work>): Work
  /** Where it went; undefined where it waits or was refused. */
  arrive(work: Work): string | undefined
  /** The whole life of a work that has a slot, and who got it then. */
  finish(work: Work, tookMs?: number): readonly string[]
  /** Time passes, in seconds at which everything is looked at again. */
  pass(ms: number): Effect[]
}

export function dispatchBed(
  servers: readonly ServerFacts[],
  options: Partial<DispatchOptions> = {},
  deps: Partial<DispatcherDeps> = {},
): DispatchBed {
  const pace = new Map<string, Partial<PairEstimates>>()
  const plain = { prefillMsPerToken: 1, decodeMsPerToken: 10, outputTokens: 100 }
  const names = servers.map(({ name }) => name)
  const time = { now: 1_000_000 }
  const bed: DispatchBed = {
    get now() {
      return time.now
    },
    set now(ms) {
      time.now = ms
    },
    pace,
    dispatcher: createDispatcher(
      {
        clock: { now: () => time.now },
        estimates: {
          pair: (server) => ({ ...plain, ...pace.get(server) }),
          networkMs: () => 1,
          loadMs: (_server, bytes) => bytes / 1e6,
        },
        ...deps,
      },
      { ...OPTIONS, ...options },
    ),
    work(more = {}) {
      const model = more.model ?? 'm'
      const prompt = { ...NO_PROMPT, tokens: 100 }
      const share = PLAIN_SHARE
      const rest = { brief: false, arrivedAt: bed.now, lane: model, candidates: () => names }
      return { model, key: 'k', share, prompt, ...rest, ...more }
    },
    arrive(work) {
      return grantsIn(bed.dispatcher.arrive(work)).find(({ to }) => to === work)?.server
    },
    finish(work, tookMs = 0) {
      const effects = [...bed.dispatcher.began(work)]
      bed.now += tookMs
      effects.push(...bed.dispatcher.ended(work, null), ...bed.dispatcher.released(work))
      return grantsIn(effects).map(({ to }) => to.key)
    },
    pass(ms) {
      const effects: Effect[] = []
      for (const until = bed.now + ms; bed.now < until; ) {
        bed.now = Math.min(until, bed.now + 1_000)
        effects.push(...bed.dispatcher.reconsider())
      }
      return effects
    },
  }
  bed.dispatcher.setServers(servers)
  return bed
}

export function grantsIn(effects: readonly Effect[]): { readonly to: Work; readonly server: string }[] {
  return effects.flatMap((effect) => (effect.kind === 'grant' ? [{ to: effect.work, server: effect.server }] : []))
}
