import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startGateway } from '../harness/start-gateway.ts'
import { statusWith } from './opened.ts'

it('what the CLI said of keys and users survives a gateway that is killed right after', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'corral-durable-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  // Without a fleet the lists are empty and the door works all the same.
  const gateway = await startGateway({ folder })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const lost = await gateway.createKey({ name: 'lost' })
  const ann = (await gateway.cli('user', 'create', 'ann')).stdout.trim()
  expect((await gateway.cli('key', 'revoke', 'lost')).code).toBe(0)
  expect((await gateway.cli('user', 'disable', 'ann')).code).toBe(0)
  const kept = await gateway.createKey({ name: 'kept' })
  await gateway.kill9()

  const again = await startGateway({ folder })
  onTestFinished(() => again[Symbol.asyncDispose]())
  const path = '/v1/models'
  expect(await statusWith(again, kept, path)).not.toBe(401)
  expect(await statusWith(again, gateway.adminKey, '/admin/users')).toBe(200)
  expect(await statusWith(again, lost, path)).toBe(401)
  expect(await statusWith(again, ann, path)).toBe(401)
  // No second first key, and the one there is was not said again.
  expect(again.adminKey).toBe('')
  const list = await again.cli('key', 'list', '--json')
  const names = (JSON.parse(list.stdout) as { name: string; state: string }[]).map(
    ({ name, state }) => `${name} ${state}`,
  )
  expect(names).toContain('kept active')
  expect(names).toContain('lost revoked')
})
