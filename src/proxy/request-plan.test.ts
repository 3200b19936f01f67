import { describe, expect, it } from 'vitest'
import type { Principal } from '../auth/principal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { parseModelName } from '../lib/model-name.ts'
import { CHAT, SHOW, V1 } from './__fixtures__/routes.ts'
import { formFacts, noFacts, peekSmallBody } from './body-facts.ts'
import { createPolicyEdits } from './model-policy.ts'
import { type PlanRules, planRequest, type RequestPlan, streamFormat } from './request-plan.ts'
import type { Route } from './route.ts'
import type { ModelPolicy } from './settings.ts'

const EMBED: Route = { ...CHAT, pattern: '/api/embed', stream: 'whole', streamsByDefault: false }
const CALL: Route = { ...CHAT, pattern: '/call_model', impliedStream: false }
const DELETE: Route = { ...CHAT, method: 'DELETE', pattern: '/api/delete', kind: 'write', stream: 'whole' }
const anyone: Principal = {
  user: 'u',
  keyId: 'k',
  keyName: 'n',
  scopes: new Set(),
  models: null,
  upstreams: null,
  pools: null,
}

interface Given {
  readonly route?: Route
  readonly standIns?: Readonly<Record<string, string>>
  readonly fallbacks?: Readonly<Record<string, readonly string[]>>
  readonly policies?: readonly Partial<ModelPolicy>[]
  readonly judged?: { names: readonly string[]; webSearch: boolean }[]
  readonly denied?: GatewayError
  readonly mayNot?: string
}

function plan(body: string, given: Given = {}): RequestPlan & { text: string } {
  const facts = peekSmallBody(new TextEncoder().encode(body), { readTools: true })
  const policies = (given.policies ?? []).map(
    (each) => ({ match: '*', numCtx: 'allow', keepAlive: 'allow', ...each }) as const,
  )
  const rules: PlanRules = {
    judge(_principal, use) {
      given.judged?.push(use)
      if (given.mayNot !== undefined && use.names.includes(given.mayNot)) return new GatewayError('model_denied')
      return given.denied
    },
    standIn: (canonical) => given.standIns?.[canonical],
    fallbacks: (canonical) => given.fallbacks?.[canonical] ?? [],
    edits: createPolicyEdits(policies),
  }
  const asked = facts.model === null ? null : parseModelName(facts.model.name)
  const planned = planRequest({ route: given.route ?? CHAT, principal: anyone, named: null, facts, asked }, rules)
  return { ...planned, text: Buffer.concat(planned.body).toString() }
}

describe('planRequest', () => {
  it('passes the very bytes where nothing has to change', () => {
    const facts = peekSmallBody(new TextEncoder().encode('{ "model" : "Tiny" }'), { readTools: true })
    const rules: PlanRules = {
      judge: () => undefined,
      standIn: () => undefined,
      fallbacks: () => [],
      edits: createPolicyEdits([]),
    }
    const planned = planRequest(
      { route: CHAT, principal: anyone, named: null, facts, asked: parseModelName('Tiny') },
      rules,
    )
    expect(planned.body).toHaveLength(1)
    expect(planned.body[0]).toBe(facts.bytes)
    expect(planned.model).toBe('tiny:latest')
  })

  it('names no model where the body names none, or none that exists', () => {
    expect(plan('{"prompt":"x"}').model).toBeNull()
    expect(plan('not json').model).toBeNull()
    expect(plan('{"model":"a//b"}').model).toBeNull()
  })

  it('has every name judged, and throws what the judge says', () => {
    const judged: { names: readonly string[]; webSearch: boolean }[] = []
    plan('{"source":"a","destination":"b","from":"c"}', { judged, route: { ...DELETE, pattern: '/api/copy' } })
    plan('{"model":"m","tools":[{"type":"web_search"}]}', { judged, route: { ...V1, dialect: 'responses' } })
    expect(judged).toEqual([
      { names: ['a', 'b', 'c'], webSearch: false },
      { names: ['m'], webSearch: true },
    ])
    const denied = new GatewayError('model_denied')
    expect(() => plan('{"model":"m"}', { denied })).toThrow(denied)
  })

  describe('writes the model that stands in', () => {
    const standIns = { 'gpt-4o-mini:latest': 'qwen3:8b', 'big:latest': 'small' }

    it('at the bytes of its name, and has that one judged and routed', () => {
      const judged: { names: readonly string[]; webSearch: boolean }[] = []
      const planned = plan('{"messages":[{"model":"gpt-4o-mini"}], "model" : "GPT-4o-mini", "x":1}', {
        standIns,
        judged,
      })
      expect(planned.text).toBe('{"messages":[{"model":"gpt-4o-mini"}], "model" : "qwen3:8b", "x":1}')
      expect(planned.model).toBe('qwen3:8b')
      expect(judged).toEqual([{ names: ['qwen3:8b'], webSearch: false }])
    })

    it('where a model is read, too', () => {
      expect(plan('{"name":"big"}', { standIns, route: SHOW }).text).toBe('{"name":"small"}')
    })

    it('never where models are changed: that would change another one than was named', () => {
      for (const [method, pattern] of [
        ['DELETE', '/api/delete'],
        ['POST', '/api/pull'],
        ['POST', '/api/push'],
        ['POST', '/api/create'],
        ['POST', '/api/copy'],
      ] as const) {
        const field = pattern === '/api/copy' ? 'source' : 'model'
        const planned = plan(`{"${field}":"big"}`, { standIns, route: { ...DELETE, method, pattern } })
        expect([pattern, planned.text, planned.model]).toEqual([pattern, `{"${field}":"big"}`, 'big:latest'])
      }
    })

    it('never in a form or a path, which has no bytes to write to', () => {
      const facts = formFacts(new Uint8Array(0), ['big'])
      const rules: PlanRules = {
        judge: () => undefined,
        standIn: () => 'small',
        fallbacks: () => ['smaller'],
        edits: () => [],
      }
      const planned = planRequest(
        { route: SHOW, principal: anyone, named: null, facts, asked: parseModelName('big') },
        rules,
      )
      expect(planned.model).toBe('big:latest')
    })
  })

  describe('knows what to ask where the model fails', () => {
    const fallbacks = { 'big:latest': ['medium', 'small', 'big'] }
    const body = '{"model" : "big", "options":{"num_ctx":9,"seed":1}}'
    const texts = (first: RequestPlan): [string | null, string][] => {
      const found: [string | null, string][] = []
      for (let each = first.another(); each !== undefined; each = each.another())
        found.push([each.model, Buffer.concat(each.body).toString()])
      return found
    }

    it('one model after the other, each once, in the place of its name', () => {
      expect(texts(plan(body, { fallbacks }))).toEqual([
        ['medium:latest', body.replace('"big"', '"medium"')],
        ['small:latest', body.replace('"big"', '"small"')],
      ])
    })

    it('by the policy of each', () => {
      const policies = [{ match: 'small*', numCtx: 'strip' as const }]
      expect(texts(plan(body, { fallbacks, policies }))[1]).toEqual([
        'small:latest',
        '{"model" : "small", "options":{"seed":1}}',
      ])
    })

    it('without the one that stands in already', () => {
      const standing = plan(body, { fallbacks, standIns: { 'big:latest': 'medium' } })
      expect(standing.model).toBe('medium:latest')
      expect(texts(standing).map(([model]) => model)).toEqual(['small:latest', 'big:latest'])
    })

    it('without those that the principal may not use, or whose policy refuses the body', () => {
      const mayNot = 'medium'
      expect(texts(plan(body, { fallbacks, mayNot }))).toHaveLength(1)
      const long = `{"model":"big","options":{"x":"${'y'.repeat(70_000)}"}}`
      const policies = [{ match: 'medium*', numCtx: 4096 }]
      expect(texts(plan(long, { fallbacks, policies })).map(([model]) => model)).toEqual(['small:latest'])
    })

    it('never where models are changed or read, or no bytes can be written', () => {
      for (const route of [DELETE, SHOW]) expect(plan(body, { fallbacks, route }).another()).toBeUndefined()
      const rules: PlanRules = {
        judge: () => undefined,
        standIn: () => undefined,
        fallbacks: () => ['small'],
        edits: () => [],
      }
      const facts = formFacts(new Uint8Array(0), ['big'])
      const form = planRequest(
        { route: CHAT, principal: anyone, named: null, facts, asked: parseModelName('big') },
        rules,
      )
      expect(form.another()).toBeUndefined()
    })
  })

  it('says `stream:false` for callers of /call_model that say nothing, and keeps what they say', () => {
    expect(plan('{"model":"m"}', { route: CALL })).toMatchObject({ text: '{"stream":false,"model":"m"}', format: null })
    const streaming = plan('{"model":"m","stream":true}', { route: CALL })
    expect(streaming).toMatchObject({ text: '{"model":"m","stream":true}', format: { framing: 'ndjson' } })
    expect(plan('broken', { route: CALL }).text).toBe('broken')
    expect(
      planRequest(
        { route: CALL, principal: anyone, named: null, facts: noFacts(new Uint8Array(0)), asked: null },
        { judge: () => undefined, standIn: () => undefined, fallbacks: () => [], edits: () => [] },
      ).body,
    ).toEqual([new Uint8Array(0)])
  })

  describe('governs what reloads or pins a model', () => {
    const body = '{"model":"m","keep_alive":-1,"options":{"num_ctx":4096,"num_gpu":1,"seed":7}}'

    it('strips', () => {
      const policies = [{ numCtx: 'strip', keepAlive: 'strip' } as const]
      expect(plan(body, { policies }).text).toBe('{"model":"m","options":{"seed":7}}')
      expect(JSON.parse(plan('{"keep_alive":0,"model":"m"}', { policies }).text)).toEqual({ model: 'm' })
      expect(plan('{"model":"m"}', { policies }).text).toBe('{"model":"m"}')
    })

    it('sets', () => {
      const policies = [{ numCtx: 8192, keepAlive: '5m' } as const]
      expect(JSON.parse(plan(body, { policies }).text)).toEqual({
        model: 'm',
        keep_alive: '5m',
        options: { seed: 7, num_ctx: 8192 },
      })
      expect(JSON.parse(plan('{"model":"m"}', { policies }).text)).toEqual({
        model: 'm',
        keep_alive: '5m',
        options: { num_ctx: 8192 },
      })
      expect(JSON.parse(plan('{"model":"m","options":null,"keep_alive":null}', { policies }).text)).toEqual({
        model: 'm',
        keep_alive: '5m',
        options: { num_ctx: 8192 },
      })
    })

    it('by the first rule that matches, and by the model that stands in', () => {
      const policies = [
        { match: 'free*' },
        { match: 'small*', numCtx: 'strip' as const },
        { keepAlive: 'strip' as const },
      ]
      expect(plan(body.replace('"m"', '"free"'), { policies }).text).toContain('num_gpu')
      expect(plan(body, { policies }).text).toBe('{"model":"m","options":{"num_ctx":4096,"num_gpu":1,"seed":7}}')
      expect(plan(body, { policies, standIns: { 'm:latest': 'small' } }).text).toBe(
        '{"model":"small","keep_alive":-1,"options":{"seed":7}}',
      )
    })

    it('together with `stream` and the name, in one body', () => {
      const policies = [{ numCtx: 2048, keepAlive: 'strip' } as const]
      const planned = plan('{"keep_alive":0,"model":"m"}', { policies, route: CALL, standIns: { 'm:latest': 'x' } })
      expect(JSON.parse(planned.text)).toEqual({ stream: false, options: { num_ctx: 2048 }, model: 'x' })
    })

    it('on native routes that run a model, and only there', () => {
      const policies = [{ numCtx: 'strip', keepAlive: 'strip' } as const]
      for (const route of [V1, DELETE, SHOW]) expect(plan(body, { policies, route }).text).toBe(body)
    })
  })
})

describe('streamFormat', () => {
  it('follows route and body alone', () => {
    expect(streamFormat(CHAT, undefined)).toEqual({ framing: 'ndjson', dialect: 'ollama' })
    expect(streamFormat(CHAT, false)).toBeNull()
    expect(streamFormat(V1, undefined)).toBeNull()
    expect(streamFormat(V1, true)).toEqual({ framing: 'sse', dialect: 'openai' })
    expect(streamFormat(EMBED, true)).toBeNull()
    expect(streamFormat(CALL, undefined)).toBeNull()
  })
})

describe('the counts of a stream of completions', () => {
  const STREAM = '{"model":"Tiny","stream":true}'

  it('are asked for, and not for the client to see', () => {
    const planned = plan(STREAM, { route: V1 })
    expect(planned.text).toBe('{"stream_options":{"include_usage":true},"model":"Tiny","stream":true}')
    expect(planned.format).toEqual({ framing: 'sse', dialect: 'openai', hidesUsage: true })
    expect(planned.bodyUnasked && Buffer.concat(planned.bodyUnasked()).toString()).toBe(STREAM)
  })

  it('are asked for beside what else is written, and of each model that may answer', () => {
    const given = { route: V1, standIns: { 'tiny:latest': 'small' }, fallbacks: { 'tiny:latest': ['large'] } }
    const first = plan('{"model":"Tiny","stream":true,"stream_options":{"include_usage":false}}', given)
    const second = first.another()
    expect([first.body, second?.body ?? []].map((body) => Buffer.concat(body).toString())).toEqual([
      '{"model":"small","stream":true,"stream_options":{"include_usage":true}}',
      '{"model":"large","stream":true,"stream_options":{"include_usage":true}}',
    ])
    expect([first, second].map((each) => Buffer.concat(each?.bodyUnasked?.() ?? []).toString())).toEqual([
      '{"model":"small","stream":true,"stream_options":{"include_usage":false}}',
      '{"model":"large","stream":true,"stream_options":{"include_usage":false}}',
    ])
  })

  it.each([
    ['a client that asks', V1, '{"model":"Tiny","stream":true,"stream_options":{"include_usage":true}}'],
    ['an answer in one piece', V1, '{"model":"Tiny"}'],
    ['a stream that is none to Ollama', V1, '{"model":"Tiny","stream":"true"}'],
    ['options that are none', V1, '{"model":"Tiny","stream":true,"stream_options":"x"}'],
    ['no JSON', V1, '{"model":"Tiny","stream":true'],
    ['another API', CHAT, STREAM],
    ['a message', { ...V1, pattern: '/v1/messages', dialect: 'anthropic' } as const, STREAM],
    ['a response', { ...V1, pattern: '/v1/responses', dialect: 'responses' } as const, STREAM],
  ])('are left to %s', (_name, route, text) => {
    const planned = plan(text, { route })
    expect([planned.text, planned.bodyUnasked, planned.format?.hidesUsage]).toEqual([text, undefined, undefined])
  })
})
