import { describe, expect, it } from 'vitest'
import { createManualTime } from './__fixtures__/manual-time.ts'
import {
  createScriptedUpstream,
  ollamaReplies,
  refused,
  type ScriptedUpstream,
} from './__fixtures__/scripted-upstream.ts'
import { createRoutingCore } from './routing-core.ts'
import { createRouting } from './routing.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const anyone = { principal: { upstreams: null }, dialect: 'ollama', kind: 'generate' } as const

function setUp(
  upstreams: ScriptedUpstream[],
  fallbacks: Record<string, string[]> = {},
  aliases: Record<string, string> = {},
) {
  const time = createManualTime()
  const member = (upstream: ScriptedUpstream) => ({ upstream, priority: 1, enabled: true, maxResponseTimeMs: null })
  const core = createRoutingCore({ ...time, log: silent, several: () => createScriptedUpstream('several') })
  const routing = createRouting(
    { ...time, core, random: () => 1, log: silent },
    {
      members: upstreams.map(member),
      routing: {
        healthIntervalMs: 5000,
        modelTtlMs: 30_000,
        spillAfterMs: 20_000,
        affinity: true,
        firstByteTimeoutMs: 60_000,
      },
      queue: { maxLength: 100, maxWaitMs: 60_000 },
      models: { aliases, assignments: {}, fallbacks, memory: {}, memoryPatterns: [], policies: [], keepWarm: [] },
    },
  )
  return { time, routing, member }
}

describe('createRouting', () => {
  it('knows the models of an upstream once told that they changed', async () => {
    const a = createScriptedUpstream('a', ollamaReplies(['old']))
    const { time, routing } = setUp([a])
    routing.start()
    await time.advance(0)
    a.replies = ollamaReplies(['new'])
    await routing.modelsChanged('a')
    expect([routing.fleet.knows('old:latest'), routing.fleet.knows('new:latest')]).toEqual([false, true])
  })

  it('serves an upstream that appears later', async () => {
    const { time, routing, member } = setUp([])
    routing.start()
    routing.setMembers([member(createScriptedUpstream('a', ollamaReplies(['tiny'])))])
    await time.advance(0)
    expect(routing.fleet.get('a')?.health).toBe('up')
  })

  it('offers a fallback only while the model itself is out of reach', async () => {
    const a = createScriptedUpstream('a', ollamaReplies(['big']))
    const b = createScriptedUpstream('b', ollamaReplies(['small', 'smaller']))
    const { time, routing } = setUp([a, b], { big: ['gone', 'Small', 'smaller'] })
    routing.start()
    await time.advance(0)
    expect(routing.fallbackFor('big:latest', anyone)).toBeUndefined()
    expect(routing.fallbackFor('big:latest', { ...anyone, principal: { upstreams: ['b'] } })).toBe('Small')
    a.replies = { '/api/version': refused }
    await time.advance(5000)
    expect(routing.fallbackFor('big:latest', anyone)).toBe('Small')
    expect(routing.fallbackFor('small:latest', anyone)).toBeUndefined()
  })

  it('offers only what the upstreams have that the request names', async () => {
    const a = createScriptedUpstream('a', ollamaReplies(['big', 'small']))
    const b = createScriptedUpstream('b', ollamaReplies(['smaller']))
    const { time, routing } = setUp([a, b], { big: ['small', 'gone', 'smaller'] })
    routing.start()
    await time.advance(0)
    const chosen = (named: readonly string[]): unknown => routing.fallbackFor('big:latest', { ...anyone, named })
    expect([['a'], ['b'], ['*'], ['a', 'b']].map(chosen)).toEqual([undefined, 'smaller', undefined, undefined])
    const left = (named: readonly string[] | null): unknown => routing.fallbacksOf('big:latest', { ...anyone, named })
    expect([['a'], ['b'], ['*'], null].map(left)).toEqual([
      ['small'],
      ['smaller'],
      ['small', 'smaller'],
      ['small', 'smaller'],
    ])
    expect(routing.fallbacksOf('big:latest', { principal: { upstreams: ['b'] }, named: null })).toEqual(['smaller'])
  })

  it('explains by which alias or fallback another model runs, and why not the one that is meant', async () => {
    const a = createScriptedUpstream('a', ollamaReplies(['big', 'small']))
    const { time, routing } = setUp([a], { big: ['small'] }, { gpt: 'big' })
    routing.start()
    await time.advance(0)
    const explain = (model: string) =>
      routing.explain({ model, promptTokens: 1, principal: { keyId: 'k', upstreams: null }, dialect: 'ollama' })
    expect(await explain('Big')).toMatchObject({ model: 'big:latest', asked: 'big:latest', because: null })
    expect(await explain('gpt')).toMatchObject({
      model: 'big:latest',
      asked: 'gpt:latest',
      because: 'alias',
      insteadOf: null,
    })
    const outcome = { kind: 'outcome', at: 0, outcome: 'failed-model', model: 'big:latest' } as const
    for (let n = 0; n < 3; n++) routing.fleet.apply('a', outcome)
    const failed = { name: 'a', eligible: false, reason: 'the model failed on it lately', expected: null }
    expect(await explain('gpt')).toMatchObject({
      model: 'small:latest',
      selected: 'a',
      asked: 'gpt:latest',
      because: 'fallback',
      insteadOf: { model: 'big:latest', upstreams: [failed] },
    })
    a.replies = ollamaReplies(['small', 'late'])
    expect(await explain('late')).toMatchObject({ selected: 'a', missing: false })
    expect(await explain('never')).toMatchObject({ selected: null, missing: true })
  })

  it('offers none to a request that only reads about the model', async () => {
    const a = createScriptedUpstream('a', ollamaReplies(['small']))
    const { time, routing } = setUp([a], { big: ['small'] })
    routing.start()
    await time.advance(0)
    expect(routing.fallbackFor('big:latest', anyone)).toBe('small')
    expect(routing.fallbackFor('big:latest', { ...anyone, kind: 'model' })).toBeUndefined()
  })
})
