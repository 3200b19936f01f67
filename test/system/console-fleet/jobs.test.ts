import { describe, expect, it, vi } from 'vitest'
import type { FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'
import { ask, startFleet, startServer } from './fleet-scene.ts'

const MB = 2 ** 20

interface Step {
  readonly upstream: string
  readonly action: string
  readonly model: string
  readonly state: string
  readonly status: string
  readonly total_bytes: number | null
  readonly completed_bytes: number | null
  readonly error: string | null
}

interface Job {
  readonly id: string
  readonly kind: string
  readonly model: string | null
  readonly state: string
  readonly user: string | null
  readonly ended_at: string | null
  readonly steps: readonly Step[]
}

interface Refusal {
  readonly error: string
}

async function jobOf(gateway: RunningGateway, id: string): Promise<Job | undefined> {
  const { body } = await ask<{ jobs: Job[] }>(gateway, 'GET /admin/jobs')
  return body.jobs.find((job) => job.id === id)
}

async function ended(gateway: RunningGateway, { id }: { readonly id: string }): Promise<Job> {
  return vi.waitFor(
    async () => {
      const job = await jobOf(gateway, id)
      if (job === undefined || job.state === 'running') throw new Error(`the job is ${job?.state}`)
      return job
    },
    { timeout: 10_000, interval: 50 },
  )
}

function has(server: FakeOllama, model: string): boolean {
  return server.models.find(model) !== undefined
}

/** Two that pull fast, one that cannot find what is asked for. */
async function startThree(more: Record<string, unknown> = {}) {
  const [a, b, c] = [
    await startServer({ models: [{ name: 'tiny', sizeBytes: 3 * MB }], registry: { 'new:latest': 2 * MB } }),
    await startServer({ models: [], registry: { 'new:latest': 2 * MB, 'tiny:latest': 3 * MB } }),
    await startServer({ models: [], registry: {} }),
  ]
  const gateway = await startFleet(
    [
      { name: 'a', url: a.url },
      { name: 'b', url: b.url },
      { name: 'c', url: c.url },
    ],
    more,
  )
  return { a, b, c, gateway }
}

it('ends with the key that began it', async () => {
  const slow = await startServer({ models: [], registry: { 'large:latest': 40 * MB }, pullBytesPerSecond: MB })
  const gateway = await startFleet([{ name: 'slow', url: slow.url }])
  const scopes = ['admin', 'models:write']
  const { body: key } = await ask<{ secret: string }>(gateway, 'POST /admin/keys', {
    body: { name: 'other', user: 'admin', scopes },
  })
  const { body: job } = await ask<Job>(gateway, 'POST /admin/models/pull', {
    key: key.secret,
    body: { model: 'large', upstreams: ['slow'] },
  })
  await vi.waitFor(() => expect(slow.counters.requestsTo('/api/pull')).toHaveLength(1), { timeout: 5000 })
  await ask(gateway, 'DELETE /admin/keys/other')
  expect((await ended(gateway, job)).state).toBe('cancelled')
  await slow.counters.until(({ aborted }) => aborted === 1)
})

describe('a pull', () => {
  it('goes on at all of them side by side, and says which one failed and why', async () => {
    const { a, b, c, gateway } = await startThree()
    const body = { model: 'new', upstreams: ['a', 'b', 'c'] }
    const begun = await ask<Job>(gateway, 'POST /admin/models/pull', { body })
    expect(begun).toMatchObject({ status: 201, body: { kind: 'pull', model: 'new', state: 'running', user: 'admin' } })
    const job = await ended(gateway, begun.body)
    expect(job.state).toBe('failed')
    expect(job.steps).toMatchObject([
      { upstream: 'a', state: 'done', status: 'success', total_bytes: 2 * MB, completed_bytes: 2 * MB, error: null },
      { upstream: 'b', state: 'done' },
      { upstream: 'c', state: 'failed', error: 'pull model manifest: file does not exist' },
    ])
    expect([has(a, 'new'), has(b, 'new'), has(c, 'new')]).toEqual([true, true, false])
    // The gateway knows of them without anybody's waiting for the next reading.
    await vi.waitFor(
      async () => {
        const { body: fleet } = await ask<{ models: { name: string; differs: boolean; upstreams: object[] }[] }>(
          gateway,
          'GET /admin/models',
        )
        expect(fleet.models.find(({ name }) => name === 'new:latest')).toMatchObject({
          differs: false,
          upstreams: [{ name: 'a', state: 'there', size: 2 * MB }, { name: 'b' }],
        })
      },
      { timeout: 5000, interval: 50 },
    )
  })

  it('tells how far it is, and is cancelled: the server hears of it', async () => {
    const slow = await startServer({ models: [], registry: { 'large:latest': 40 * MB }, pullBytesPerSecond: 3 * MB })
    const gateway = await startFleet([{ name: 'slow', url: slow.url }])
    const { body: job } = await ask<Job>(gateway, 'POST /admin/models/pull', {
      body: { model: 'large', upstreams: ['*'] },
    })
    await vi.waitFor(
      async () => {
        const [step] = (await jobOf(gateway, job.id))?.steps ?? []
        expect(step).toMatchObject({ state: 'running', total_bytes: 40 * MB })
        expect(step?.completed_bytes).toBeGreaterThan(0)
        expect(step?.status).toMatch(/^pulling /)
      },
      { timeout: 12_000, interval: 50 },
    )
    await ask<Job>(gateway, `DELETE /admin/jobs/${job.id}`)
    expect(await ended(gateway, job)).toMatchObject({
      state: 'cancelled',
      steps: [{ state: 'cancelled', error: null }],
    })
    await slow.counters.until(({ aborted }) => aborted === 1)
    expect(has(slow, 'large')).toBe(false)
    const again = await ask<Job>(gateway, `DELETE /admin/jobs/${job.id}`)
    expect(again).toMatchObject({ status: 200, body: { state: 'cancelled' } })
    expect(await ask<Refusal>(gateway, 'DELETE /admin/jobs/job_nosuch')).toMatchObject({
      status: 404,
      body: { error: 'There is no job "job_nosuch"' },
    })
  })

  it('is refused where it could not be, in one sentence', async () => {
    const { gateway } = await startThree()
    const refused = async (body: object): Promise<unknown[]> => {
      const answer = await ask<Refusal>(gateway, 'POST /admin/models/pull', { body })
      return [answer.status, answer.body.error]
    }
    expect(await refused({ model: 'new', upstreams: ['nosuch'] })).toEqual([404, 'There is no upstream "nosuch"'])
    expect(await refused({ model: 'a b', upstreams: ['a'] })).toEqual([400, '"model" is not the name of a model'])
    expect(await refused({ model: 'new', upstreams: [] })).toEqual([400, expect.stringContaining('"upstreams" is not')])
    await ask(gateway, 'POST /admin/upstreams/b/disable')
    expect(await refused({ model: 'new', upstreams: ['b'] })).toEqual([
      400,
      'Upstream "b" is disabled: enable it first',
    ])
    // One that is drained is brought into shape while nobody uses it.
    await ask(gateway, 'POST /admin/upstreams/a/drain')
    const { body } = await ask<Job>(gateway, 'POST /admin/models/pull', { body: { model: 'new', upstreams: ['a'] } })
    expect((await ended(gateway, body)).state).toBe('done')
  })

  it('needs a key that may change models, this one, and there', async () => {
    const { gateway } = await startThree()
    const keyOf = async (name: string, terms: object): Promise<string> => {
      const { body } = await ask<{ secret: string }>(gateway, 'POST /admin/keys', {
        body: { name, user: 'admin', ...terms },
      })
      return body.secret
    }
    const body = { model: 'new', upstreams: ['a'] }
    const pull = async (key: string): Promise<unknown[]> => {
      const answer = await ask<Refusal>(gateway, 'POST /admin/models/pull', { key, body })
      return [answer.status, answer.code, answer.body.error]
    }
    expect(await pull(await keyOf('reader', { scopes: ['admin'] }))).toEqual([
      403,
      'missing_scope',
      'This key has no scope "models:write"',
    ])
    const narrow = await keyOf('narrow', { scopes: ['admin', 'models:write'], models: ['qwen3*'] })
    expect((await pull(narrow)).slice(0, 2)).toEqual([403, 'model_denied'])
    const elsewhere = await keyOf('elsewhere', { scopes: ['admin', 'models:write'], upstreams: ['b'] })
    expect(await pull(elsewhere)).toEqual([403, 'model_denied', 'This key may not reach upstream "a"'])
    const { body: job } = await ask<Job>(gateway, 'POST /admin/models/pull', { body })
    await ended(gateway, job)
    expect((await ask<{ jobs: Job[] }>(gateway, 'GET /admin/jobs', { key: elsewhere })).body.jobs).toEqual([])
    expect((await ask(gateway, `DELETE /admin/jobs/${job.id}`, { key: elsewhere })).status).toBe(403)
  })
})

it('removes a model from all that have it, and tells of it in the audit log', async () => {
  const { a, b, gateway } = await startThree()
  b.models.install({ name: 'tiny', sizeBytes: 3 * MB })
  await vi.waitFor(
    async () => {
      const { body } = await ask<{ upstreams: { models: object[] | null }[] }>(gateway, 'GET /admin/models')
      expect(body.upstreams.map(({ models }) => models?.length)).toEqual([1, 1, 0])
    },
    { timeout: 10_000, interval: 100 },
  )
  const body = { model: 'tiny', upstreams: ['*'] }
  const { body: job } = await ask<Job>(gateway, 'POST /admin/models/delete', { body })
  expect((await ended(gateway, job)).steps).toMatchObject([
    { upstream: 'a', action: 'remove', state: 'done' },
    { upstream: 'b', action: 'remove', state: 'done' },
  ])
  expect([has(a, 'tiny'), has(b, 'tiny')]).toEqual([false, false])
  const { body: audit } = await ask<{ action: string; subject: string; detail: object }[]>(gateway, 'GET /admin/audit')
  expect(audit[0]).toMatchObject({ action: 'models.delete', subject: 'tiny', detail: { upstreams: ['a', 'b'] } })
})

it('brings the fleet in step: the plan first, then what it says', async () => {
  const models = { desired: { a: ['tiny'], b: ['tiny', 'new', 'missing'], c: ['tiny'] } }
  const { a, b, gateway } = await startThree({ models })
  a.models.install({ name: 'extra', sizeBytes: MB })
  const c = { name: 'c' }
  await ask(gateway, `POST /admin/upstreams/${c.name}/disable`)
  await vi.waitFor(
    async () => {
      const { body } = await ask<{ plan: object[]; job: null }>(gateway, 'POST /admin/models/sync', {
        body: { dry_run: true, prune: true },
      })
      expect(body.job).toBeNull()
      expect(body.plan).toMatchObject([
        {
          upstream: 'a',
          pulls: [],
          removals: [{ model: 'extra:latest', bytes: MB, last_copy: true, assigned: false }],
        },
        { upstream: 'b', pulls: [{ model: 'tiny:latest', bytes: 3 * MB }, { bytes: null }, { bytes: null }] },
        { upstream: 'c', pulls: [], problem: 'it is disabled' },
      ])
    },
    { timeout: 10_000, interval: 100 },
  )
  expect(has(a, 'extra')).toBe(true)
  const { status, body } = await ask<{ job: Job }>(gateway, 'POST /admin/models/sync', { body: { prune: true } })
  expect([status, body.job.kind, body.job.model]).toEqual([200, 'sync', null])
  const job = await ended(gateway, body.job)
  expect(job.steps.map(({ upstream, action, model, state }) => [upstream, action, model, state])).toEqual([
    ['a', 'remove', 'extra:latest', 'done'],
    ['b', 'pull', 'tiny:latest', 'done'],
    ['b', 'pull', 'missing:latest', 'failed'],
    ['b', 'pull', 'new:latest', 'done'],
  ])
  expect([has(a, 'extra'), has(b, 'tiny'), has(b, 'new')]).toEqual([false, true, true])
})

it('starts no pull after one for which the disk had no room', async () => {
  const full = await startServer({
    models: [],
    registry: { 'one:latest': 30 * MB, 'two:latest': MB },
    diskBytes: 20 * MB,
  })
  const models = { desired: { full: ['one', 'two'] } }
  const gateway = await startFleet([{ name: 'full', url: full.url }], { models })
  const { body } = await ask<{ job: Job }>(gateway, 'POST /admin/models/sync', { body: {} })
  expect((await ended(gateway, body.job)).steps).toMatchObject([
    { model: 'one:latest', state: 'failed', error: expect.stringContaining('no space left on device') },
    { model: 'two:latest', state: 'skipped', error: 'no space left' },
  ])
})
