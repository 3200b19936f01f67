import { deafSink } from '../lib/deaf-sink.ts'
import { parseAnyModelName } from '../lib/model-name.ts'
import type { PolicyOf } from './model-policy.ts'
import type { Route } from './route.ts'
import type { Attempt, Upstream } from './upstream.ts'

/**
 * Lets a `keep_alive` policy hold on `/v1`, too, whose requests cannot carry one: what Ollama rewrites them into has no
 * such field. It is told by a request of the gateway's own, with nothing in it for the model to read. Such a value
 * stays with the loaded model; the request takes no slot, and finds the model loaded because it is sent while the
 * model answers. It says nothing of `num_ctx`: another than that of the model as it is loaded would load it anew.
 */
export interface StayKeeper {
  began(upstream: Upstream, asked: { readonly route: Route; readonly model: string | null }): void
  /** To be called every second; `now` as `clock` tells it. */
  checkDeadlines(now: number): void
}

/** A model may have been unloaded and loaded again in the meantime, and then has the server's own keep-alive. */
const SAY_AGAIN_MS = 30_000
const PATIENCE_MS = 30_000
/** Pairs of upstream and model that are remembered. */
const MOST_PAIRS = 10_000

/** `clock`: monotonic, milliseconds. */
export function createStayKeeper(policyOf: PolicyOf, clock: () => number): StayKeeper {
  const saidAt = new Map<string, number>()
  const saying = new Map<Attempt, number>()

  return {
    began(upstream, { route, model }) {
      if (model === null || route.kind !== 'generate' || route.dialect === 'ollama') return
      const keepAlive = policyOf(model)?.keepAlive ?? 'allow'
      if (keepAlive === 'allow' || keepAlive === 'strip' || !keepsModels(upstream, model)) return
      const now = clock()
      const pair = `${upstream.id} ${model}`
      if (now - (saidAt.get(pair) ?? -Infinity) < SAY_AGAIN_MS) return
      if (saidAt.size >= MOST_PAIRS) saidAt.clear()
      saidAt.set(pair, now)
      say(upstream, { model, keepAlive, embeds: route.scope === 'embed' }, now)
    },
    checkDeadlines(now) {
      for (const [attempt, since] of saying) if (now - since > PATIENCE_MS) attempt.abort('timed-out')
    },
  }

  function say(upstream: Upstream, terms: Terms, now: number): void {
    const attempt = upstream.send(requestOf(terms), {
      // A failure costs nothing but the model's stay; the next request says it again.
      ...deafSink,
      released: () => void saying.delete(attempt),
    })
    saying.set(attempt, now)
  }
}

/** An Ollama, and a model in its own memory. */
function keepsModels(upstream: Upstream, model: string): boolean {
  return upstream.speaks(model).has('ollama') && parseAnyModelName(model).kind === 'local'
}

interface Terms {
  readonly model: string
  readonly keepAlive: string | number
  readonly embeds: boolean
}

/** A model that only embeds is refused on `/api/generate`. */
function requestOf({ model, keepAlive, embeds }: Terms): Parameters<Upstream['send']>[0] {
  const body = embeds ? { model, input: [], keep_alive: keepAlive } : { model, keep_alive: keepAlive, stream: false }
  return {
    method: 'POST',
    target: embeds ? '/api/embed' : '/api/generate',
    headers: ['content-type', 'application/json'],
    body: [new TextEncoder().encode(JSON.stringify(body))],
  }
}
