import { describe, expect, it } from 'vitest'
import type { Dialect } from '../dialects/dialect.ts'
import { createPolicyOf } from './model-policy.ts'
import type { Route } from './route.ts'
import type { ModelPolicy } from './settings.ts'
import { createStayKeeper, type StayKeeper } from './stay-keeper.ts'
import type { ResponseSink, Upstream } from './upstream.ts'

const V1: Route = {
  method: 'POST',
  pattern: '/v1/chat/completions',
  scope: 'chat',
  dialect: 'openai',
  kind: 'generate',
  body: 'json',
  stream: 'sse',
  streamsByDefault: false,
  retry: true,
}
const EMBED: Route = { ...V1, pattern: '/v1/embeddings', scope: 'embed', stream: 'whole' }
const NATIVE: Route = { ...V1, pattern: '/api/chat', dialect: 'ollama' }
const LIST: Route = { ...V1, pattern: '/v1/models', kind: 'relay' }

interface Said {
  readonly at: string
  readonly target: string
  readonly body: unknown
  readonly sink: ResponseSink
  aborted: boolean
}

function scene(policies: readonly Partial<ModelPolicy>[]): {
  readonly keeper: StayKeeper
  readonly said: Said[]
  readonly time: { now: number }
  upstream(id: string, ...speaks: Dialect[]): Upstream
} {
  const said: Said[] = []
  const time = { now: 0 }
  const whole = policies.map((each) => ({ match: '*', numCtx: 'allow', keepAlive: 'allow', ...each }) as const)
  return {
    keeper: createStayKeeper(createPolicyOf(whole), () => time.now),
    said,
    time,
    upstream: (id, ...speaks) => ({
      id,
      speaks: () => new Set(speaks.length === 0 ? ['ollama', 'openai'] : speaks),
      send({ target, body }, sink) {
        const text = Array.isArray(body) ? Buffer.concat(body).toString() : ''
        const each: Said = { at: id, target, body: JSON.parse(text), sink, aborted: false }
        said.push(each)
        return {
          resume: () => {},
          abort() {
            each.aborted = true
            sink.released()
          },
        }
      },
    }),
  }
}

describe('createStayKeeper', () => {
  it('says on the native API what a request of /v1 cannot carry', () => {
    const { keeper, said, upstream } = scene([{ match: 'tiny*', keepAlive: '30m', numCtx: 4096 }, { keepAlive: -1 }])
    keeper.began(upstream('a'), { route: V1, model: 'tiny:latest' })
    keeper.began(upstream('a'), { route: EMBED, model: 'embedder:latest' })
    expect(said.map(({ target, body }) => [target, body])).toEqual([
      ['/api/generate', { model: 'tiny:latest', keep_alive: '30m', stream: false }],
      ['/api/embed', { model: 'embedder:latest', input: [], keep_alive: -1 }],
    ])
  })

  it('has nothing to say where no policy sets a value, or the request carries it itself', () => {
    const { keeper, said, upstream } = scene([
      { match: 'free*' },
      { match: 'strip*', keepAlive: 'strip' },
      { match: 'x*', keepAlive: '5m' },
    ])
    for (const model of ['free:latest', 'strip:latest', 'other:latest', null])
      keeper.began(upstream('a'), { route: V1, model })
    for (const route of [NATIVE, LIST]) keeper.began(upstream('a'), { route, model: 'x:latest' })
    expect(said).toEqual([])
  })

  it('says nothing to a provider, nor of a model that runs at ollama.com', () => {
    const { keeper, said, upstream } = scene([{ keepAlive: '5m' }])
    keeper.began(upstream('dear', 'openai'), { route: V1, model: 'gpt-4:latest' })
    keeper.began(upstream('a'), { route: V1, model: 'big:cloud' })
    expect(said).toEqual([])
  })

  it('says it once in thirty seconds for each model of each upstream', () => {
    const { keeper, said, time, upstream } = scene([{ keepAlive: '5m' }])
    const began = (id: string, model: string, now: number): void => {
      time.now = now
      keeper.began(upstream(id), { route: V1, model })
    }
    began('a', 'x:latest', 1000)
    began('a', 'x:latest', 30_999)
    began('b', 'x:latest', 2000)
    began('a', 'y:latest', 2000)
    expect(said).toHaveLength(3)
    began('a', 'x:latest', 31_000)
    expect(said.map(({ at }) => at)).toEqual(['a', 'b', 'a', 'a'])
  })

  it('waits thirty seconds for the answer, which it does not read', () => {
    const { keeper, said, upstream } = scene([{ keepAlive: '5m' }])
    keeper.began(upstream('slow'), { route: V1, model: 'x:latest' })
    keeper.began(upstream('gone'), { route: V1, model: 'x:latest' })
    const [slow, gone] = said
    gone?.sink.fail({ kind: 'unreachable', executed: 'no' })
    gone?.sink.released()
    expect(slow?.sink.data(new Uint8Array(9))).toBe(true)
    keeper.checkDeadlines(30_000)
    expect(slow?.aborted).toBe(false)
    keeper.checkDeadlines(30_001)
    expect([slow?.aborted, gone?.aborted]).toEqual([true, false])
  })
})
