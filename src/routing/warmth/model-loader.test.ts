import { describe, expect, it } from 'vitest'
import { createManualTime } from '../__fixtures__/manual-time.ts'
import { createScriptedUpstream, type Reply, type ScriptedUpstream } from '../__fixtures__/scripted-upstream.ts'
import { createPostJson } from '../health/ask-json.ts'
import { createModelLoader } from './model-loader.ts'

function setUp(replies: Record<string, Reply>, numCtx?: number) {
  const time = createManualTime()
  const upstream = createScriptedUpstream('a', replies)
  const warnings: object[] = []
  const log = { debug() {}, info() {}, warn: (fields: object) => void warnings.push(fields), error() {} }
  const post = createPostJson(time)
  const loader = createModelLoader({ post, log, numCtxOf: () => numCtx, loadTimeoutMs: () => 600_000 })
  return { time, upstream, loader, warnings }
}

function bodies({ requests }: ScriptedUpstream): unknown[] {
  return requests.map(({ body }) => JSON.parse(Array.isArray(body) ? new TextDecoder().decode(body[0]) : 'null'))
}

const loaded: Reply = { json: { done: true, done_reason: 'load' } }

describe('createModelLoader', () => {
  it('loads by an empty prompt, with the terms of the owner', async () => {
    const { upstream, loader } = setUp({ '/api/generate': loaded }, 8192)
    expect(await loader.load(upstream, 'm:latest', '15m')).toMatchObject({ kind: 'done' })
    await loader.load(upstream, 'm:latest')
    const terms = { model: 'm:latest', options: { num_ctx: 8192 }, prompt: '', stream: false }
    expect(bodies(upstream)).toEqual([{ ...terms, keep_alive: '15m' }, terms])
  })

  it('loads a model that only embeds as one', async () => {
    const refused: Reply = { status: 400, json: { error: '"e" does not support generate' } }
    const { upstream, loader, warnings } = setUp({
      '/api/generate': refused,
      '/api/embed': { json: { embeddings: [] } },
    })
    expect(await loader.load(upstream, 'e:latest', '15m')).toMatchObject({ kind: 'done' })
    expect(upstream.paths()).toEqual(['/api/generate', '/api/embed'])
    expect(bodies(upstream)[1]).toEqual({ model: 'e:latest', keep_alive: '15m' })
    expect(warnings).toEqual([])
  })

  it('asks once for what is being loaded already, and again afterwards', async () => {
    const { time, upstream, loader } = setUp({ '/api/generate': 'hang' })
    const both = [loader.load(upstream, 'm:latest'), loader.load(upstream, 'm:latest')]
    await time.advance(599_000)
    expect(upstream.paths()).toHaveLength(1)
    await time.advance(1000)
    expect((await Promise.all(both)).map(({ kind }) => kind)).toEqual(['failed', 'failed'])
    void loader.load(upstream, 'm:latest')
    expect(upstream.paths()).toHaveLength(1)
  })

  it('says why it failed', async () => {
    const { upstream, loader, warnings } = setUp({ '/api/generate': { status: 500, json: { error: 'no memory' } } })
    expect(await loader.load(upstream, 'm:latest')).toEqual({ kind: 'failed', detail: 'it answered 500' })
    expect(warnings).toEqual([{ upstream: 'a', model: 'm:latest', fault: 'it answered 500' }])
  })

  it('unloads with a keep_alive of zero', async () => {
    const { upstream, loader } = setUp({ '/api/generate': { json: { done: true, done_reason: 'unload' } } })
    expect(await loader.unload(upstream, 'm:latest')).toMatchObject({ kind: 'done' })
    expect(bodies(upstream)).toEqual([{ model: 'm:latest', keep_alive: 0, stream: false }])
  })
})
