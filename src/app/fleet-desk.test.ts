import { expect, it } from 'vitest'
import type { Settings } from '../config/settings.ts'
import { createManualTime } from '../routing/__fixtures__/manual-time.ts'
import { createFleetBed } from '../routing/__fixtures__/fleet-bed.ts'
import { createScriptedUpstream } from '../routing/__fixtures__/scripted-upstream.ts'
import type { UpstreamRecord } from '../upstreams/upstream-tables.ts'
import { openFleetDesk } from './fleet-desk.ts'

const added = (url: string) => ({ hold: null, added: { url } })

async function open(records: readonly UpstreamRecord[], configured: readonly string[] = []) {
  const lines: string[] = []
  const warn = (fields: object, message: string): void => void lines.push(`${JSON.stringify(fields)} ${message}`)
  const { core } = createFleetBed({})
  const store = { records }
  const upstreams = configured.map((name) => ({ name, url: `http://${name}`, enabled: true }))
  const config = { upstreams, routing: { connectTimeoutMs: 1000 } } as unknown as Settings // only what is read here
  const desk = await openFleetDesk(config, {
    ...createManualTime(),
    store: { listUpstreams: async () => [...store.records] },
    core,
    instanceId: 'i',
    log: { debug() {}, info() {}, warn, error() {} },
  })
  return { core, desk, store, lines, config }
}

it('adds to the config what the store has, and tells where each is from', async () => {
  const { desk, config } = await open([{ name: 'b', ...added('http://b:11434') }], ['a'])
  expect(desk.settings.upstreams.map(({ name }) => name)).toEqual(['a', 'b'])
  expect(desk.factsOf('a')).toEqual({ url: 'http://a', isAdded: false, held: null })
  expect(desk.factsOf('b')).toEqual({ url: 'http://b:11434', isAdded: true, held: null })
  expect(desk.factsOf('agent')).toEqual({ url: '', isAdded: false, held: null })
  expect([desk.configured('a')?.enabled, desk.configured('b')]).toEqual([true, undefined])
  desk.configure({ ...config, upstreams: [] })
  expect(desk.settings.upstreams.map(({ name }) => name)).toEqual(['b'])
})

it('leaves out what cannot be, and says so once', async () => {
  const { desk, lines, store } = await open(
    [
      { name: 'A', ...added('http://other') },
      { name: 'edited', ...added('') },
    ],
    ['a'],
  )
  await desk.refresh()
  expect(desk.settings.upstreams.map(({ name }) => name)).toEqual(['a'])
  expect(lines).toHaveLength(2)
  expect(lines[0]).toContain('the config has one of the same name')
  expect(lines[1]).toContain('url is')
  store.records = []
  expect(await desk.refresh()).toBe('upstreams')
})

it('says what is different after a change: who is held, or who is there', async () => {
  const { desk, store } = await open([{ name: 'b', ...added('http://b') }], ['a'])
  expect(await desk.refresh()).toBe('none')
  store.records = [{ name: 'a', hold: 'draining', added: null }, ...store.records]
  expect(await desk.refresh()).toBe('members')
  const member = { upstream: createScriptedUpstream('a'), priority: 1, enabled: true, maxResponseTimeMs: null }
  expect(desk.held(member)).toMatchObject({ enabled: true, draining: true })
  store.records = [{ name: 'a', hold: 'disabled', added: null }]
  expect(await desk.refresh()).toBe('upstreams')
  expect(desk.held(member)).toMatchObject({ enabled: false })
  expect(desk.held({ ...member, upstream: createScriptedUpstream('other') })).not.toHaveProperty('draining')
})

it('sends for nobody of whom nothing says how', async () => {
  const { desk, core } = await open([], ['a'])
  desk.wake('nosuch')
  expect(core.waker.isWaking('nosuch')).toBe(false)
})
