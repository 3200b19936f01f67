import { expect, it, vi } from 'vitest'
import { startAgentScene } from '../harness/agent-before.ts'
import { ask, chat, shown, startFleet, startServer, untilIdle, untilState } from './fleet-scene.ts'
import { startGatedServer } from './gated-server.ts'

it('drains: what runs comes to its end, what is new goes elsewhere', async () => {
  const [a, b] = [await startGatedServer(), await startServer({ models: [{ name: 'tiny' }] })]
  const gateway = await startFleet([
    { name: 'a', url: a.url },
    { name: 'b', url: b.url, priority: 2 },
  ])
  const running = chat(gateway, 'tiny')
  await vi.waitFor(() => expect(a.begun()).toBe(1), { timeout: 8000 })
  const answer = await ask(gateway, 'POST /admin/upstreams/a/drain')
  expect(answer).toMatchObject({ status: 200, body: { name: 'a', state: 'draining', held: 'draining', running: 1 } })
  const next = await chat(gateway, 'tiny')
  expect([next.status, next.headers['corral-upstream']]).toEqual([200, 'b'])
  a.open()
  const ended = await running
  expect([ended.headers['corral-upstream'], ended.ending]).toEqual(['a', 'complete'])
  expect(ended.events.at(-1)?.text).toContain('"done":true')
  await untilIdle(gateway, 'a')
  expect(await shown(gateway, 'a')).toMatchObject({ state: 'draining' })
  expect((await ask(gateway, 'POST /admin/upstreams/a/enable')).body).toMatchObject({ state: 'up', held: null })
  expect((await chat(gateway, 'tiny')).headers['corral-upstream']).toBe('a')
})

it('looks after one that is drained: whoever drained it wants to see it come back', async () => {
  const a = await startServer({ models: [{ name: 'tiny' }] })
  const gateway = await startFleet([{ name: 'a', url: a.url }])
  await untilState(gateway, 'a', 'up')
  await ask(gateway, 'POST /admin/upstreams/a/drain')
  await a.setDoor('refuse')
  await vi.waitFor(() => expect(gateway.stderr()).toContain('upstream is down'), { timeout: 10_000 })
  await a.setDoor('open')
  await vi.waitFor(() => expect(gateway.stderr()).toContain('upstream is up again'), { timeout: 10_000 })
})

it('says of a model that only a draining upstream has that it comes back, and of one that is disabled nothing', async () => {
  const a = await startServer({ models: [{ name: 'tiny' }] })
  const gateway = await startFleet([{ name: 'a', url: a.url }])
  await ask(gateway, 'POST /admin/upstreams/a/drain')
  const drained = await chat(gateway, 'tiny')
  expect([drained.status, drained.headers['corral-error']]).toEqual([503, 'no_upstream'])
  expect(drained.headers['retry-after']).toBeDefined()
  const named = await chat(gateway, 'tiny', { on: 'a' })
  expect([named.status, named.text]).toEqual([
    503,
    expect.stringContaining('a, which is draining: it gets nothing new'),
  ])
  const explained = await ask<{ upstreams: { reason: string }[] }>(gateway, 'GET /admin/route/explain?model=tiny')
  expect(explained.body.upstreams[0]?.reason).toBe('it is draining: it finishes what runs there')
  expect(await ask(gateway, 'POST /admin/upstreams/a/disable')).toMatchObject({
    body: { state: 'disabled', held: 'disabled' },
  })
  expect((await chat(gateway, 'tiny')).status).toBe(503)
  expect(a.counters.requestsTo('/api/chat')).toHaveLength(0)
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503)
})

it('gives it nothing of what waits in the queue, until it is enabled', async () => {
  const [a, b] = [await startGatedServer(), await startGatedServer()]
  const gateway = await startFleet([
    { name: 'a', url: a.url, slots: 1 },
    { name: 'b', url: b.url, slots: 1 },
  ])
  const waitingCount = async (): Promise<number> => {
    const { body } = await ask<{ queue: { waiting: number } }>(gateway, 'GET /admin/status')
    return body.queue.waiting
  }
  const running = chat(gateway, 'tiny', { on: 'a' })
  void chat(gateway, 'tiny', { on: 'b' }).catch(() => undefined)
  await vi.waitFor(() => expect([a.begun(), b.begun()]).toEqual([1, 1]), { timeout: 8000 })
  const waiting = chat(gateway, 'tiny')
  await expect.poll(waitingCount, { timeout: 8000 }).toBe(1)
  await ask(gateway, 'POST /admin/upstreams/a/drain')
  a.open()
  expect((await running).ending).toBe('complete')
  await untilIdle(gateway, 'a')
  // It is free, and yet somebody waits.
  expect([await waitingCount(), a.begun()]).toEqual([1, 1])
  await ask(gateway, 'POST /admin/upstreams/a/enable')
  expect((await waiting).headers['corral-upstream']).toBe('a')
})

it('is remembered over a restart, and can be taken back by name only', async () => {
  const a = await startServer({ models: [{ name: 'tiny' }] })
  const before = await startFleet([
    { name: 'a', url: a.url },
    { name: 'off', url: a.url, enabled: 'off' },
  ])
  await ask(before, 'POST /admin/upstreams/a/drain')
  const key = before.adminKey
  await before.stop()
  const after = await startFleet(
    [
      { name: 'a', url: a.url },
      { name: 'off', url: a.url, enabled: 'off' },
    ],
    {
      folder: before.folder,
    },
  )
  await untilState(after, 'a', 'draining', key)
  const off = await ask<{ error: string }>(after, 'POST /admin/upstreams/off/enable', { key })
  expect([off.status, off.body.error]).toEqual([
    400,
    'Upstream "off" is switched off in the config: write "enabled: on" there',
  ])
  const missing = await ask<{ error: string }>(after, 'POST /admin/upstreams/nosuch/drain', { key })
  expect([missing.status, missing.body.error]).toEqual([404, 'There is no upstream "nosuch"'])
  expect((await ask(after, 'POST /admin/upstreams/a/enable', { key })).body).toMatchObject({ held: null })
  await untilState(after, 'a', 'up', key)
})

it('leaves a fallback to answer, and is brought into shape by whoever names it', async () => {
  const a = await startServer({ models: [{ name: 'tiny' }], registry: { 'new:latest': 1000 } })
  const b = await startServer({ models: [{ name: 'small' }] })
  const models = { fallbacks: { tiny: ['small'] } }
  const gateway = await startFleet(
    [
      { name: 'a', url: a.url },
      { name: 'b', url: b.url },
    ],
    { models },
  )
  await ask(gateway, 'POST /admin/upstreams/a/drain')
  const answer = await chat(gateway, 'tiny')
  expect([answer.status, answer.headers['corral-upstream'], answer.headers['corral-model']]).toEqual([
    200,
    'b',
    'small:latest',
  ])
  const headers = { authorization: `Bearer ${gateway.adminKey}`, 'corral-upstream': 'a' }
  const pulled = await fetch(`${gateway.url}/api/pull`, { method: 'POST', headers, body: '{"model":"new"}' })
  expect((await pulled.text()).trimEnd().split('\n').at(-1)).toBe('{"status":"success"}')
  expect(a.models.find('new')).toBeDefined()
  const lists = await fetch(`${gateway.url}/api/tags`, { headers: { authorization: headers.authorization } })
  expect(JSON.stringify(await lists.json())).not.toContain('tiny')
})

it('drains an agent by its name, and holds that when it comes back', async () => {
  await using scene = await startAgentScene()
  const { gateway } = scene
  const { agent, fake } = await scene.addAgent({ id: 'basement' })
  expect((await ask(gateway, 'POST /admin/upstreams/basement/drain')).body).toMatchObject({
    ...{ origin: 'agent', url: '', state: 'draining', held: 'draining' },
  })
  await agent.stop()
  await scene.addAgent({ id: 'basement', unawaited: true })
  await vi.waitFor(async () => expect((await shown(gateway, 'basement'))?.models).toEqual(['tiny:latest']), {
    timeout: 10_000,
  })
  expect(await shown(gateway, 'basement')).toMatchObject({ state: 'draining' })
  expect((await chat(gateway, 'tiny')).status).toBe(503)
  expect(fake.counters.requestsTo('/api/chat')).toHaveLength(0)
  expect((await ask<{ error: string }>(gateway, 'DELETE /admin/upstreams/basement')).body.error).toBe(
    'Upstream "basement" is an agent: stop it there, disable it, or revoke its key',
  )
  await ask(gateway, 'POST /admin/upstreams/basement/enable')
  await untilState(gateway, 'basement', 'up')
  expect((await chat(gateway, 'tiny')).status).toBe(200)
})

it('is for keys that may reach it, and told of in the audit log', async () => {
  const a = await startServer({ models: [{ name: 'tiny' }] })
  const gateway = await startFleet([
    { name: 'a', url: a.url },
    { name: 'b', url: a.url },
  ])
  const made = await ask<{ secret: string }>(gateway, 'POST /admin/keys', {
    body: { name: 'half', user: 'admin', scopes: ['admin'], upstreams: ['a'] },
  })
  const key = made.body.secret
  expect((await ask(gateway, 'POST /admin/upstreams/a/drain', { key })).status).toBe(200)
  expect(await ask(gateway, 'POST /admin/upstreams/b/drain', { key })).toMatchObject({
    status: 403,
    code: 'model_denied',
    body: { error: 'This key may not reach upstream "b"' },
  })
  expect((await shown(gateway, 'b'))?.held).toBeNull()
  const body = { name: 'c', url: a.url }
  expect(await ask(gateway, 'POST /admin/upstreams', { key, body })).toMatchObject({
    status: 403,
    body: { error: 'A key that is limited to some upstreams adds none' },
  })
  await vi.waitFor(
    async () => {
      const { body } = await ask<{ action: string; subject: string; key: string }[]>(gateway, 'GET /admin/audit')
      expect(body.map(({ action, subject, key: name }) => [action, subject, name])).toEqual(
        expect.arrayContaining([
          ['upstream.drain', 'a', 'half'],
          ['refused', 'POST /admin/upstreams/:name/drain', 'half'],
        ]),
      )
    },
    { timeout: 10_000, interval: 100 },
  )
})
