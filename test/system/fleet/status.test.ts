import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { corralIn, type Corral } from '../cli/corral.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { readStream } from '../harness/stream-client.ts'
import { deadAddress } from './odd-server.ts'

interface Scene {
  readonly fake: FakeOllama
  readonly gateway: RunningGateway
  /** The CLI with the admin's key. */
  readonly corral: Corral
}

/** One upstream that answers slowly, one at a time, and one that is dead. */
async function startScene(): Promise<Scene> {
  const fake = await startFakeOllama({
    models: [
      { name: 'small', sizeBytes: 2e9 },
      { name: 'large', sizeBytes: 30e9 },
      { name: 'huge', sizeBytes: 90e9 },
    ],
    tokensPerSecond: 20,
    answerTokens: 100_000,
  })
  onTestFinished(() => fake.stop())
  const gateway = await startGateway({
    config: {
      upstreams: [
        { name: 'gpu-1', url: fake.url, memory: '8GB', slots: 1 },
        { name: 'gone', url: await deadAddress(), priority: 2 },
      ],
      routing: { health_interval: '1s' },
      models: { aliases: { gpt: 'huge' }, fallbacks: { huge: ['small'] } },
    },
  })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return { fake, gateway, corral: corralIn(tempFolder(), { CORRAL_KEY: gateway.adminKey }) }
}

/** One conversation that does not end before the test does. */
function chatOn(gateway: RunningGateway): void {
  const client = new AbortController()
  onTestFinished(() => client.abort())
  const body = { model: 'small', messages: [{ role: 'user', content: 'go on' }] }
  const headers = { authorization: `Bearer ${gateway.adminKey}` }
  void readStream(`${gateway.url}/api/chat`, { body, headers, signal: client.signal }).catch(() => undefined)
}

interface Explanation {
  readonly model: string
  readonly selected: string | null
  readonly upstreams: readonly {
    readonly name: string
    readonly eligible: boolean
    readonly reason: string
    readonly expected_ms: Readonly<Record<string, number>> | null
  }[]
}

describe('corral route explain', () => {
  it('names the upstream that is selected, what it would take, and why not the others', async () => {
    const { gateway, corral } = await startScene()
    const explain = async (...args: string[]): Promise<Explanation> => {
      const { code, stdout, stderr } = await corral('route', 'explain', ...args, '--json', '--server', gateway.url)
      expect([code, stderr]).toEqual([0, ''])
      return JSON.parse(stdout) as Explanation
    }
    const explanation = await explain('small', '--prompt-tokens', '2000')
    expect(Object.keys(explanation)).toEqual([
      'model',
      'selected',
      'upstreams',
      'asked',
      'because',
      'missing',
      'instead_of',
    ])
    expect(explanation).toMatchObject({ model: 'small:latest', selected: 'gpu-1' })
    const [selected, other] = explanation.upstreams
    expect(Object.keys(selected ?? {})).toEqual(['name', 'eligible', 'reason', 'expected_ms'])
    expect(selected).toMatchObject({ name: 'gpu-1', eligible: true })
    const { total = 0, ...parts } = selected?.expected_ms ?? {}
    expect(Object.keys(parts)).toEqual(['queue', 'load', 'prefill', 'network'])
    expect(total).toBeCloseTo(
      Object.values(parts).reduce((sum, ms) => sum + ms, 0),
      0,
    )
    expect(other).toMatchObject({ name: 'gone', eligible: false, expected_ms: null })
    expect(other?.reason).toMatch(/\w/)
    const shorter = await explain('small', '--prompt-tokens', '100')
    expect(shorter.upstreams[0]?.expected_ms?.['prefill']).toBeLessThan(parts['prefill'] ?? 0)
  })

  it('says that a model is too large, in numbers', async () => {
    const { gateway, corral } = await startScene()
    const { code, stdout } = await corral('route', 'explain', 'large', '--server', gateway.url)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^large:latest: nobody can serve it now\n/)
    expect(stdout).toMatch(/gpu-1 .*the model takes 27\.9 GB of its 8\.0 GB/)
  })

  it('tells of the alias, of what is meant by it, and then of the fallback', async () => {
    const { gateway, corral } = await startScene()
    const { code, stdout } = await corral('route', 'explain', 'gpt', '--server', gateway.url)
    expect(code).toBe(0)
    const [alias, meant, ...rest] = stdout.split('\n')
    expect([alias, meant]).toEqual(['gpt:latest: an alias of huge:latest', 'huge:latest: nobody can serve it now'])
    const [against, instead] = rest.join('\n').split('small:latest: goes to gpu-1, as its fallback\n')
    expect(against).toMatch(/gpu-1 .*the model takes 83\.8 GB of its 8\.0 GB/)
    expect(instead).toMatch(/^> +gpu-1 .*selected$/m)
  })

  it('says that a model which nobody has would be a 404', async () => {
    const { gateway, corral } = await startScene()
    const { stdout } = await corral('route', 'explain', 'never', '--server', gateway.url)
    expect(stdout).toMatch(/^never:latest: nobody has it: a request would be a 404\n/)
    expect(stdout).toMatch(/^ *gpu-1 +its disk does not have the model$/m)
  })

  it('counts the wait behind what runs', async () => {
    const { fake, gateway, corral } = await startScene()
    chatOn(gateway)
    await fake.counters.until((now) => now.requests['POST /api/chat'] === 1)
    const { stdout } = await corral('route', 'explain', 'small', '--json', '--server', gateway.url)
    const [selected] = (JSON.parse(stdout) as Explanation).upstreams
    expect(selected?.expected_ms?.['queue']).toBeGreaterThan(0)
  })

  it.each([
    [['a b'], 1, 'not the name of a model'],
    [['small', '--prompt-tokens', 'many'], 2, 'whole number of tokens'],
    [[], 2, 'model'],
  ])('%j is refused in one sentence', async (args, exitCode, sentence) => {
    const { gateway, corral } = await startScene()
    const { code, stdout, stderr } = await corral('route', 'explain', ...args, '--server', gateway.url)
    expect([code, stdout]).toEqual([exitCode, ''])
    expect(stderr).toMatch(/^corral: /)
    expect(stderr).toContain(sentence)
  })

  it('is for admins', async () => {
    const { gateway, corral } = await startScene()
    const key = await gateway.createKey()
    const { code, stderr } = await corral('route', 'explain', 'small', '--server', gateway.url, '--key', key)
    expect([code, stderr]).toEqual([1, expect.stringContaining('admin')])
  })
})

describe('corral status', () => {
  it('shows what runs, what waits and what is down, once where stdout is no terminal', async () => {
    const { gateway, corral } = await startScene()
    chatOn(gateway)
    chatOn(gateway)
    await vi.waitFor(
      async () => {
        const { code, stdout, stderr } = await corral('status', '--server', gateway.url)
        expect([code, stderr]).toEqual([0, ''])
        expect(stdout).not.toContain('\u001b')
        expect(stdout).toMatch(/^queue: 1 waiting, the longest for .* \(small:latest 1\)$/m)
        expect(stdout).toMatch(/^gpu-1 +up +0\.24\.0 +1\/1 +1\.9 GB/m)
        expect(stdout).toMatch(/^ {2}small:latest +loaded +1\/1 +1\.9 GB +4m\d+s/m)
        expect(stdout).toMatch(/^gone +down$/m)
        expect(stdout).toMatch(/^gone: ECONNREFUSED$/m)
      },
      { timeout: 15_000, interval: 100 },
    )
    const { stdout } = await corral('status', '--json', '--server', gateway.url)
    expect(JSON.parse(stdout)).toMatchObject({
      queue: { waiting: 1, models: [{ model: 'small:latest', waiting: 1 }] },
      upstreams: [
        { name: 'gpu-1', running: 1, loaded: [{ model: 'small:latest', state: 'loaded', running: 1, slots: 1 }] },
        { name: 'gone', state: 'down', loaded: [] },
      ],
    })
  })

  it('finds the gateway by the config, and says what it lacks', async () => {
    const { gateway } = await startScene()
    const corral = corralIn(tempFolder(), { CORRAL_KEY: gateway.adminKey, CORRAL_LISTEN: `127.0.0.1:${gateway.port}` })
    const { code, stdout } = await corral('status', '--once')
    expect([code, stdout]).toEqual([0, expect.stringContaining(`at http://127.0.0.1:${gateway.port}, up `)])
    const keyless = await corralIn(tempFolder())('status')
    expect([keyless.code, keyless.stderr]).toEqual([2, expect.stringContaining('CORRAL_KEY')])
    const elsewhere = await corral('status', '--server', await deadAddress())
    expect([elsewhere.code, elsewhere.stderr]).toEqual([1, expect.stringContaining('connection refused')])
  })
})
