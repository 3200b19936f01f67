import type { Principal } from '../../auth/principal.ts'
import { CHAT } from '../../proxy/__fixtures__/routes.ts'
import { createScriptedFleet, type ScriptedFleet } from '../../proxy/__fixtures__/scripted-fleet.ts'
import { NO_PROMPT } from '../../proxy/prompt.ts'
import type { Claim, RouteRequest, RouteTicket } from '../../proxy/router.ts'
import type { Attempt, ResponseSink } from '../../proxy/upstream.ts'
import type { AnswerReader } from '../answer-watch.ts'
import { createResponseCache, type ResponseCache } from '../caching-router.ts'
import type { CacheSettings } from '../settings.ts'

export const ann: Principal = {
  user: 'ann',
  keyId: 'k1',
  keyName: 'n',
  scopes: new Set(),
  models: null,
  upstreams: null,
  pools: null,
}

export function asking(body: unknown, more: Partial<RouteRequest> = {}): RouteRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return {
    model: 'tiny:latest',
    route: CHAT,
    principal: ann,
    tried: new Set(),
    named: null,
    prompt: NO_PROMPT,
    arrivedAt: 0,
    asking: { method: 'POST', target: '/api/chat', headers: [], body: [new TextEncoder().encode(text)] },
    format: { framing: 'ndjson', dialect: 'ollama' },
    cacheWish: 'any',
    ...more,
  }
}

export const HELLO = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }], options: { seed: 1 } }

/** One who asks, in the place of an exchange: hears what comes of it and takes as much as it has room for. */
export interface Asker {
  readonly ticket: RouteTicket
  claim: Claim | undefined
  attempt: Attempt | undefined
  room: boolean
  /** Tokens of the answer that are on its account when it has ended, or was left. */
  account: number
  /** `granted`, `refused`, then what its sink hears; runs of `data` as one. */
  readonly events: string[]
  text(): string
  leave(): void
}

export interface CacheScene {
  readonly fleet: ScriptedFleet
  readonly cache: ResponseCache
  digest: string | null
  now: number
  ask(request: RouteRequest): Asker
}

/** As the gateway reads answers, only simpler: one that has ended is whole unless it says `cut`. */
export const plainReader: AnswerReader = {
  watch(_request, { status }) {
    let text = ''
    const usage = () => ({ promptTokens: 1, completionTokens: text.length, cachedTokens: null })
    return {
      pass: (chunk) => void (text += new TextDecoder().decode(chunk)),
      ended: () => !text.endsWith('cut'),
      facts: () => ({ status, streamed: true, usage: usage(), timings: null }),
      outcome: () => (status < 500 ? 'answered' : 'failed-model'),
    }
  },
  outcomeOf: ({ kind }) => (kind === 'unreachable' ? 'unreachable' : 'broken'),
}

export function openScene(settings: Partial<CacheSettings> = {}): CacheScene {
  const terms: CacheSettings = { mode: 'deterministic', ttlMs: 60_000, maxBytes: 2 ** 20, share: 'user', ...settings }
  const fleet = createScriptedFleet('one', 'two', 'three')
  const clock = { now: () => scene.now }
  const cache = createResponseCache({ clock, reader: plainReader, digestOf: () => scene.digest }, terms)
  const router = cache.before(fleet.router, terms)
  const scene: CacheScene = {
    fleet,
    cache,
    digest: 'd1',
    now: 1000,
    ask(request) {
      const asker = createAsker()
      const ticket = router.request(request, {
        granted(claim) {
          asker.events.push('granted')
          asker.claim = claim
          if (request.asking !== undefined) asker.attempt = claim.upstream.send(request.asking, asker.sink)
        },
        refused: (error) => void asker.events.push(`refused ${error.code}`),
      })
      return Object.assign(asker, { ticket })
    },
  }
  return scene
}

function createAsker(): Omit<Asker, 'ticket'> & { readonly sink: ResponseSink; ticket?: RouteTicket } {
  const chunks: Uint8Array[] = []
  const events: string[] = []
  const heard = (event: string): void => {
    if (events.includes('released')) throw new Error(`${event} after released`)
    if (event !== 'data' || events.at(-1) !== 'data') events.push(event)
  }
  const settle = (): void => {
    asker.account = asker.claim?.shared?.charged()?.usage?.completionTokens ?? 0
  }
  const sink: ResponseSink = {
    accepted: () => heard('accepted'),
    info: (status) => heard(`info ${status}`),
    head: (status) => heard(`head ${status}`),
    data(chunk) {
      heard('data')
      chunks.push(chunk.slice())
      return asker.room
    },
    end() {
      heard('end')
      settle()
    },
    fail({ kind }) {
      heard(`fail ${kind}`)
      settle()
    },
    released: () => heard('released'),
  }
  const asker: ReturnType<typeof createAsker> = {
    sink,
    claim: undefined,
    attempt: undefined,
    room: true,
    account: 0,
    events,
    text: () => Buffer.concat(chunks).toString(),
    leave() {
      if (asker.attempt === undefined) asker.ticket?.cancel()
      else {
        asker.attempt.abort('client-gone')
        if (!events.includes('released')) settle()
      }
    },
  }
  return asker
}

/** Lets what was put off until the end of this turn happen. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
