import dgram from 'node:dgram'
import { expect, it, onTestFinished, vi } from 'vitest'
import { ask, chat, shown, startFleet, startServer, untilState } from './fleet-scene.ts'

const MAGIC = Buffer.from(`ffffffffffff${'aabbccddee0f'.repeat(16)}`, 'hex')

/** The network card of a sleeping machine. */
async function startCard(heard: (packet: Buffer) => void): Promise<number> {
  const card = dgram.createSocket('udp4')
  card.on('message', heard)
  await new Promise<void>((resolve) => card.bind(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => card.close(() => resolve())))
  return card.address().port
}

it('wakes a machine when an admin asks for it, and shows that it is on its way', async () => {
  const sleeper = await startServer({ models: [{ name: 'big' }] })
  await sleeper.setDoor('refuse')
  const packets: Buffer[] = []
  const port = await startCard((packet) => void packets.push(packet))
  const wake = { mac: 'aa:bb:cc:dd:ee:0f', address: '127.0.0.1', port, wait: '30s' }
  const gateway = await startFleet([{ name: 'gpu', url: sleeper.url, wake }])
  await untilState(gateway, 'gpu', 'down')
  expect(await shown(gateway, 'gpu')).toMatchObject({ wake: 'ready' })
  expect((await ask(gateway, 'POST /admin/upstreams/gpu/wake')).body).toMatchObject({ wake: 'waking', state: 'down' })
  await vi.waitFor(() => expect(packets[0]).toEqual(MAGIC), { timeout: 5000 })
  await sleeper.setDoor('open')
  await untilState(gateway, 'gpu', 'up')
  await vi.waitFor(async () => expect(await shown(gateway, 'gpu')).toMatchObject({ wake: 'ready' }), { timeout: 5000 })
  expect(gateway.stderr()).toContain('waking upstream: an admin asks for it')
  expect((await chat(gateway, 'big')).status).toBe(200)
})

it('wakes one that was added, and refuses what it cannot wake', async () => {
  const server = await startServer({ models: [] })
  const packets: Buffer[] = []
  const port = await startCard((packet) => void packets.push(packet))
  const gateway = await startFleet([{ name: 'plain', url: server.url }])
  await server.setDoor('refuse')
  const wake = { mac: 'AA-BB-CC-DD-EE-0F', address: '127.0.0.1', port, wait: '5s' }
  await ask(gateway, 'POST /admin/upstreams', { body: { name: 'nas', url: server.url, wake } })
  await untilState(gateway, 'nas', 'down')
  expect((await ask(gateway, 'POST /admin/upstreams/nas/wake')).status).toBe(200)
  await vi.waitFor(() => expect(packets[0]).toEqual(MAGIC), { timeout: 5000 })
  const plain = await ask<{ error: string }>(gateway, 'POST /admin/upstreams/plain/wake')
  expect([plain.status, plain.body.error]).toEqual([
    400,
    'Nothing says how to wake upstream "plain": give it "wake" with the hardware address',
  ])
  await ask(gateway, 'POST /admin/upstreams/nas/disable')
  const disabled = await ask<{ error: string }>(gateway, 'POST /admin/upstreams/nas/wake')
  expect([disabled.status, disabled.body.error]).toEqual([400, 'Upstream "nas" is disabled: enable it first'])
})
