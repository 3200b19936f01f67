import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { askAdmin } from '../people/ask-admin.ts'

const limits = { requests_per_minute: 50, tokens_per_day: 5000 }

async function makeAnn(gateway: RunningGateway): Promise<string> {
  const { status, body } = await askAdmin<{ key: { secret: string } }>(gateway, 'POST /admin/users', {
    body: { name: 'ann', limits },
  })
  expect(status).toBe(201)
  return body.key.secret
}

interface Left {
  readonly requests: number
  readonly tokens: number
  readonly cache: string | null
}

/** What an exchange leaves of the limits of the user, the tokens that are set aside for itself included. */
async function embed({ url }: RunningGateway, { authorization, path = '' }: Caller, input: string): Promise<Left> {
  const response = await fetch(`${url}${path}/v1/embeddings`, {
    ...{ method: 'POST', headers: authorization === undefined ? {} : { authorization } },
    body: JSON.stringify({ model: 'embedder', input }),
  })
  await response.text()
  expect(response.status).toBe(200)
  const left = (what: string): number => Number(response.headers.get(`x-ratelimit-remaining-${what}`))
  return { requests: left('requests'), tokens: left('tokens'), cache: response.headers.get('corral-cache') }
}

interface Caller {
  readonly authorization?: string
  readonly path?: string
}

const bearer = (key: string): Caller => ({ authorization: `Bearer ${key}` })

it('a user who is made again under the name of a deleted one has used nothing, whatever the other has', async () => {
  await using fake = await startFakeOllama({ models: [{ name: 'embedder', capabilities: ['embedding'] }] })
  const folder = await mkdtemp(join(tmpdir(), 'corral-made-again-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const options = { folder, config: { upstreams: [{ name: 'fake', url: fake.url }], cache: { mode: 'deterministic' } } }
  const gateway = await startGateway(options)
  onTestFinished(() => gateway[Symbol.asyncDispose]())

  const first = await makeAnn(gateway)
  expect(await embed(gateway, bearer(first), 'x')).toEqual({ requests: 49, tokens: 4999, cache: 'miss' })
  const used = await embed(gateway, { path: `/k/${first}` }, 'a longer text that takes several tokens')
  expect(used.requests).toBe(48)
  expect((await embed(gateway, bearer(first), 'x')).cache).toBe('hit')
  await askAdmin(gateway, 'DELETE /admin/users/ann')

  const second = await makeAnn(gateway)
  expect(await embed(gateway, bearer(second), 'x')).toEqual({ requests: 49, tokens: 4999, cache: 'miss' })
  expect((await embed(gateway, { path: `/k/${second}` }, 'x')).requests).toBe(48)
  const before = await embed(gateway, bearer(second), 'y')

  await gateway.stop()
  const again = await startGateway(options)
  onTestFinished(() => again[Symbol.asyncDispose]())
  const after = await embed(again, bearer(second), 'y')
  // What `before` had set aside for itself, and took, is the books' now.
  expect([before.tokens - after.tokens, after.cache]).toEqual([1, 'miss'])
  const database = new DatabaseSync(join(folder, 'corral.db'), { readOnly: true })
  const rows = database.prepare("SELECT count(DISTINCT user_id) AS users FROM exchanges WHERE user = 'ann'").get()
  database.close()
  expect(rows?.['users']).toBe(2)
})
