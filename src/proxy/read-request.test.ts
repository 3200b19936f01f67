import { describe, expect, it } from 'vitest'
import type { Principal } from '../auth/principal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { CHAT, PULL, SHOW, V1 } from './__fixtures__/routes.ts'
import { createPolicyEdits } from './model-policy.ts'
import { type ReadRules, readRequest } from './read-request.ts'
import type { RequestPlan } from './request-plan.ts'
import type { Route } from './route.ts'

const principal: Principal = {
  user: 'u',
  keyId: 'k',
  keyName: 'n',
  scopes: new Set(),
  models: null,
  upstreams: null,
  pools: null,
}

const RULES: ReadRules = {
  defaultModel: 'Qwen3:8b',
  judge: () => undefined,
  standIn: () => undefined,
  fallbacks: () => [],
  edits: () => [],
  lookFor: () => undefined,
}

/** What a body becomes, and the model it is sent to. */
function read(
  body: string,
  { route = CHAT, headers = [], ...rules }: Partial<ReadRules> & { route?: Route; headers?: string[] } = {},
): [string, string | null] {
  const request = {
    method: 'POST',
    httpVersion: '1.1',
    target: route.pattern,
    headers,
    body: null,
    connection: {},
    address: '127.0.0.1',
    confidential: true,
  }
  const plan = readRequest({ request, route, principal, params: {} }, Buffer.from(body), {
    ...RULES,
    ...rules,
  }) as RequestPlan
  return [Buffer.concat(plan.body).toString(), plan.model]
}

describe('a request that names no model', () => {
  it.each([
    ['{"messages":[]}', '{"model":"Qwen3:8b","messages":[]}'],
    ['{ }', '{"model":"Qwen3:8b" }'],
    ['{"x":1, "model" : "", "y":2}', '{"x":1, "model" : "Qwen3:8b", "y":2}'],
    ['{"model":"  "}', '{"model":"Qwen3:8b"}'],
    ['{"model":null}', '{"model":"Qwen3:8b"}'],
  ])('gets the default: %s', (body, expected) => {
    expect(read(body)).toEqual([expected, 'qwen3:8b'])
    expect(read(body, { route: V1 })).toEqual([expected, 'qwen3:8b'])
  })

  it.each([
    '{"model":"llama3"}',
    '{"model":5}',
    '{"model":{}}',
    '{"model":true}',
    '',
    'no json',
    '["a"]',
    '{"messages":',
  ])('is not this one: %s', (body) => {
    expect(read(body)[0]).toBe(body)
  })

  it('gets none where no model runs, or none is configured', () => {
    for (const route of [SHOW, PULL]) expect(read('{"x":1}', { route })).toEqual(['{"x":1}', null])
    expect(read('{"x":1}', { defaultModel: null })).toEqual(['{"x":1}', null])
  })

  it('is judged, looked for, governed and replaced by the default one', () => {
    const seen: unknown[] = []
    const denied = new GatewayError('model_denied')
    expect(() => read('{}', { judge: (_principal, use) => (seen.push(use.names), denied) })).toThrow(denied)
    expect(seen).toEqual([['Qwen3:8b']])
    read('{}', { lookFor: (canonical) => void seen.push(canonical) })
    expect(seen.at(-1)).toBe('qwen3:8b')
    const edits = createPolicyEdits([{ match: 'qwen3*', numCtx: 4096, keepAlive: 'allow' }])
    expect(JSON.parse(read('{"seed":1}', { edits })[0])).toEqual({
      model: 'Qwen3:8b',
      seed: 1,
      options: { num_ctx: 4096 },
    })
    const headers = ['Corral-Upstream', 'a, b']
    const callers: unknown[] = []
    read('{}', { headers, standIn: (_canonical, caller) => void callers.push(caller.named) })
    read('{}', { headers: ['corral-upstream', '?'], standIn: (_canonical, caller) => void callers.push(caller.named) })
    read('{}', { standIn: (_canonical, caller) => void callers.push(caller.named) })
    expect(callers).toEqual([['a', 'b'], null, null])
    expect(read('{"a":1}', { standIn: (canonical) => `${canonical}-q4` })).toEqual([
      '{"model":"qwen3:8b-q4","a":1}',
      'qwen3:8b-q4',
    ])
  })
})
