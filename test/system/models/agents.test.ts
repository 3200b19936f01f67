import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { corralIn } from '../cli/corral.ts'
import { startAgentScene } from '../harness/agent-before.ts'

it('a pool stands for its agents, whose Ollamas are pulled on, uploaded to and cleared as one', async () => {
  await using scene = await startAgentScene({ config: { agents: { pools: [{ name: 'home' }] } } })
  const { gateway, key } = scene
  const made = await gateway.cli('key', 'create', 'at-home', '--agent', '--pool', 'home')
  const agentKey = /\bcrl_[0-9A-Za-z_]{20,}/.exec(`${made.stdout}${made.stderr}`)?.[0] ?? ''
  const fakes = await Promise.all(
    (['ws', 'sse'] as const).map(async (transport) => {
      const added = await scene.addAgent({ id: `${transport}-1`, transport, key: agentKey, fake: { models: [] } })
      return added.fake
    }),
  )
  const having = (model: string): number => fakes.filter((fake) => fake.models.find(model) !== undefined).length
  const corral = corralIn(undefined, { CORRAL_SERVER: gateway.url, CORRAL_KEY: key })

  expect(await corral('models', 'pull', 'qwen3:8b', '--on', 'home')).toMatchObject({
    code: 0,
    stdout: 'qwen3:8b is on sse-1, ws-1\n',
  })
  expect(having('qwen3:8b')).toBe(2)

  const blob = new Uint8Array(3_000_000).fill(3)
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`
  const headers = { authorization: `Bearer ${key}`, 'corral-upstream': 'home' }
  const uploaded = await fetch(`${gateway.url}/api/blobs/${digest}`, { method: 'POST', headers, body: blob })
  expect(uploaded.status).toBe(201)
  const body = JSON.stringify({ model: 'made', files: { 'model.gguf': digest } })
  const created = await fetch(`${gateway.url}/api/create`, { method: 'POST', headers, body })
  expect((await created.text()).trimEnd().split('\n').at(-1)).toBe('{"status":"success"}')
  expect(having('made')).toBe(2)

  const asks = await corral('models', 'rm', 'made', '--on', 'home')
  expect([asks.code, asks.stderr]).toEqual([2, expect.stringContaining('Remove made from sse-1, ws-1?')])
  expect(await corral('models', 'rm', 'made', '--on', 'home', '--yes')).toMatchObject({ code: 0 })
  expect(having('made')).toBe(0)
})
