import type { Log } from '../../lib/log.ts'
import type { Upstream } from '../../proxy/upstream.ts'
import type { JsonAnswer, PostJson } from '../health/ask-json.ts'

/** Loads and unloads models by requests of the gateway's own, which no client's leaving can cut short. */
export interface ModelLoader {
  /** Ends when it is loaded: at once where it is there already. One at a time per upstream and model. */
  load(upstream: Upstream, model: string, keepAlive?: string): Promise<LoadOutcome>
  /** Requests that run there are finished first; those that Ollama has lost are given up. */
  unload(upstream: Upstream, model: string): Promise<LoadOutcome>
}

export type LoadOutcome =
  | { readonly kind: 'done'; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly detail: string }

export interface ModelLoaderDeps {
  readonly post: PostJson
  readonly log: Log
  /** What a policy of the owner fixes for the model: loaded with another `num_ctx`, it would be loaded again. */
  numCtxOf(model: string): number | undefined
  /** As patient as for a request: a load that is given up has been for nothing. */
  readonly loadTimeoutMs: () => number
}

const UNLOAD_TIMEOUT_MS = 10_000

export function createModelLoader({ post, log, numCtxOf, loadTimeoutMs }: ModelLoaderDeps): ModelLoader {
  const loading = new Map<Upstream, Map<string, Promise<LoadOutcome>>>()

  const askToLoad = async (upstream: Upstream, model: string, keepAlive?: string): Promise<LoadOutcome> => {
    const numCtx = numCtxOf(model)
    const terms = {
      model,
      ...(keepAlive === undefined ? {} : { keep_alive: keepAlive }),
      ...(numCtx === undefined ? {} : { options: { num_ctx: numCtx } }),
    }
    const empty = { path: '/api/generate', body: { ...terms, prompt: '', stream: false } }
    const answer = await post(upstream, empty, loadTimeoutMs())
    const isEmbedding = answer.kind === 'answered' && answer.status === 400
    // A model that only embeds is refused there, and loaded here.
    return outcomeOf(isEmbedding ? await post(upstream, { path: '/api/embed', body: terms }, loadTimeoutMs()) : answer)
  }
  const load = async (upstream: Upstream, model: string, keepAlive?: string): Promise<LoadOutcome> => {
    const outcome = await askToLoad(upstream, model, keepAlive)
    if (outcome.kind === 'failed')
      log.warn({ upstream: upstream.id, model, fault: outcome.detail }, 'a model was not loaded')
    return outcome
  }

  return {
    load(upstream, model, keepAlive) {
      const models = loading.get(upstream) ?? new Map<string, Promise<LoadOutcome>>()
      const running = models.get(model)
      if (running !== undefined) return running
      loading.set(upstream, models)
      const started = load(upstream, model, keepAlive).finally(() => {
        models.delete(model)
        if (models.size === 0) loading.delete(upstream)
      })
      models.set(model, started)
      return started
    },
    async unload(upstream, model) {
      const body = { model, keep_alive: 0, stream: false }
      const outcome = outcomeOf(await post(upstream, { path: '/api/generate', body }, UNLOAD_TIMEOUT_MS))
      if (outcome.kind === 'failed')
        log.warn({ upstream: upstream.id, model, fault: outcome.detail }, 'a model was not unloaded')
      return outcome
    },
  }
}

function outcomeOf(answer: JsonAnswer): LoadOutcome {
  if (answer.kind === 'answered' && answer.status === 200) return { kind: 'done', tookMs: answer.tookMs }
  if (answer.kind === 'answered') return { kind: 'failed', detail: `it answered ${answer.status}` }
  return { kind: 'failed', detail: answer.kind === 'loop' ? 'it is this gateway itself' : answer.detail }
}
