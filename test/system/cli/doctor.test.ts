import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { corralIn, type Corral } from './corral.ts'

function withUpstream(url: string, settings: object = {}): Corral {
  const corral = corralIn()
  const config = { listen: '127.0.0.1:1', upstreams: [{ name: 'a', url }], ...settings }
  writeFileSync(join(corral.folder, 'corral.json'), JSON.stringify(config))
  return corral
}

async function checkOf(corral: Corral, name: string): Promise<Record<string, unknown> | undefined> {
  return (await corral.json('doctor')).find((check) => check['name'] === name)
}

describe('corral doctor', () => {
  it('finds nothing wrong where nothing is', async () => {
    await using fake = await startFakeOllama()
    await using gateway = await startGateway({ config: { upstreams: [{ name: 'a', url: fake.url }] } })
    const found = await gateway.cli('doctor', '--json')
    expect(found.code).toBe(0)
    const checks = JSON.parse(found.stdout) as { name: string; state: string }[]
    const states = new Map(checks.map((check) => [check.name, check.state]))
    expect(Object.fromEntries(states)).toMatchObject({
      node: 'ok',
      config: 'ok',
      store: 'ok',
      secret: 'ok',
      'upstream a': 'ok',
      clock: 'ok',
    })
    expect(states.has('around a')).toBe(true)
  })

  it('ends with 1, and says what to do, when an upstream cannot be reached', async () => {
    const corral = withUpstream('http://127.0.0.1:2')
    const { code, stdout, stderr } = await corral('doctor')
    expect([code, stderr]).toEqual([1, 'corral: Not well: upstream a\n'])
    expect(stdout).toMatch(
      /^fail +upstream a +http:\/\/127\.0\.0\.1:2 cannot be reached: connection refused\n +Start Ollama/m,
    )
  })

  it('warns of an Ollama with known holes, and of one without models', async () => {
    await using old = await startFakeOllama({ version: '0.17.0' })
    await using empty = await startFakeOllama({ models: [], version: '0.17.1' })
    expect(await checkOf(withUpstream(old.url), 'upstream a')).toMatchObject({
      state: 'warn',
      advice: expect.stringContaining('0.17.1') as string,
    })
    expect(await checkOf(withUpstream(empty.url), 'upstream a')).toMatchObject({
      state: 'warn',
      advice: expect.stringContaining('ollama pull') as string,
    })
  })

  it('tells a gateway that runs from one that does not, and from something else', async () => {
    await using fake = await startFakeOllama()
    await using gateway = await startGateway()
    const listen = (port: number): object => ({ listen: `127.0.0.1:${port}` })
    expect(await checkOf(withUpstream(fake.url, listen(gateway.port)), 'gateway')).toMatchObject({ state: 'ok' })
    expect(await checkOf(withUpstream(fake.url, listen(1)), 'gateway')).toMatchObject({ state: 'warn' })
    expect(await checkOf(withUpstream('http://127.0.0.1:2', listen(fake.port)), 'gateway')).toMatchObject({
      state: 'fail',
    })
  })

  it('finds a secret that others can read', async () => {
    const corral = withUpstream('http://127.0.0.1:2')
    await corral('key', 'create', 'x')
    expect(await checkOf(corral, 'secret')).toMatchObject({ state: 'ok' })
    chmodSync(join(corral.folder, 'corral.secret'), 0o644)
    expect(await checkOf(corral, 'secret')).toMatchObject({
      state: 'fail',
      advice: expect.stringContaining('chmod 600') as string,
    })
  })

  it('reports the problems of a config and goes no further', async () => {
    const corral = corralIn()
    writeFileSync(join(corral.folder, 'corral.yaml'), 'lissten: 1\n')
    expect((await corral('doctor')).code).toBe(1)
    const checks = await corral.json('doctor')
    expect(checks.map((check) => [check['name'], check['state']])).toEqual([
      ['node', 'ok'],
      ['config', 'fail'],
    ])
  })

  it('makes no store', async () => {
    const corral = withUpstream('http://127.0.0.1:2')
    expect(await checkOf(corral, 'store')).toMatchObject({
      state: 'ok',
      message: expect.stringContaining('will be made') as string,
    })
    expect(await checkOf(corral, 'secret')).toBeUndefined()
  })
})
