import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startFullUpstream } from '../cancel/full-upstream.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { deadAddress, startSlowOllama, startWebPage } from './odd-server.ts'

const LIMIT_MS = 50
const paths = ['/api/tags', '/v1/models', '/api/ps'] as const

interface Listing {
  readonly status: number
  readonly names: readonly string[]
  readonly tookMs: number
}

async function list(gateway: RunningGateway, path: string): Promise<Listing> {
  const startedAt = performance.now()
  const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${gateway.adminKey}` } })
  const body = (await response.json()) as { models?: { name: string }[]; data?: { id: string }[] }
  const names = body.models?.map((model) => model.name) ?? body.data?.map((model) => model.id) ?? []
  return { status: response.status, names: names.toSorted(), tookMs: performance.now() - startedAt }
}

/** Other tests run on the same cores: what half of them keep within is what a list costs. */
async function medianOf(gateway: RunningGateway, path: string): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 9; i += 1) times.push((await list(gateway, path)).tookMs)
  return times.toSorted((a, b) => a - b)[4] ?? Infinity
}

interface MixedFleet {
  readonly gateway: RunningGateway
  /** A server that accepts and never answers; it answers once told to. */
  wake(): Promise<void>
}

/** A good one among a dead one, two black holes, a slow one and a web page, all of them preferred to it. */
async function startMixedFleet(): Promise<MixedFleet> {
  const good = await startFakeOllama({ models: [{ name: 'good' }] })
  const hole = await startFakeOllama({ models: [{ name: 'hole' }] })
  const full = await startFullUpstream()
  const slow = await startSlowOllama('slow:latest', 1200)
  const page = await startWebPage()
  onTestFinished(async () => {
    full[Symbol.dispose]()
    await Promise.all([good.stop(), hole.stop(), slow[Symbol.asyncDispose](), page[Symbol.asyncDispose]()])
  })
  await hole.setDoor('hang')
  await full.fill()
  const urls = { dead: await deadAddress(), hole: hole.url, full: full.url, slow: slow.url, page: page.url }
  const upstreams = Object.entries(urls).map(([name, url]) => ({ name, url, priority: 1 }))
  const gateway = await startGateway({
    config: {
      upstreams: [...upstreams, { name: 'good', url: good.url, priority: 2 }],
      routing: { model_ttl: '500ms', health_interval: '2s' },
    },
  })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return { gateway, wake: () => hole.setDoor('open') }
}

describe('the lists of a fleet in which most are out', () => {
  it.each(paths)('%s answers within 50 ms from the start, and goes on to', async (path) => {
    const { gateway } = await startMixedFleet()
    expect(await list(gateway, path)).toMatchObject({ status: 200, names: path === '/api/ps' ? [] : ['good:latest'] })
    expect(await medianOf(gateway, path)).toBeLessThan(LIMIT_MS)
    if (path === '/api/ps') return
    const all = ['good:latest', 'slow:latest']
    await vi.waitFor(async () => expect((await list(gateway, path)).names).toEqual(all), { timeout: 15_000 })
    expect(await medianOf(gateway, path)).toBeLessThan(LIMIT_MS)
  })

  it('show a black hole as soon as it answers', async () => {
    const { gateway, wake } = await startMixedFleet()
    await wake()
    const names = async (): Promise<readonly string[]> => (await list(gateway, '/api/tags')).names
    await vi.waitFor(async () => expect(await names()).toContain('hole:latest'), { timeout: 15_000, interval: 50 })
  })
})

describe('the lists of a fleet', () => {
  it('show what came and went past the gateway within model_ttl', async () => {
    await using fake = await startFakeOllama({ models: [{ name: 'old' }] })
    await using gateway = await startGateway({
      config: {
        upstreams: [{ name: 'a', url: fake.url }],
        routing: { model_ttl: '300ms', health_interval: '100ms' },
      },
    })
    expect((await list(gateway, '/api/tags')).names).toEqual(['old:latest'])
    fake.models.install({ name: 'new' })
    fake.models.remove('old')
    for (const path of ['/api/tags', '/v1/models']) {
      await vi.waitFor(async () => expect((await list(gateway, path)).names).toEqual(['new:latest']), {
        timeout: 5000,
        interval: 20,
      })
    }
  })

  it('show at once what was changed through the gateway', async () => {
    await using fake = await startFakeOllama({ models: [{ name: 'old' }] })
    await using gateway = await startGateway({
      config: { upstreams: [{ name: 'a', url: fake.url }], routing: { model_ttl: '1h' } },
    })
    expect((await list(gateway, '/api/tags')).names).toEqual(['old:latest'])
    const write = (method: string, path: string, body: object): Promise<Response> =>
      fetch(gateway.url + path, {
        method,
        headers: { authorization: `Bearer ${gateway.adminKey}` },
        body: JSON.stringify(body),
      })
    expect((await write('POST', '/api/copy', { source: 'old', destination: 'new' })).status).toBe(200)
    expect((await list(gateway, '/api/tags')).names).toEqual(['new:latest', 'old:latest'])
    expect((await list(gateway, '/v1/models')).names).toEqual(['new:latest', 'old:latest'])
    expect((await write('DELETE', '/api/delete', { model: 'old' })).status).toBe(200)
    expect((await list(gateway, '/v1/models')).names).toEqual(['new:latest'])
  })

  it('are what the upstream wrote, and ask it nothing more than needed', async () => {
    await using fake = await startFakeOllama({ models: [{ name: 'one' }, { name: 'me/two', sizeBytes: 7 }] })
    await using gateway = await startGateway({
      config: { upstreams: [{ name: 'a', url: fake.url }], routing: { model_ttl: '1h', health_interval: '1h' } },
    })
    for (const path of ['/api/tags', '/v1/models']) {
      const direct = await (await fetch(fake.url + path)).text()
      const headers = { authorization: `Bearer ${gateway.adminKey}` }
      for (let i = 0; i < 5; i += 1) expect(await (await fetch(gateway.url + path, { headers })).text()).toBe(direct)
    }
    const { requests } = fake.counters.snapshot()
    // One of each is this test's own.
    expect([requests['GET /api/tags'], requests['GET /v1/models']]).toEqual([2, 2])
  })
})
