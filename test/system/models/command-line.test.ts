import { spawn } from 'node:child_process'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { corralIn } from '../cli/corral.ts'
import { cleanEnvironment } from '../harness/clean-environment.ts'
import { makeKey } from '../harness/make-key.ts'
import { productCommand } from '../harness/product-command.ts'
import type { CommandResult } from '../harness/run-command.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { asked, having, type ModelScene, startModelScene } from './scene.ts'

let scene: ModelScene

const MB = 2 ** 20

beforeAll(async () => {
  scene = await startModelScene({
    config: {
      routing: { model_ttl: '1s', health_interval: '1s' },
      models: { desired: { b: ['tiny', 'small', 'large'], c: ['tiny'] }, assignments: { extra: ['b'] } },
    },
    a: {
      models: [
        { name: 'tiny', sizeBytes: 3 * MB },
        { name: 'large', sizeBytes: 40 * MB },
      ],
    },
    b: { registry: { 'tiny:latest': 3 * MB, 'small:latest': 2 * MB, 'large:latest': 40 * MB }, diskBytes: 20 * MB },
    c: { registry: { 'tiny:latest': 3 * MB, 'slow:latest': 9 * MB }, models: [] },
  })
})
afterAll(() => scene[Symbol.asyncDispose]())

/** The command, pointed at the gateway by the environment. */
function models(...args: string[]): Promise<CommandResult> {
  return withKey(scene.gateway.adminKey, ...args)
}

function withKey(key: string, ...args: string[]): Promise<CommandResult> {
  return corralIn(undefined, { CORRAL_SERVER: scene.gateway.url, CORRAL_KEY: key })('models', ...args)
}

/** What the servers have, as it is known to the gateway too. */
async function given(disks: Readonly<Record<'a' | 'b' | 'c', readonly string[]>>): Promise<void> {
  const sizes: Record<string, number> = { tiny: 3 * MB, small: 2 * MB, large: 40 * MB, extra: 5 * MB }
  for (const name of ['a', 'b', 'c'] as const) {
    for (const model of scene[name].models.list()) scene[name].models.remove(model.name)
    for (const model of disks[name]) scene[name].models.install({ name: model, sizeBytes: sizes[model] ?? MB })
  }
  await untilKnown((name) => disks[name].map((model) => `${model}:latest`))
  for (const name of ['a', 'b', 'c'] as const) scene[name].counters.reset()
}

async function untilKnown(expected: (name: 'a' | 'b' | 'c') => readonly string[]): Promise<void> {
  const deadline = performance.now() + 15_000
  for (;;) {
    const { text } = await scene.send('GET', '/admin/models')
    const { upstreams } = JSON.parse(text) as { upstreams: { name: 'a'; models: { name: string }[] | null }[] }
    const isKnown = upstreams.every(({ name, models: list }) => {
      const names = list?.map((model) => model.name).toSorted()
      return JSON.stringify(names) === JSON.stringify([...expected(name)].toSorted())
    })
    if (isKnown) return
    if (performance.now() > deadline) throw new Error(`not known within 15 s: ${text}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('corral models list', () => {
  beforeAll(() => given({ a: ['tiny', 'large'], b: ['tiny', 'extra'], c: [] }))

  it('says which models are where, and which are missing', async () => {
    const { code, stdout, stderr } = await models('list')
    expect([code, stderr]).toEqual([0, ''])
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/))
    expect(rows).toEqual([
      ['MODEL', 'SIZE', 'a', 'b', 'c'],
      ['extra:latest', '5.0 MB', '-', 'yes', '-'],
      ['large:latest', '40 MB', 'yes', 'missing', '-'],
      ['small:latest', '-', '-', 'missing', '-'],
      ['tiny:latest', '3.0 MB', 'yes', 'yes', 'missing'],
    ])
  })

  it('marks files that differ under one name, and is JSON for scripts', async () => {
    scene.b.models.install({ name: 'tiny', sizeBytes: 3 * MB }, { digest: 'f'.repeat(64) })
    const list = async () => JSON.parse((await models('list', '--json')).stdout) as { name: string; differs: boolean }[]
    await expect
      .poll(async () => (await list()).find(({ name }) => name === 'tiny:latest')?.differs, { timeout: 10_000 })
      .toBe(true)
    const { stdout, stderr } = await models('list')
    expect(stdout).toMatch(/^tiny:latest .* yes [0-9a-f]{12} +yes ffffffffffff /m)
    expect(stderr).toContain('the files under that name differ')
  })
})

describe('corral models pull', () => {
  beforeEach(() => given({ a: ['tiny'], b: [], c: [] }))

  it('pulls on those that are named, and says how far each is', async () => {
    const { code, stdout, stderr } = await models('pull', 'tiny', '--on', 'b,c')
    expect([code, stdout]).toEqual([0, 'tiny is on b, c\n'])
    const said = stderr.trimEnd().split('\n')
    // Steps that follow one another at once are told as one.
    expect(said[0]).toMatch(/^[bc]: pulling manifest$/)
    expect(said).toContainEqual(expect.stringMatching(/^[bc]: pulling [0-9a-f]{12} \d+% of 3\.0 MB$/))
    for (const name of ['b', 'c']) expect(said.filter((line) => line === `${name}: done`)).toHaveLength(1)
    expect(having(scene, 'tiny')).toEqual(['a', 'b', 'c'])
  })

  it('pulls on one where none is named, and on all with all', async () => {
    expect(await models('pull', 'new')).toMatchObject({ code: 0, stdout: 'new is on a\n' })
    expect(await models('pull', 'tiny', '--on', 'all')).toMatchObject({ code: 0, stdout: 'tiny is on a, b, c\n' })
  })

  it('ends with 1 where one failed, after the others were done', async () => {
    const { code, stdout, stderr } = await models('pull', 'other', '--on', 'a,b')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain('b: failed: pull model manifest: file does not exist\n')
    expect(stderr).toContain(
      'corral: other was not pulled everywhere: b: pull model manifest: file does not exist (done on a)\n',
    )
    expect(having(scene, 'other')).toEqual(['a'])
  })

  it('says that one is done while another still is silent', async () => {
    const connections = new Set<Socket>()
    // It takes connections and says nothing: nobody can tell yet that it is down.
    const silent = createServer((socket) => connections.add(socket.on('error', () => {})))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    await using fake = await startFakeOllama({ registry: { 'new:latest': MB }, models: [] })
    await using gateway = await startGateway({
      config: {
        upstreams: [
          { name: 'old', url: fake.url },
          { name: 'lost', url: `http://127.0.0.1:${port}` },
        ],
      },
    })
    const command = productCommand(['models', 'pull', 'new', '--on', 'all'])
    const env = { CORRAL_SERVER: gateway.url, CORRAL_KEY: gateway.adminKey }
    const child = spawn(command.program, command.args, { env: { ...cleanEnvironment(), ...command.env, ...env } })
    try {
      let stderr = ''
      child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
      const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
      await expect.poll(() => stderr, { timeout: 15_000 }).toContain('old: done\n')
      expect(child.exitCode).toBeNull()
      for (const socket of connections) socket.destroy()
      silent.close()
      expect(await closed).toBe(1)
      expect(stderr).toMatch(/^corral: new was not pulled everywhere: lost: .* \(done on old\)$/m)
      expect(stderr.match(/^old: done$/gm)).toHaveLength(1)
    } finally {
      child.kill()
      silent.close()
      for (const socket of connections) socket.destroy()
    }
  })

  it('stops everywhere on Ctrl-C', async () => {
    await using slow = await startModelScene({
      a: { registry: { 'big:latest': MB }, pullBytesPerSecond: 1000 },
      b: { registry: { 'big:latest': MB }, pullBytesPerSecond: 1000 },
    })
    const env = { CORRAL_SERVER: slow.gateway.url, CORRAL_KEY: slow.gateway.adminKey }
    const command = productCommand(['models', 'pull', 'big', '--on', 'a,b'])
    const child = spawn(command.program, command.args, { env: { ...cleanEnvironment(), ...command.env, ...env } })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
    await Promise.all([slow.a, slow.b].map((fake) => fake.counters.until(({ running }) => running === 1, 15_000)))
    await expect.poll(() => stderr, { timeout: 15_000 }).toContain('pulling manifest')
    child.kill('SIGINT')
    expect(await closed).toBe(1)
    expect(stderr).toContain('corral: Stopped by SIGINT before it was done')
    for (const fake of [slow.a, slow.b])
      await fake.counters.until(({ aborted, running }) => aborted === 1 && running === 0)
  })
})

describe('corral models rm', () => {
  beforeEach(() => given({ a: ['tiny', 'large'], b: ['tiny'], c: [] }))

  it('does not remove from several without being told to', async () => {
    const { code, stderr } = await models('rm', 'tiny')
    expect(code).toBe(2)
    expect(stderr).toBe('corral: Remove tiny from a, b? There is no terminal to ask in: give --yes\n')
    expect(having(scene, 'tiny')).toEqual(['a', 'b'])
  })

  it('removes it wherever it is with --yes, and from the one that is named without', async () => {
    expect(await models('rm', 'tiny', '--yes')).toMatchObject({ code: 0, stdout: 'tiny is gone from a, b\n' })
    expect(having(scene, 'tiny')).toEqual([])
    expect(asked(scene, '/api/delete')).toEqual({ a: 1, b: 1, c: 0 })
    expect(await models('rm', 'large', '--on', 'a')).toMatchObject({ code: 0, stdout: 'large is gone from a\n' })
  })

  it('says where it is not', async () => {
    expect(await models('rm', 'gone')).toMatchObject({ code: 1, stderr: 'corral: No upstream has gone\n' })
    const { code, stderr } = await models('rm', 'tiny', '--on', 'c')
    expect([code, stderr]).toEqual([1, "corral: tiny was not removed: model 'tiny' not found\n"])
  })
})

describe('corral models sync', () => {
  beforeEach(() => given({ a: ['tiny', 'large'], b: ['extra'], c: [] }))

  it('says first what it would do, and does nothing then', async () => {
    const { code, stdout, stderr } = await models('sync', '--dry-run', '--prune')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.split('\n')).toEqual([
      'b: models take 5.0 MB now, 43 MB and 1 of unknown size afterwards',
      '  remove extra:latest (5.0 MB): the last copy, assigned there',
      '  pull tiny:latest (3.0 MB)',
      '  pull large:latest (40 MB)',
      '  pull small:latest (size unknown)',
      'c: models take 0.0 MB now, 3.0 MB afterwards',
      '  pull tiny:latest (3.0 MB)',
      '',
    ])
    expect(asked(scene, '/api/pull')).toEqual({ a: 0, b: 0, c: 0 })
    expect(having(scene, 'extra')).toEqual(['b'])
  })

  it('does not begin without being told to', async () => {
    const { code, stderr } = await models('sync')
    expect([code, stderr]).toEqual([2, 'corral: Do this? There is no terminal to ask in: give --yes\n'])
    expect(asked(scene, '/api/pull')).toEqual({ a: 0, b: 0, c: 0 })
  })

  it('pulls what is missing, and begins no pull after one that found the disk full', async () => {
    const { code, stdout, stderr } = await models('sync', '--yes', '--json')
    expect(code).toBe(1)
    const { steps } = JSON.parse(stdout) as { steps: Record<string, unknown>[] }
    expect(steps).toMatchObject([
      { upstream: 'b', action: 'pull', model: 'tiny:latest', outcome: 'done', error: null },
      { upstream: 'b', action: 'pull', model: 'large:latest', outcome: 'failed' },
      { upstream: 'b', action: 'pull', model: 'small:latest', outcome: 'skipped', error: 'no space left' },
      { upstream: 'c', action: 'pull', model: 'tiny:latest', outcome: 'done', error: null },
    ])
    expect(stderr).toMatch(/^b: could not pull large:latest: write \S+: no space left on device$/m)
    expect(stderr).toContain('corral: 2 of 4 steps were not done\n')
    expect(having(scene, 'tiny')).toEqual(['a', 'b', 'c'])
    expect(having(scene, 'extra')).toEqual(['b'])
    expect(scene.b.counters.requestsTo('/api/pull')).toHaveLength(2)
  })

  it('removes what is not wanted with --prune alone, and then all is in step', async () => {
    await given({ a: [], b: ['tiny', 'small', 'large', 'extra'], c: ['tiny'] })
    expect(await models('sync', '--yes')).toMatchObject({ code: 0, stderr: '' })
    expect(having(scene, 'extra')).toEqual(['b'])
    const { code, stderr } = await models('sync', '--yes', '--prune')
    expect([code, stderr]).toEqual([0, '1 of 1 steps are done\n'])
    expect(having(scene, 'extra')).toEqual([])
    await untilKnown(
      (name) => ({ a: [], b: ['tiny:latest', 'small:latest', 'large:latest'], c: ['tiny:latest'] })[name],
    )
    const again = await models('sync', '--yes', '--prune')
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(again.stdout).toBe('b: has what it should have\nc: has what it should have\n')
  })
})

describe('bad input gets one line', () => {
  it.each([
    [['list'], { CORRAL_SERVER: 'http://127.0.0.1:9' }, 2, 'Give --key, or CORRAL_KEY, a key of the gateway'],
    [['list'], { CORRAL_SERVER: 'ftp://x', CORRAL_KEY: 'k' }, 2, 'is not an http or https URL'],
    [['list'], { CORRAL_SERVER: 'http://127.0.0.1:1', CORRAL_KEY: 'k' }, 1, 'Cannot reach the gateway at'],
    [['pull', 'tiny'], { CORRAL_SERVER: 'http://127.0.0.1:1', CORRAL_KEY: 'k' }, 1, 'connection refused'],
    [['pull', 'tiny', '--on', ','], { CORRAL_KEY: 'k' }, 2, 'names of upstreams with commas between, or all'],
    [['pull', 'tiny', '--on', 'a b'], { CORRAL_KEY: 'k' }, 2, '"a b" is not the name of an upstream'],
    [
      ['rm', 'a b c'],
      { CORRAL_KEY: 'k', CORRAL_SERVER: 'http://127.0.0.1:1' },
      2,
      '"a b c" is not the name of a model',
    ],
    [
      ['pull', 'a b c'],
      { CORRAL_KEY: 'k', CORRAL_SERVER: 'http://127.0.0.1:1' },
      2,
      '"a b c" is not the name of a model',
    ],
  ])('corral models %j with %j', async (args, env, exitCode, sentence) => {
    const { code, stdout, stderr } = await corralIn(undefined, env)('models', ...args)
    expect([code, stdout]).toEqual([exitCode, ''])
    expect(stderr.split('\n')[0]).toMatch(/^corral: /)
    expect(stderr).toContain(sentence)
  })

  it('from the gateway too', async () => {
    const wrong = await withKey('crl_wrong', 'pull', 'tiny')
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/^corral: The key is not valid: .*\n$/)])
    const unknown = await models('pull', 'tiny', '--on', 'gpu-9')
    // A refusal is an answer: the gateway was not lost.
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/^corral: .*"gpu-9".* a, b, c/)])
    expect(unknown.stderr).not.toMatch(/Lost the gateway|check the URL/)
    const reader = await makeKey(scene.gateway, { scopes: ['models:read'] })
    const missing = 'corral: This key has no scope "models:write": give --key, or CORRAL_KEY, one that may\n'
    expect(await withKey(reader, 'pull', 'tiny')).toEqual({ code: 1, stdout: '', stderr: missing })
    expect(await withKey(reader, 'list')).toMatchObject({ code: 1, stderr: missing.replace('models:write', 'admin') })
    const page = await corralIn(undefined, { CORRAL_KEY: 'k', CORRAL_SERVER: scene.a.url })('models', 'list')
    expect([page.code, page.stderr]).toEqual([1, expect.stringContaining('not as a Corral gateway does')])
  })

  it('where the key is no admin, and the places are not known', async () => {
    await given({ a: ['tiny'], b: ['tiny'], c: [] })
    const writer = await makeKey(scene.gateway, { scopes: ['models:write'], upstreams: ['b'] })
    const asks = await withKey(writer, 'rm', 'tiny')
    expect([asks.code, asks.stderr]).toEqual([2, expect.stringContaining('every upstream that this key may reach')])
    expect(await withKey(writer, 'rm', 'tiny', '--yes')).toMatchObject({ code: 0, stdout: 'tiny is gone from b\n' })
    expect(having(scene, 'tiny')).toEqual(['a'])
  })
})
