import { expect, it, vi } from 'vitest'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { corralIn, type Corral } from '../cli/corral.ts'
import { deadAddress } from '../fleet/odd-server.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'
import { chat, shown, startFleet, startServer, untilState } from './fleet-scene.ts'
import { startGatedServer } from './gated-server.ts'

function corralFor(gateway: RunningGateway, key = gateway.adminKey): Corral {
  return corralIn(tempFolder(), { CORRAL_SERVER: gateway.url, CORRAL_KEY: key })
}

it(
  'lists, adds, drains, disables, enables and removes upstreams of a running gateway',
  { timeout: 90_000 },
  async () => {
    const server = await startServer({ models: [{ name: 'tiny' }] })
    const gateway = await startFleet([])
    const corral = corralFor(gateway)
    expect(await corral('upstream', 'list')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'There are no upstreams yet; "corral upstream add NAME URL" adds one\n',
    })
    const added = await corral('upstream', 'add', 'gpu-1', server.url, '--priority', '2', '--memory', '24GB')
    expect([added.code, added.stderr]).toEqual([0, ''])
    expect(added.stdout).toMatch(/^Upstream "gpu-1" is added: Ollama 0\.24\.0 answers in [\d.]+ m?s, 1 model\n$/)
    await untilState(gateway, 'gpu-1', 'up')
    const { stdout } = await corral('upstream', 'list')
    expect(stdout.split('\n')[0]).toMatch(/^NAME +STATE +FROM +URL +PRIORITY +MEMORY +RUNNING +MODELS$/)
    expect(stdout.split('\n')[1]?.split(/ {2,}/)).toEqual(['gpu-1', 'up', 'added', server.url, '2', '24 GB', '0', '1'])
    expect(await corral('upstream', 'drain', 'gpu-1')).toMatchObject({
      code: 0,
      stderr: 'Upstream "gpu-1" gets nothing new until "corral upstream enable gpu-1"; nothing runs there\n',
    })
    expect((await shown(gateway, 'gpu-1'))?.state).toBe('draining')
    expect((await corral('status', '--once')).stdout).toMatch(/gpu-1 +draining/)
    expect((await corral('upstream', 'disable', 'gpu-1')).code).toBe(0)
    expect((await shown(gateway, 'gpu-1'))?.state).toBe('disabled')
    const enabled = await corral.json('upstream', 'enable', 'gpu-1')
    expect(enabled).toMatchObject({ name: 'gpu-1', held: null })
    expect(await corral('upstream', 'remove', 'gpu-1')).toMatchObject({
      code: 0,
      stderr: 'Upstream "gpu-1" is removed\n',
    })
    expect(await corral.json('upstream', 'list')).toEqual([])
  },
)

it('says in one line what cannot be done', { timeout: 90_000 }, async () => {
  const gateway = await startFleet([{ name: 'a', url: await deadAddress() }])
  const corral = corralFor(gateway)
  const says = async (...args: string[]): Promise<unknown[]> => {
    const { code, stdout, stderr } = await corral('upstream', ...args)
    return [code, stdout + stderr]
  }
  expect(await says('drain', 'nosuch')).toEqual([1, 'corral: There is no upstream "nosuch"\n'])
  expect(await says('remove', 'a')).toEqual([1, 'corral: Upstream "a" is in the config: remove it there\n'])
  expect(await says('wake', 'a')).toEqual([
    1,
    'corral: Nothing says how to wake upstream "a": give it "wake" with the hardware address\n',
  ])
  expect(await says('add', 'b', 'nowhere')).toEqual([
    1,
    'corral: The upstream\'s url is "nowhere" and should be a URL such as http://10.0.0.5:11434, without query\n',
  ])
  expect((await says('add', 'b', 'http://127.0.0.1:1', '--priority', 'high'))[0]).toBe(2)
  const dry = await corral('upstream', 'add', 'b', await deadAddress(), '--dry-run')
  expect(dry).toMatchObject({
    code: 0,
    stdout: 'Upstream "b" was not added, as you asked: it does not answer now (ECONNREFUSED)\n',
  })
  const member = await gateway.createKey({ scopes: ['chat'] })
  expect(await corralFor(gateway, member)('upstream', 'drain', 'a')).toMatchObject({
    code: 1,
    stderr: 'corral: This key has no scope "admin": give --key, or CORRAL_KEY, one that may\n',
  })
})

it('waits until nothing runs on what it drains', async () => {
  const server = await startGatedServer()
  const gateway = await startFleet([{ name: 'a', url: server.url }])
  const running = chat(gateway, 'tiny')
  await vi.waitFor(() => expect(server.begun()).toBe(1), { timeout: 8000 })
  let isOver = false
  const draining = corralFor(gateway)('upstream', 'drain', 'a', '--wait').finally(() => (isOver = true))
  await untilState(gateway, 'a', 'draining')
  expect(isOver).toBe(false)
  server.open()
  const drained = await draining
  expect([drained.code, drained.stderr]).toEqual([0, expect.stringContaining('; nothing runs there')])
  expect((await shown(gateway, 'a'))?.running).toBe(0)
  expect((await running).events.at(-1)?.text).toContain('"done":true')
})

it('leaves a pull to the gateway, lists it and cancels it', async () => {
  const slow = await startServer({
    models: [],
    registry: { 'large:latest': 2 ** 25 },
    pullBytesPerSecond: 2 ** 20,
  })
  const gateway = await startFleet([{ name: 'slow', url: slow.url }])
  const corral = corralFor(gateway)
  expect((await corral('job', 'list')).stderr).toContain('No job runs, and none has ended lately')
  expect(await corral('models', 'pull', 'large', '--background')).toMatchObject({
    code: 2,
    stderr: 'corral: --background needs --on with names of upstreams, or all\n',
  })
  const begun = await corral('models', 'pull', 'large', '--on', 'all', '--background')
  expect([begun.code, begun.stderr]).toEqual([
    0,
    'The gateway pulls large on slow; "corral job list" shows how far it is\n',
  ])
  const id = begun.stdout.trim()
  await vi.waitFor(
    async () => {
      const [, row = ''] = (await corral('job', 'list')).stdout.split('\n')
      expect(row.split(/ {2,}/).slice(0, 5)).toEqual([
        id,
        'pull large',
        'running',
        expect.stringMatching(/^0 of 1, \d+ %$/),
        'admin',
      ])
    },
    { timeout: 10_000, interval: 200 },
  )
  expect((await corral('job', 'cancel', id)).stderr).toBe(`Job ${id} is cancelled\n`)
  await slow.counters.until(({ aborted }) => aborted === 1)
  const [job] = await corral.json('job', 'list')
  expect(job).toMatchObject({ id, state: 'cancelled' })
})
