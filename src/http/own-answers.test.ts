import { describe, expect, it } from 'vitest'
import type { Principal } from '../auth/principal.ts'
import type { Scope } from '../auth/scope.ts'
import type { RenderedError } from '../dialects/error-body.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { ListRequest } from '../routing/models/list-service.ts'
import { createOwnAnswers, type OwnAnswersDeps, type OwnRequest } from './own-answers.ts'
import { createRecordingClient } from '../proxy/__fixtures__/recording-client.ts'
import { routes } from './route-table.ts'

function principal(...scopes: Scope[]): Principal {
  return {
    user: 'u',
    keyId: 'k',
    keyName: 'n',
    scopes: new Set(scopes),
    models: null,
    upstreams: ['gpu-1'],
    pools: null,
  }
}

const list = (name: string): RenderedError => ({
  status: 200,
  headers: ['content-type', 'application/json'],
  body: name,
})

interface Scene {
  readonly views: ListRequest[]
  ask(name: string, request?: Partial<OwnRequest>): Promise<RenderedError>
}

function answers(changes: Partial<OwnAnswersDeps> = {}): Scene {
  const views: ListRequest[] = []
  const listOf = (name: string) => (view: ListRequest) => {
    views.push(view)
    return Promise.resolve(list(name))
  }
  const table = createOwnAnswers({
    lists: {
      tags: listOf('tags'),
      ps: listOf('ps'),
      v1Models: listOf('v1'),
      v1Model: (name, view) => listOf(`v1 ${name}`)(view),
      version: () => list('version') as ReturnType<OwnAnswersDeps['lists']['version']>,
    },
    admin: { routes: [], streams: [], handle: () => Promise.reject(new Error('no admin here')) },
    consoleFiles: { find: () => Promise.resolve(undefined) },
    isReady: () => true,
    status: () => ({ version: '0.1.0', upstreams: [] }),
    visible: (_principal, canonical) => canonical === 'seen:latest',
    judge: () => undefined,
    ...changes,
  } as OwnAnswersDeps)
  return {
    views,
    async ask(name, request = {}) {
      const answer = table.get(name)
      if (answer === undefined) throw new Error(`${name} has no answer`)
      const [method = '', pattern = ''] = name.split(' ')
      const { request: client } = createRecordingClient()
      const none = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array(0))
      const given = { method, pattern, params: {}, query: '', principal: null, client, body: none, ...request }
      const said = await answer(given)
      if ('events' in said) throw new Error(`${name} is answered with events`)
      return { ...said, body: String(said.body) }
    },
  }
}

describe('createOwnAnswers', () => {
  it('has an answer for every route that Corral answers itself', async () => {
    // What an agent posts goes to its session; sessions of the console are answered in session-answers.ts.
    const others = ['/agent/v1/', '/console/session']
    const own = routes.filter(({ kind, pattern }) => kind === 'own' && !others.some((each) => pattern.startsWith(each)))
    expect(own.length).toBeGreaterThan(10)
    for (const route of own) {
      const asked = answers().ask(`${route.method} ${route.pattern}`, { principal: principal('models:read') })
      await expect(
        asked.then(
          () => 'answered',
          (error: Error) => error.message,
        ),
      ).resolves.not.toContain('has no answer')
    }
  })

  it('greets as Ollama does, and says whether it lives', async () => {
    expect(await answers().ask('GET /')).toMatchObject({ status: 200, body: 'Ollama is running' })
    expect(await answers().ask('GET /livez')).toMatchObject({ status: 200, body: 'ok' })
    const unready = answers({ isReady: () => false })
    expect(await unready.ask('GET /livez')).toMatchObject({ status: 200 })
    expect(await unready.ask('GET /readyz')).toMatchObject({ status: 503, body: 'unavailable' })
    expect(await answers().ask('GET /readyz')).toMatchObject({ status: 200, body: 'ok' })
  })

  it('tells details of its health to an admin alone', async () => {
    const bodies = [null, principal('chat'), principal('admin')].map(
      async (who) => (await answers().ask('GET /health', { principal: who })).body,
    )
    expect(await Promise.all(bodies)).toEqual([
      '{"status":"ok"}',
      '{"status":"ok"}',
      '{"status":"ok","version":"0.1.0","upstreams":[]}',
    ])
    expect(await answers({ isReady: () => false }).ask('GET /health')).toMatchObject({
      status: 503,
      body: '{"status":"unavailable"}',
    })
    expect((await answers().ask('HEAD /health')).headers).toContain('no-store')
  })

  it('shows a key its own part of the lists', async () => {
    const scene = answers()
    const lists = ['GET /api/tags', 'HEAD /api/tags', 'GET /admin/playground/models', 'GET /api/ps', 'GET /v1/models']
    for (const name of lists) {
      await scene.ask(name, { principal: principal('models:read') })
    }
    await scene.ask('GET /v1/models/*name', { principal: principal('models:read'), params: { name: 'a/b' } })
    expect(scene.views).toHaveLength(6)
    for (const view of scene.views) {
      expect([view.upstreams, view.visible('seen:latest', false), view.visible('other:latest', false)]).toEqual([
        ['gpu-1'],
        true,
        false,
      ])
    }
  })

  it('shows no list to nobody', async () => {
    await expect(answers().ask('GET /api/tags')).rejects.toMatchObject({ code: 'no_credential' })
  })

  it('counts tokens of models the key may use', async () => {
    const body = (): Promise<Uint8Array> =>
      Promise.resolve(new TextEncoder().encode('{"model":"m","messages":"12345678"}'))
    const request = { principal: principal('chat'), body }
    expect(await answers().ask('POST /v1/messages/count_tokens', request)).toMatchObject({
      status: 200,
      body: '{"input_tokens":3}',
    })
    const denied = answers({
      judge: (_who, names) => (names.includes('m') ? new GatewayError('model_denied') : undefined),
    })
    await expect(denied.ask('POST /v1/messages/count_tokens', request)).rejects.toMatchObject({ code: 'model_denied' })
  })
})
