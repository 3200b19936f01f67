import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { deadAddress } from '../fleet/odd-server.ts'
import { ask, chat, shown, startFleet, startServer, untilState, type UpstreamShown } from './fleet-scene.ts'
import { startGatedServer } from './gated-server.ts'

interface Added {
  readonly upstream: UpstreamShown | null
  readonly probe: { reachable: boolean; version: string | null; models: string[] | null; fault: string | null }
  readonly error?: string
}

describe('an upstream that is added', () => {
  it('serves at once, says what it is, and is there after a restart', async () => {
    const server = await startServer({ models: [{ name: 'tiny' }] })
    const gateway = await startFleet([])
    const key = gateway.adminKey
    const body = { name: 'gpu-1', url: server.url, priority: 3, memory: '24GB', slots: 2 }
    const added = await ask<Added>(gateway, 'POST /admin/upstreams', { body })
    expect(added.status).toBe(201)
    expect(added.body.probe).toMatchObject({ reachable: true, version: '0.24.0', models: ['tiny:latest'], fault: null })
    expect(added.body.upstream).toMatchObject({
      ...{ name: 'gpu-1', url: server.url, origin: 'added', priority: 3, memory_bytes: 24 * 2 ** 30, held: null },
    })
    await untilState(gateway, 'gpu-1', 'up')
    expect((await chat(gateway, 'tiny')).headers['corral-upstream']).toBe('gpu-1')
    await ask(gateway, 'POST /admin/upstreams/gpu-1/drain')
    await gateway.stop()
    const after = await startFleet([], { folder: gateway.folder })
    expect(await shown(after, 'gpu-1', key)).toMatchObject({ origin: 'added', held: 'draining', priority: 3 })
    expect((await ask(after, 'POST /admin/upstreams/gpu-1/enable', { key })).body.state).not.toBe('draining')
    await untilState(after, 'gpu-1', 'up', key)
    expect((await chat(after, 'tiny', { key })).status).toBe(200)
  })

  it('is added all the same where it does not answer, and looked for only where that was asked', async () => {
    const gateway = await startFleet([])
    const body = { name: 'gone', url: await deadAddress() }
    const looked = await ask<Added>(gateway, 'POST /admin/upstreams', { body: { ...body, dry_run: true } })
    expect([looked.status, looked.body.upstream, looked.body.probe.reachable]).toEqual([201, null, false])
    expect(await shown(gateway, 'gone')).toBeUndefined()
    const added = await ask<Added>(gateway, 'POST /admin/upstreams', { body })
    expect(added.body.probe).toMatchObject({ reachable: false, models: null, fault: 'ECONNREFUSED' })
    expect(added.body.upstream).toMatchObject({ name: 'gone', origin: 'added' })
    await untilState(gateway, 'gone', 'down')
  })

  it('stays, and stays drained, when the config is read again', async () => {
    const server = await startServer({ models: [{ name: 'tiny' }] })
    const gateway = await startFleet([{ name: 'a', url: server.url }])
    await ask(gateway, 'POST /admin/upstreams', { body: { name: 'b', url: server.url } })
    await ask(gateway, 'POST /admin/upstreams/a/drain')
    const config = JSON.parse(await readFile(gateway.configFile, 'utf8')) as { upstreams: object[] }
    const upstreams = [...config.upstreams, { name: 'c', url: server.url, priority: 9 }]
    await writeFile(gateway.configFile, JSON.stringify({ ...config, upstreams }))
    process.kill(gateway.pid, 'SIGHUP')
    await untilState(gateway, 'c', 'up')
    expect(await shown(gateway, 'a')).toMatchObject({ state: 'draining', origin: 'config' })
    expect(await shown(gateway, 'b')).toMatchObject({ state: 'up', origin: 'added' })
    expect((await chat(gateway, 'tiny')).headers['corral-upstream']).toBe('b')
  })

  it('is one of those that ask for its name at the same time', async () => {
    const gateway = await startFleet([])
    const server = await startServer({ models: [] })
    const names = ['a', 'A', 'a', 'a']
    const answers = await Promise.all(
      names.map((name) => ask<Added>(gateway, 'POST /admin/upstreams', { body: { name, url: server.url } })),
    )
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([201, 409, 409, 409])
  })

  it('is not the gateway itself', async () => {
    const gateway = await startFleet([])
    const body = { name: 'self', url: gateway.url, dry_run: true }
    const { body: found } = await ask<Added>(gateway, 'POST /admin/upstreams', { body })
    expect(found.probe.fault).toBe('it is this gateway itself: point it at Ollama')
  })

  it('is refused in one sentence as the config would refuse it', async () => {
    const gateway = await startFleet([])
    const body = { name: 'a', url: 'http://someone:hunter2@10.0.0.5:11434' }
    const { status, code, body: said } = await ask<Added>(gateway, 'POST /admin/upstreams', { body })
    expect([status, code, said.error]).toEqual([
      400,
      'invalid_input',
      "The upstream's url has credentials: one that wants them belongs into the config",
    ])
    const strange = await ask<Added>(gateway, 'POST /admin/upstreams', { body: { ...body, headers: {} } })
    expect([strange.status, strange.body.error]).toEqual([400, 'There is no field "headers"'])
    expect(gateway.stderr()).not.toContain('hunter2')
  })

  it('cannot take a name, is not removed where it is not its own, and finishes what runs when it goes', async () => {
    const [server, gated] = [await startServer({ models: [{ name: 'tiny' }] }), await startGatedServer()]
    const gateway = await startFleet([{ name: 'a', url: server.url, priority: 2 }])
    const taken = await ask<Added>(gateway, 'POST /admin/upstreams', { body: { name: 'A', url: server.url } })
    expect([taken.status, taken.code, taken.body.error]).toEqual([
      409,
      'name_taken',
      'There is an upstream "a" already',
    ])
    const kept = await ask<Added>(gateway, 'DELETE /admin/upstreams/a')
    expect([kept.status, kept.body.error]).toEqual([400, 'Upstream "a" is in the config: remove it there'])
    await ask(gateway, 'POST /admin/upstreams', { body: { name: 'b', url: gated.url } })
    await untilState(gateway, 'b', 'up')
    const running = chat(gateway, 'tiny', { on: 'b' })
    await vi.waitFor(() => expect(gated.begun()).toBe(1), { timeout: 8000 })
    expect((await ask(gateway, 'DELETE /admin/upstreams/b')).body).toMatchObject({ name: 'b', running: 1 })
    expect(await shown(gateway, 'b')).toBeUndefined()
    expect((await chat(gateway, 'tiny')).headers['corral-upstream']).toBe('a')
    gated.open()
    expect((await running).events.at(-1)?.text).toContain('"done":true')
  })

  it('gives way to one of the same name in the config, and comes back when that goes', async () => {
    const [mine, theirs] = [await startServer({ models: [{ name: 'mine' }] }), await startServer({ models: [] })]
    const folder = tempFolder()
    const gateway = await startFleet([], { folder })
    const key = gateway.adminKey
    await ask(gateway, 'POST /admin/upstreams', { body: { name: 'a', url: mine.url } })
    await gateway.stop()
    const other = await startFleet([{ name: 'a', url: theirs.url }], { folder })
    expect(await shown(other, 'a', key)).toMatchObject({ origin: 'config', url: theirs.url })
    expect(other.stderr()).toContain('an upstream that was added is left out')
    expect(other.stderr()).toContain('the config has one of the same name')
    await other.stop()
    const again = await startFleet([], { folder })
    expect(await shown(again, 'a', key)).toMatchObject({ origin: 'added', url: mine.url })
  })
})
