import { expect, it, onTestFinished, vi } from 'vitest'
import { startAgentScene } from '../harness/agent-before.ts'
import { startGatewayBefore } from '../harness/gateway-before.ts'
import { total } from './parse-exposition.ts'
import { scrape, type Scrape } from './scrape.ts'

const chat = { model: 'tiny', messages: [{ role: 'user', content: 'hello' }] }
const within = { timeout: 10_000, interval: 30 }

async function until(read: () => Promise<Scrape>, want: (read: Scrape) => void): Promise<void> {
  await vi.waitFor(async () => want(await read()), within)
}

it('slots, what runs and what waits are read when somebody asks', async () => {
  const slow = await startGatewayBefore({ parallel: 1 })
  onTestFinished(() => slow[Symbol.asyncDispose]())
  const { gateway, key, fake } = slow
  const ask = (signal: AbortSignal): Promise<unknown> =>
    fetch(`${gateway.url}/api/chat`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(chat),
      signal,
    }).then((response) => response.text())
  const leaving = new AbortController()
  fake.faults.add({ kind: 'stall-mid-stream', afterChunks: 1, times: 3 })
  const asked = Promise.allSettled(Array.from({ length: 3 }, () => ask(leaving.signal)))
  const read = (): Promise<Scrape> => scrape(gateway.url, key)
  await until(read, ({ families }) => {
    const running = total(families, 'corral_upstream_running', { upstream: 'fake' })
    expect(running).toBeGreaterThan(0)
    expect(total(families, 'corral_busy_slots', { upstream: 'fake', model: 'tiny:latest' })).toBe(running)
    expect(total(families, 'corral_running_exchanges')).toBe(3)
    expect(total(families, 'corral_waiting_exchanges')).toBe(3 - running)
    expect(total(families, 'corral_queue_length', { model: 'tiny:latest' })).toBe(3 - running)
    expect(total(families, 'corral_loaded_models', { upstream: 'fake' })).toBe(1)
  })
  leaving.abort()
  await asked
  await until(read, ({ families }) => {
    expect(total(families, 'corral_running_exchanges')).toBe(0)
    expect(total(families, 'corral_busy_slots')).toBe(0)
    expect(total(families, 'corral_exchanges_total', { status: '4xx', ending: 'client-gone' })).toBe(3)
  })
  await fake.setDoor('refuse')
  await until(read, ({ families }) => {
    expect(total(families, 'corral_upstream_up', { upstream: 'fake' })).toBe(0)
    expect(total(families, 'corral_upstreams', { state: 'down' })).toBe(1)
  })
})

it('agents are counted by pool, and are upstreams by their names', async () => {
  const scene = await startAgentScene({ config: { agents: { pools: [{ name: 'default' }, { name: 'empty' }] } } })
  onTestFinished(() => scene[Symbol.asyncDispose]())
  const { agent } = await scene.addAgent({ id: 'basement' })
  const read = (): Promise<Scrape> => scrape(scene.gateway.url, scene.key)
  const { families } = await read()
  expect(total(families, 'corral_agents', { pool: 'default' })).toBe(1)
  expect(families.get('corral_agents')?.samples.map(({ labels }) => labels['pool'])).toContain('empty')
  expect(total(families, 'corral_upstream_up', { upstream: 'basement' })).toBe(1)
  await agent[Symbol.asyncDispose]()
  await until(read, (gone) => expect(total(gone.families, 'corral_agents', { pool: 'default' })).toBe(0))
})
