import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeKey } from '../harness/make-key.ts'
import { naming, type NamingRequest, type PolicyScene, startPolicyScene } from './scene.ts'

let scene: PolicyScene
const keys: Record<'limited' | 'any' | 'cloud', string> = { limited: '', any: '', cloud: '' }
const scopes = ['chat', 'embed', 'models:read', 'models:write']

beforeAll(async () => {
  scene = await startPolicyScene()
  keys.limited = await makeKey(scene.gateway, { scopes, models: ['llama3'] })
  keys.any = await makeKey(scene.gateway, { scopes })
  keys.cloud = await scene.gateway.createKey({ scopes, models: ['*', '*:cloud', '*-cloud'] })
})
beforeEach(() => {
  scene.fake.models.install({ name: 'llama3' })
  scene.reached()
})
afterAll(() => scene[Symbol.asyncDispose]())

const json = (path: string, body: string): NamingRequest => ({ method: 'POST', path, body })
/** Routes of their own answer without asking the fake. */
const answersItself = (name: string): boolean => name.includes('count_tokens') || name.includes('/v1/models')
/** A name with a slash is looked up in the lists, which show a key its own models alone. */
const isLookedUp = (name: string, model: string): boolean => name === '/v1/models/NAME' && model.includes('/')
/** The model must still be there for the next name. */
const single = naming.filter(([name]) => name !== '/api/delete')

describe('a key for one model', () => {
  const spellings = [
    'llama3',
    'llama3:latest',
    'library/llama3:latest',
    'registry.ollama.ai/library/llama3',
    'LLAMA3',
    'Registry.Ollama.AI/Library/Llama3:Latest',
  ]
  it.each(single)('uses it under every one of its names: %s', async (name, request) => {
    for (const spelling of spellings) {
      const { status, code } = await scene.send(keys.limited, request(spelling))
      expect([spelling, code ?? status]).not.toEqual([spelling, 403])
      expect([spelling, code]).not.toEqual([spelling, 'model_denied'])
    }
    if (!answersItself(name)) expect(scene.reached()).toHaveLength(spellings.length)
  })

  const others = [
    'secret',
    'SECRET',
    'library/secret',
    'registry.ollama.ai/library/secret:latest',
    'llama3:8b',
    'other/llama3',
    'hf.co/library/llama3',
    'ollama.com/library/llama3',
    'llama33',
    ' secret ',
  ]
  it.each(naming)('never uses another: %s', async (name, request) => {
    for (const other of others) {
      const { status, code, text } = await scene.send(keys.limited, request(other))
      const expected = isLookedUp(name, other) ? [404, null] : [403, 'model_denied']
      expect([other, status, code]).toEqual([other, ...expected])
      expect(text).toMatch(/This key may not use the model|not found/)
    }
    expect(scene.reached()).toEqual([])
  })

  it.each(naming)('is told of a name that is none: %s', async (name, request) => {
    for (const wrong of ['a/b/c/d', 'llama3:', 'llama3:a:b', '-llama3', 'llama3@sha256:0']) {
      const { status, code } = await scene.send(keys.limited, request(wrong))
      const expected = isLookedUp(name, wrong) ? [404, null] : [400, 'invalid_model_name']
      expect([wrong, status, code]).toEqual([wrong, ...expected])
    }
    expect(scene.reached()).toEqual([])
  })
})

describe('the cloud', () => {
  const clouds = ['llama3:cloud', 'LLAMA3:CLOUD', 'llama3:8b-cloud', 'gpt-oss:120b-cloud', 'library/llama3:cloud']

  it.each(naming)('is not what an ordinary key may use: %s', async (name, request) => {
    for (const key of [keys.limited, keys.any, scene.gateway.adminKey]) {
      for (const cloud of clouds) {
        const { status, code } = await scene.send(key, request(cloud))
        const expected = isLookedUp(name, cloud) ? [404, null] : [403, 'cloud_denied']
        expect([cloud, status, code]).toEqual([cloud, ...expected])
      }
    }
    expect(scene.reached()).toEqual([])
  })

  it('is reached by a key that names it', async () => {
    for (const cloud of clouds) {
      const { code } = await scene.send(keys.cloud, json('/api/chat', JSON.stringify({ model: cloud, messages: [] })))
      expect([cloud, code]).toEqual([cloud, null])
    }
    expect(scene.reached()).toHaveLength(clouds.length)
  })

  it('behind a stub of any name is denied, used and listed alike', async () => {
    const chat = json('/api/chat', '{"model":"stub"}')
    expect(await scene.send(keys.any, chat)).toMatchObject({ status: 403, code: 'cloud_denied' })
    expect(scene.reached()).toEqual([])
    expect(await scene.send(keys.cloud, chat)).toMatchObject({ status: 401, code: null })
    const names = async (key: string): Promise<boolean> =>
      (await scene.send(key, { method: 'GET', path: '/api/tags' })).text.includes('stub')
    expect([await names(keys.any), await names(keys.cloud)]).toEqual([false, true])
    expect((await scene.send(keys.any, { method: 'GET', path: '/v1/models' })).text).not.toContain('stub')
    expect(await scene.send(keys.any, { method: 'GET', path: '/v1/models/stub' })).toMatchObject({
      code: 'cloud_denied',
    })
  })

  it('is where web searches run, which an ordinary key may not ask for', async () => {
    const tools = [
      '{"type":"web_search_20250305","name":"web_search"}',
      '{"type":"web_search"}',
      '{"Type":"web_search"}',
      '{"name":"web_search"}',
      '{"t\\u0079pe":"web_search_preview"}',
    ]
    for (const path of ['/v1/messages', '/v1/responses']) {
      for (const tool of tools) {
        const body = `{"model":"llama3","input":"hi","messages":[{"role":"user","content":"hi"}],"max_tokens":9,"tools":[{"type":"function","name":"f"},${tool}]}`
        expect([tool, (await scene.send(keys.any, json(path, body))).code]).toEqual([tool, 'cloud_denied'])
        expect(scene.reached()).toEqual([])
        expect((await scene.send(keys.cloud, json(path, body))).code).toBeNull()
        expect(scene.reached()).toHaveLength(1)
      }
    }
  })
})

describe('an unknown model', () => {
  const running = naming.filter(([name]) => !/pull|push|create|copy|delete|count_tokens|models|second/.test(name))

  it.each(running)('is a 404 that names it: %s', async (_name, request) => {
    const { status, text } = await scene.send(keys.any, request('nobody-has-this'))
    expect([status, text]).toEqual([404, expect.stringContaining('nobody-has-this')])
  })

  it('is a 404 in the lists, too', async () => {
    for (const name of ['nobody-has-this', 'ns/nobody-has-this']) {
      const { status, text } = await scene.send(keys.any, { method: 'GET', path: `/v1/models/${name}` })
      expect([status, text]).toEqual([404, expect.stringContaining(name)])
    }
  })
})

describe('a field that Ollama would read otherwise', () => {
  const ambiguous = [
    '{"model":"llama3","Model":"secret"}',
    '{"Model":"llama3"}',
    '{"model":"llama3","model":"secret"}',
    '{"model":"llama3","MODEL":"secret"}',
    '{"model":"llama3","NAME":"secret"}',
    '{"model":"llama3","\\u212aeep_alive":0}',
    '{"model":"llama3","\u212aeep_alive":0}',
    '{"model":"llama3","\u017ftream":true}',
    '{"model":"llama3","mod\\u0065l":"secret"}',
    '{"model":"llama3","Stream":true,"prompt":"x"}',
    '{"model":"llama3","options":{},"Options":{"num_ctx":1}}',
  ]
  const jsonRoutes = naming.filter(([, request]) => typeof request('x').body === 'string')

  it.each(jsonRoutes)('is refused before anybody reads it: %s', async (_name, request) => {
    const { method, path } = request('x')
    for (const body of ambiguous) {
      const { status, code } = await scene.send(keys.limited, { method, path, body })
      expect([body, status, code]).toEqual([body, 400, 'ambiguous_field'])
    }
    expect(scene.reached()).toEqual([])
  })

  it('counts as what it says once it is unescaped, whatever stands around the object', async () => {
    const hidden = [
      '{"\\u006dodel":"\\u0073ecret"}',
      '{"model":"secret"}{"model":"llama3"}',
      '{"model":"secret"} and more',
      ' \n{"x":"}\\"{","model" : "secret"}',
      '{"model":null,"name":"secret"}',
      '{"x":"\\ud800","model":"secret"}',
      `{"x":${'['.repeat(5000)}${']'.repeat(5000)},"model":"secret"}`,
      `{"prompt":"${'x'.repeat(600_000)}","model":"secret"}`,
    ]
    for (const body of hidden) {
      for (const path of ['/api/show', '/api/generate', '/v1/completions']) {
        const { status, code } = await scene.send(keys.limited, {
          method: 'POST',
          path,
          body,
          headers: { 'content-type': 'text/plain' },
        })
        expect([body.slice(0, 60), status, code]).toEqual([body.slice(0, 60), 403, 'model_denied'])
      }
    }
    expect(scene.reached()).toEqual([])
  })
})

describe('a transcription', () => {
  it('names its model in the form alone: the query does not travel', async () => {
    const named = naming.find(([name]) => name === '/v1/audio/transcriptions')?.[1]('llama3')
    const { code } = await scene.send(keys.limited, {
      ...named,
      method: 'POST',
      path: '/v1/audio/transcriptions?model=secret',
    })
    expect(code).toBeNull()
    expect(scene.reached()).toEqual(['POST /v1/audio/transcriptions'])
  })

  it('that hides its model is refused', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=b0' }
    const bodies = [
      '--b0\r\nContent-Disposition: form-data; name="model"\n\nsecret\r\n--b0--\r\n',
      '--b0\r\nContent-Disposition: form-data; name*0="mo"; name*1="del"\r\n\r\nsecret\r\n--b0--\r\n',
      '--b0\r\nContent-Disposition: form-data; name="model"\r\n\r\nllama3\r\n--b0\r\nContent-Disposition: form-data; name="Model"\r\n\r\nsecret\r\n--b0--\r\n',
    ]
    for (const body of bodies) {
      const { status } = await scene.send(keys.limited, {
        method: 'POST',
        path: '/v1/audio/transcriptions',
        body,
        headers,
      })
      expect([body, status]).toEqual([body, 400])
    }
    const boundaries = { 'content-type': "multipart/form-data; boundary=b0; boundary*=utf-8''c0" }
    const body = '--b0\r\nContent-Disposition: form-data; name="model"\r\n\r\nllama3\r\n--b0--\r\n'
    expect(
      (await scene.send(keys.limited, { method: 'POST', path: '/v1/audio/transcriptions', body, headers: boundaries }))
        .status,
    ).toBe(400)
    expect(scene.reached()).toEqual([])
  })
})
