import { describe, expect, it } from 'vitest'
import type { GatewayError } from '../errors/gateway-error.ts'
import { NO_PROMPT } from '../proxy/prompt.ts'
import type { Route } from '../proxy/route.ts'
import type { Claim, RouteRequest } from '../proxy/router.ts'
import { settle } from './__fixtures__/manual-time.ts'
import { createScriptedUpstream } from './__fixtures__/scripted-upstream.ts'
import { createFleet, type Fleet } from './fleet-state.ts'
import { createRouter } from './router.ts'

const route: Route = {
  method: 'POST',
  pattern: '/api/chat',
  scope: 'chat',
  dialect: 'ollama',
  kind: 'generate',
  body: 'json',
  stream: 'ndjson',
  streamsByDefault: true,
  retry: true,
}

const principal = {
  user: 'u',
  keyId: 'k',
  keyName: 'k',
  scopes: new Set<never>(),
  models: null,
  upstreams: null,
  pools: null,
}

function haveModels(fleet: Fleet, name: string, models: string[]): void {
  const entries = models.map((canonical) => [canonical, { canonical, remote: false, digest: null, raw: {} }] as const)
  fleet.apply(name, { kind: 'models-read', at: 1, models: new Map(entries) })
}

function setUp(models: Record<string, string[]>, learn: (model: string) => void = () => {}) {
  const members = Object.keys(models).map((id) => ({
    upstream: createScriptedUpstream(id),
    priority: 1,
    enabled: true,
    maxResponseTimeMs: null,
  }))
  const fleet = createFleet(members)
  for (const [name, list] of Object.entries(models)) haveModels(fleet, name, list)
  const learnt: string[] = []
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const waker = { wake: () => Promise.resolve(false) }
  const learnModel = async (model: string): Promise<void> => {
    learnt.push(model)
    learn(model)
  }
  const router = createRouter(
    { fleet, clock: { now: () => 1 }, learnModel, waker, log, startTimer: () => () => {} },
    { assignments: new Map(), agentWaitMs: 0 },
  )
  const ask = (request: Partial<RouteRequest> = {}) => {
    const heard: { claim?: Claim; error?: GatewayError; calls: number } = { calls: 0 }
    const ticket = router.request(
      {
        model: 'm:latest',
        route,
        principal,
        tried: new Set(),
        named: null,
        prompt: NO_PROMPT,
        arrivedAt: 1,
        ...request,
      },
      {
        granted: (claim) => void Object.assign(heard, { claim, calls: heard.calls + 1 }),
        refused: (error) => void Object.assign(heard, { error, calls: heard.calls + 1 }),
      },
    )
    return { heard, cancel: () => ticket.cancel() }
  }
  return { fleet, ask, learnt }
}

describe('createRouter', () => {
  it('grants at once and counts until the release', () => {
    const { fleet, ask } = setUp({ a: ['m:latest'], b: ['m:latest'] })
    const first = ask().heard.claim
    const second = ask().heard.claim
    expect(new Set([first?.upstream.id, second?.upstream.id])).toEqual(new Set(['a', 'b']))
    expect(fleet.all().map((state) => state.running)).toEqual([1, 1])
    first?.release()
    first?.release()
    expect(fleet.all().reduce((sum, state) => sum + state.running, 0)).toBe(1)
    second?.release()
    expect(fleet.all().map((state) => state.running)).toEqual([0, 0])
  })

  it('counts a claim once, however often it is released', () => {
    const { fleet, ask } = setUp({ a: ['m:latest'] })
    const { claim } = ask().heard
    ask()
    claim?.release()
    claim?.release()
    expect(fleet.get('a')?.running).toBe(1)
  })

  it('lets idle equals take turns', () => {
    const { ask } = setUp({ a: ['m:latest'], b: ['m:latest'] })
    const next = (): string | undefined => {
      const { claim } = ask().heard
      claim?.release()
      return claim?.upstream.id
    }
    expect([next(), next(), next()]).toEqual(['a', 'b', 'a'])
  })

  it('passes what became of an attempt to health', () => {
    const { fleet, ask } = setUp({ a: ['m:latest'] })
    const { claim } = ask().heard
    claim?.report('cancelled')
    expect(fleet.get('a')?.health).toBe('up')
    claim?.report('unreachable')
    expect(fleet.get('a')?.health).toBe('down')
  })

  it('refuses with a time to come back when nothing is there', () => {
    const { error } = setUp({}).ask().heard
    expect(error).toMatchObject({ code: 'no_upstream', status: 503, retryAfterSeconds: 3 })
  })

  it('refuses when all that have the model were tried', () => {
    const { heard } = setUp({ a: ['m:latest'], b: [] }).ask({ tried: new Set(['a']) })
    expect(heard.error?.code).toBe('no_upstream')
  })

  it('refuses a key that may reach none', () => {
    const { heard } = setUp({ a: ['m:latest'] }).ask({ principal: { ...principal, upstreams: ['b'] } })
    expect(heard.error?.code).toBe('model_denied')
  })

  it('looks for an unknown model again before it chooses', async () => {
    const { fleet, ask } = setUp({ a: [], b: [] }, () => haveModels(fleet, 'b', ['m:latest']))
    const { heard } = ask()
    expect(heard.calls).toBe(0)
    await settle()
    expect(heard.claim?.upstream.id).toBe('b')
  })

  it('lets the first upstream name a model that stays unknown', async () => {
    const { ask, learnt } = setUp({ a: [], b: [] })
    const { heard } = ask()
    await settle()
    expect([heard.claim?.upstream.id, learnt]).toEqual(['a', ['m:latest']])
  })

  it('names the model whose upstreams are all down', async () => {
    const { fleet, ask } = setUp({ a: ['m:latest'], b: [] })
    fleet.apply('a', { kind: 'outcome', at: 1, outcome: 'unreachable' })
    const { heard } = ask()
    await settle()
    expect(heard.error?.message).toBe('No upstream that has model "m:latest" is available')
  })

  it('looks only once in an exchange', () => {
    const { ask, learnt } = setUp({ a: [], b: [] })
    const { heard } = ask({ tried: new Set(['a']) })
    expect([heard.claim?.upstream.id, learnt]).toEqual(['b', []])
  })

  it.each(['/api/pull', '/api/create'])('does not look for what %s is about to bring', (pattern) => {
    const { ask, learnt } = setUp({ a: [] })
    const { heard } = ask({ route: { ...route, kind: 'write', pattern } })
    expect([heard.claim?.upstream.id, learnt]).toEqual(['a', []])
  })

  it('stays silent and claims nothing once cancelled', async () => {
    const { fleet, ask } = setUp({ a: [] })
    const { heard, cancel } = ask()
    cancel()
    await settle()
    expect([heard.calls, fleet.get('a')?.running]).toEqual([0, 0])
  })
})
