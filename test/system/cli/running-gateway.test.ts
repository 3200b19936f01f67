import { describe, expect, it } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { readStream } from '../harness/stream-client.ts'
import { corralIn, underway } from './corral.ts'

const endless = { tokensPerSecond: 50, answerTokens: 100_000 }

/** Without an upstream the answer is 503, but not to a stranger. */
async function isLetIn(gateway: RunningGateway, key: string): Promise<boolean> {
  const { status } = await fetch(`${gateway.url}/api/tags`, { headers: { authorization: `Bearer ${key}` } })
  return status !== 401
}

async function untilLetIn(gateway: RunningGateway, key: string): Promise<number> {
  const start = performance.now()
  while (!(await isLetIn(gateway, key))) {
    if (performance.now() - start > 5000) throw new Error('not let in within 5 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return performance.now() - start
}

describe('while the gateway runs', () => {
  it('a key that the CLI makes opens it within a second', async () => {
    await using gateway = await startGateway()
    const key = await gateway.createKey()
    expect(await untilLetIn(gateway, key)).toBeLessThan(1000)
  })

  it.each([
    ['key revoke', ['key', 'revoke', 'lent'], '/api/generate', { model: 'tiny', prompt: 'go on' }, /"error":/],
    ['user disable', ['user', 'disable', 'ada'], '/api/generate', { model: 'tiny', prompt: 'go on' }, /"error":/],
    [
      'key revoke, on /v1',
      ['key', 'revoke', 'lent'],
      '/v1/chat/completions',
      { model: 'tiny', stream: true, messages: [{ role: 'user', content: 'go on' }] },
      /^data: \{"error":/m,
    ],
  ])('%s shuts the key out and ends its stream in-band within a second', async (_what, command, path, body, error) => {
    await using fake = await startFakeOllama(endless)
    await using gateway = await startGateway({ config: { upstreams: [{ name: 'a', url: fake.url }] } })
    expect((await gateway.cli('user', 'create', 'ada')).code).toBe(0)
    const key = await gateway.createKey({ name: 'lent', user: 'ada' })
    await untilLetIn(gateway, key)
    const headers = { authorization: `Bearer ${key}` }
    const stream = await underway(gateway.url + path, { body, headers })
    let ended = 0
    void stream.result.then(() => (ended = performance.now()))
    expect((await gateway.cli(...command)).code).toBe(0)
    const told = performance.now()
    const { status, text } = await stream.result
    expect(status).toBe(200)
    expect(ended - told).toBeLessThan(1000)
    expect(text).toMatch(error)
    expect(text).not.toContain('"done":true')
    expect(text).not.toContain('[DONE]')
    expect(await isLetIn(gateway, key)).toBe(false)
  })

  it('a shared key ends by itself, and its stream with it', async () => {
    await using fake = await startFakeOllama(endless)
    await using gateway = await startGateway({ config: { upstreams: [{ name: 'a', url: fake.url }] } })
    const shared = await gateway.cli('share', '--model', 'tiny', '--for', '3s', '--url', gateway.url)
    const host = /^OLLAMA_HOST=(\S+) ollama run tiny$/m.exec(shared.stdout)?.[1] ?? ''
    await untilLetIn(gateway, host.split('/').at(-1) ?? '')
    const { status, text } = await readStream(`${host}/api/generate`, { body: { model: 'tiny', prompt: 'go on' } })
    expect(status).toBe(200)
    expect(text).toMatch(/"error":/)
    expect(text).not.toContain('"done":true')
    const other = await readStream(`${host}/api/generate`, { body: { model: 'tinythink', prompt: 'x' } })
    expect(other.status).toBe(401)
  })
})

describe('--server', () => {
  it('does over the management API what the commands do beside the store', async () => {
    await using gateway = await startGateway()
    const corral = corralIn(undefined, { CORRAL_KEY: gateway.adminKey })
    const at = ['--server', gateway.url]
    const made = await corral('user', 'create', 'Jürgen K.', ...at)
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^crl_\w{33}\n$/)])
    // Over the API it holds as soon as it is answered.
    expect(await isLetIn(gateway, made.stdout.trim())).toBe(true)
    expect((await corral('user', 'disable', 'Jürgen K.', ...at)).code).toBe(0)
    expect(await isLetIn(gateway, made.stdout.trim())).toBe(false)
    expect((await corral('user', 'enable', 'Jürgen K.', ...at)).code).toBe(0)
    expect(await isLetIn(gateway, made.stdout.trim())).toBe(true)
    expect((await corral('key', 'revoke', 'Jürgen K.', ...at)).code).toBe(0)
    expect(await isLetIn(gateway, made.stdout.trim())).toBe(false)
    expect(await corral.json('key', 'list', ...at)).toMatchObject([
      { name: 'first' },
      { name: 'Jürgen K.', state: 'revoked' },
    ])
    expect(await corral.json('user', 'list', ...at)).toMatchObject([{ name: 'admin' }, { name: 'Jürgen K.' }])
    const shared = await corral('share', '--model', 'tiny', ...at)
    expect(shared.stdout).toContain(`OLLAMA_HOST=${gateway.url}/k/crl_`)
  })

  it("lets members manage their own keys, and nobody else's", async () => {
    await using gateway = await startGateway()
    const at = ['--server', gateway.url]
    const admin = corralIn(undefined, { CORRAL_KEY: gateway.adminKey })
    const first = (await admin('user', 'create', 'ann', '--limit', 'concurrent=5', ...at)).stdout.trim()
    const ann = corralIn(undefined, { CORRAL_KEY: first })
    const made = await ann('key', 'create', 'phone', '--scope', 'chat', ...at)
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^crl_\w{33}\n$/)])
    expect(await isLetIn(gateway, made.stdout.trim())).toBe(true)
    expect((await ann('key', 'create', 'tablet', '--user', 'ann', ...at)).code).toBe(0)
    const own = [{ name: 'ann' }, { name: 'phone', user: 'ann', scopes: ['chat'] }, { name: 'tablet' }]
    expect(await ann.json('key', 'list', ...at)).toMatchObject(own)
    expect(await admin.json('key', 'list', ...at)).toMatchObject([{ name: 'first', user: 'admin' }, ...own])

    const rotated = await ann('key', 'rotate', 'phone', '--overlap', '0s', ...at)
    expect(await isLetIn(gateway, made.stdout.trim())).toBe(false)
    expect(await isLetIn(gateway, rotated.stdout.trim())).toBe(true)
    expect((await ann('key', 'revoke', 'phone', ...at)).stderr).toMatch(
      /^Key "phone" \(\S+\) of user "ann" is revoked\n$/,
    )
    expect(await isLetIn(gateway, rotated.stdout.trim())).toBe(false)

    const refusals: [string[], RegExp][] = [
      [
        ['create', 'x', '--user', 'bob'],
        /^This key makes keys of its own user "ann": one for "bob" takes an admin's key$/,
      ],
      [['create', 'x', '--agent'], /^--format, --agent and --pool take an admin's key: this one makes plain keys$/],
      [['create', 'x', '--scope', 'admin'], /^A key without scope "admin" cannot grant it: use a key that may/],
      [['rotate', 'first'], /^There is no key "first" /],
      [['revoke', 'first'], /^There is no key "first" /],
      [['change', 'tablet', '--expires', '1d'], /^This key has no scope "admin": use a key that may/],
    ]
    for (const [args, sentence] of refusals) {
      const { code, stdout, stderr } = await ann('key', ...args, ...at)
      expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^corral: .*\n$/)])
      expect(stderr.slice('corral: '.length, -1)).toMatch(sentence)
    }
    const agent = (await admin('key', 'create', 'home', '--agent', ...at)).stdout.trim()
    const byAgent = await ann('key', 'list', ...at, '--key', agent)
    expect([byAgent.code, byAgent.stderr]).toEqual([1, expect.stringMatching(/^corral: A key of an agent.*\n$/)])
    expect(await admin.json('key', 'list', ...at)).toHaveLength(5)
  })

  it('passes the reason of a refusal on', async () => {
    await using gateway = await startGateway()
    const corral = corralIn()
    const weak = await gateway.createKey({ scopes: ['chat'] })
    await untilLetIn(gateway, weak)
    const at = ['--server', gateway.url, '--key']
    const refused = await corral('user', 'list', ...at, weak)
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/^corral: This key has no scope "admin": .*\n$/),
    ])
    const wrong = await corral('key', 'list', ...at, 'crl_nonsense')
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/^corral: The key is not valid: .*\n$/)])
    const admin = await gateway.createKey({ scopes: ['admin'] })
    await untilLetIn(gateway, admin)
    const stronger = await corral('key', 'create', 'x', '--scope', 'metrics', ...at, admin)
    expect([stronger.code, stronger.stderr]).toEqual([
      1,
      expect.stringContaining('without scope "metrics" cannot grant it'),
    ])
    const taken = await corral('key', 'create', 'first', ...at, gateway.adminKey)
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining('There is a key "first" already')])
  })

  it('says what is wrong with the other end', async () => {
    await using fake = await startFakeOllama()
    const corral = corralIn()
    const ask = async (server: string): Promise<string> => {
      const { code, stderr } = await corral('user', 'list', '--server', server, '--key', 'k')
      expect(code).toBe(1)
      return stderr
    }
    expect(await ask(fake.url)).toMatch(
      /^corral: http:\S+ answered 404 but not as a Corral gateway does: check the URL\n$/,
    )
    await fake.stop()
    expect(await ask(fake.url)).toMatch(/^corral: Cannot reach the gateway at http:\S+ \(connection refused\): .*\n$/)
  })
})

describe('the commands that a running gateway answers', () => {
  const commands = [
    ['status', '--once'],
    ['route', 'explain', 'tiny'],
    ['models', 'list'],
  ]

  it.each(commands)('%s %s find it by CORRAL_SERVER, and by the config where that is empty', async (...args) => {
    await using fake = await startFakeOllama()
    await using gateway = await startGateway({ config: { upstreams: [{ name: 'a', url: fake.url }] } })
    const env = { CORRAL_KEY: gateway.adminKey, CORRAL_SERVER: gateway.url }
    expect(await corralIn(undefined, env)(...args)).toMatchObject({ code: 0, stderr: '' })
    const byConfig = { ...env, CORRAL_SERVER: '', CORRAL_LISTEN: `127.0.0.1:${gateway.port}` }
    expect(await corralIn(undefined, byConfig)(...args)).toMatchObject({ code: 0, stderr: '' })
    const weak = await gateway.createKey({ scopes: ['chat'] })
    await untilLetIn(gateway, weak)
    expect(await corralIn(undefined, { ...env, CORRAL_KEY: weak })(...args)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'corral: This key has no scope "admin": give --key, or CORRAL_KEY, one that may\n',
    })
  })

  it.each(commands)('%s %s say in one line what was given wrongly', async (...args) => {
    const keyless = await corralIn(undefined, { CORRAL_KEY: '', CORRAL_SERVER: 'http://127.0.0.1:1' })(...args)
    expect([keyless.code, keyless.stderr]).toEqual([2, 'corral: Give --key, or CORRAL_KEY, a key of the gateway\n'])
    const odd = await corralIn(undefined, { CORRAL_KEY: 'k', CORRAL_SERVER: 'ftp://x' })(...args)
    expect([odd.code, odd.stderr]).toEqual([2, 'corral: CORRAL_SERVER "ftp://x" is not an http or https URL\n'])
  })
})
