import type { Dialect } from '../../dialects/dialect.ts'
import type { ModelPrice } from '../../proxy/settings.ts'
import type { LimitRefusal, Reservation, Reserved } from '../../proxy/limits-port.ts'
import type { RouteKind } from '../../proxy/route.ts'
import { createLimitBook, type LimitBook } from '../limit-book.ts'
import type { LimitTerms } from '../../lib/limit-terms.ts'
import { createLimits, type Limits } from '../limits.ts'
import { createPriceList } from '../prices.ts'
import type { RequestRates } from '../request-rates.ts'
import type { LimitSettings } from '../settings.ts'

/** Noon of a day in the middle of a month. */
export const NOON = Date.UTC(2026, 4, 15, 12)

export interface Ask {
  readonly key?: string
  readonly user?: string
  /** That of the only user of the name, where it is omitted. */
  readonly userId?: string
  readonly limits?: LimitTerms
  readonly userLimits?: LimitTerms
  readonly model?: string | null
  readonly promptTokens?: number
  readonly kind?: RouteKind
  readonly scope?: 'chat' | 'embed'
  readonly dialect?: Dialect
}

export interface Took {
  readonly key?: string
  readonly userId?: string
  readonly model?: string
  readonly prompt?: number
  readonly completion?: number
  readonly cache?: 'hit' | 'coalesced'
}

export interface LimitScene {
  readonly book: LimitBook
  now: number
  ask(ask?: Ask): Reserved | undefined | Promise<Reserved>
  /** Expects that it is let in. */
  admit(ask?: Ask): Promise<Reservation>
  /** Expects that it is refused. */
  refuse(ask?: Ask): Promise<LimitRefusal>
  charge(took: Took): void
  /** Of a key that asks so, and its user. */
  usesOf(ask?: Ask): ReturnType<Limits['usesOf']>
  /** Of these, and all models. */
  fullestUses(asks: readonly Ask[], most: number): ReturnType<Limits['fullestUses']>
  /** The next config, over the same books. */
  configure(settings: Partial<LimitSettings>): void
}

export function limitScene(
  settings: Partial<LimitSettings> = {},
  { prices = [], rates }: { readonly prices?: readonly ModelPrice[]; readonly rates?: RequestRates } = {},
): LimitScene {
  const clock = { now: () => scene.now }
  const book = createLimitBook(rates ?? countingRates(clock))
  const list = createPriceList(prices)
  const configured = (changes: Partial<LimitSettings>) =>
    createLimits({ book, prices: list, clock }, { defaults: {}, models: [], onExhausted: 'end', ...changes })
  let port = configured(settings)

  const scene: LimitScene = {
    book,
    now: NOON,
    ask: (ask = {}) => port.reserve(requestOf(ask)),
    async admit(ask) {
      const reserved = await scene.ask(ask)
      if (reserved?.kind !== 'reserved') throw new Error(`it was not let in: ${reserved?.error.message ?? 'no limit'}`)
      return reserved
    },
    async refuse(ask) {
      const reserved = await scene.ask(ask)
      if (reserved?.kind !== 'refused') throw new Error('it was let in')
      return reserved
    },
    charge({ key = 'k', userId = 'id of ann', model = 'tiny:latest', prompt = 0, completion = 0, cache = null }) {
      const usage = { promptTokens: prompt, completionTokens: completion }
      const record = { time: scene.now, totalMs: 0, keyId: key, userId, model, cache, ...usage }
      book.charge(record, list.costOf(model, usage))
    },
    usesOf: (ask = {}) => port.usesOf(requestOf(ask).principal),
    fullestUses: (asks, most) =>
      port.fullestUses(
        asks.map((ask) => requestOf(ask).principal),
        most,
      ),
    configure: (changes) => void (port = configured(changes)),
  }
  return scene
}

/** Minutes that begin with their first request. */
export function countingRates(clock: { now(): number }): RequestRates {
  const minutes = new Map<string, { count: number; until: number }>()
  return {
    take(name) {
      let minute = minutes.get(name)
      if (minute === undefined || minute.until <= clock.now()) minute = { count: 0, until: clock.now() + 60_000 }
      minute.count += 1
      minutes.set(name, minute)
      return Promise.resolve({ count: minute.count, resetMs: minute.until - clock.now() })
    },
    look(name) {
      const minute = minutes.get(name)
      if (minute === undefined || minute.until <= clock.now()) return Promise.resolve(undefined)
      return Promise.resolve({ count: minute.count, resetMs: minute.until - clock.now() })
    },
    giveBack(name) {
      const minute = minutes.get(name)
      if (minute !== undefined) minute.count -= 1
      return Promise.resolve()
    },
  }
}

type Request = Parameters<ReturnType<typeof createLimits>['reserve']>[0]

/** One object per key, as the key directory has it. */
const principals = new Map<string, Request['principal']>()

function requestOf(ask: Ask): Request {
  const {
    key = 'k',
    user = 'ann',
    userId = `id of ${user}`,
    limits,
    userLimits,
    model = 'tiny:latest',
    promptTokens = 10,
  } = ask
  const name = JSON.stringify([key, userId, limits, userLimits])
  const principal: Request['principal'] = principals.get(name) ?? {
    ...{
      user,
      userId,
      keyId: key,
      keyName: `key ${key}`,
      scopes: new Set(),
      models: null,
      upstreams: null,
      pools: null,
    },
    ...(limits === undefined ? {} : { limits }),
    ...(userLimits === undefined ? {} : { userLimits }),
  }
  principals.set(name, principal)
  return {
    principal,
    route: {
      ...{ method: 'POST', pattern: '/api/chat', scope: ask.scope ?? 'chat', dialect: ask.dialect ?? 'ollama' },
      ...{ kind: ask.kind ?? 'generate', body: 'json', stream: 'ndjson', streamsByDefault: true, retry: true },
    },
    model,
    prompt: { tokens: promptTokens, blocks: () => [] },
  }
}
