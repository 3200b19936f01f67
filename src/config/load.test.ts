import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Secret } from '../lib/secret.ts'
import { configFolder } from './__fixtures__/config-folder.ts'

describe('loadConfig without anything', () => {
  it('has a default for everything', async () => {
    const folder = configFolder()
    const { settings, file, sources } = await folder.load()
    expect(file).toBeNull()
    expect(settings.http.listen).toEqual([{ host: '127.0.0.1', port: 11435 }])
    expect(settings.upstreams).toMatchObject([{ name: 'ollama', url: 'http://127.0.0.1:11434', enabled: true }])
    expect(settings.store.url).toBe(`sqlite:${join(folder.path, 'corral.db')}`)
    expect(settings.log.requests).toBe(join(folder.path, 'logs'))
    expect(settings.routing).toEqual({
      modelTtlMs: 30_000,
      connectTimeoutMs: 5_000,
      firstByteTimeoutMs: 1_800_000,
      idleTimeoutMs: 600_000,
      retryBudget: 0.2,
      healthIntervalMs: 5_000,
      affinity: true,
      spillAfterMs: 20_000,
    })
    expect(settings.queue).toEqual({ maxLength: 512, maxWaitMs: 300_000 })
    expect([...sources.values()].every(({ source }) => source === 'default')).toBe(true)
  })

  it('is frozen to the bottom', async () => {
    const { settings } = await configFolder('models: {aliases: {a: b}}').load()
    const tables: unknown[] = [
      settings,
      settings.http.listen[0],
      settings.upstreams[0]?.headers,
      settings.models.aliases,
    ]
    expect(tables.every((table) => Object.isFrozen(table))).toBe(true)
  })
})

describe('loadConfig with pools of agents', () => {
  it('always has the pool "default", first or last', async () => {
    const plain = { models: ['*'], memoryBytes: null, slots: null }
    const everything = { name: 'default', priority: 1, ...plain }
    const agents = async (yaml: string) => (await configFolder(yaml).load()).settings.agents
    expect(await agents('')).toEqual({ pools: [everything], waitMs: 0, heartbeatMs: 15_000 })
    const home = '{name: home, priority: 2, models: ["llama3*"], memory: 24GB, slots: 2}'
    expect(await agents(`agents: {pools: [${home}], wait: 5m}`)).toEqual({
      pools: [{ name: 'home', priority: 2, models: ['llama3*'], memoryBytes: 24 * 2 ** 30, slots: 2 }, everything],
      waitMs: 300_000,
      heartbeatMs: 15_000,
    })
    expect(await agents('agents: {pools: [{name: default, priority: 9}], heartbeat: 100ms}')).toEqual({
      pools: [{ name: 'default', priority: 9, ...plain }],
      waitMs: 0,
      heartbeatMs: 100,
    })
  })

  it.each([
    ['pools: [{name: home}, {name: Home}]', 'agents.pools[1].name is "Home", which is taken already'],
    ['pools: [{name: Default}]', 'agents.pools[0].name is "Default": write it "default"'],
    ['pools: [{name: "a b"}]', 'agents.pools[0].name '],
    ['pools: [{priority: 1}]', 'agents.pools[0].name '],
    ['pools: [{name: a, models: ["a b"]}]', 'agents.pools[0].models[0] '],
    ['wait: 301s', 'agents.wait '],
    ['heartbeat: 99ms', 'agents.heartbeat '],
    ['heartbeat: 61s', 'agents.heartbeat '],
  ])('refuses %s', async (yaml, sentence) => {
    await expect(configFolder(`agents: {${yaml}}`).load()).rejects.toThrow(sentence)
  })
})

describe('loadConfig with a file', () => {
  it.each(['corral.yaml', 'corral.yml', 'corral.json'])('finds %s in the folder', async (name) => {
    const folder = configFolder()
    const path = folder.write(name, '{\n\t"drain": "7s"\n}\n')
    const { settings, file } = await folder.load()
    expect([settings.http.drainMs, file]).toEqual([7000, path])
  })

  it('takes the named file, else CORRAL_CONFIG, else the usual one', async () => {
    const folder = configFolder('drain: 1s')
    folder.write('b.yaml', 'drain: 2s')
    folder.write('c.yaml', 'drain: 3s')
    const drains = [{}, { env: { CORRAL_CONFIG: 'b.yaml' } }, { env: { CORRAL_CONFIG: 'b.yaml' }, file: 'c.yaml' }]
    const loaded = await Promise.all(drains.map((input) => folder.load(input)))
    expect(loaded.map(({ settings }) => settings.http.drainMs)).toEqual([1000, 2000, 3000])
  })

  it('reads everything', async () => {
    const folder = configFolder(`
listen: ["127.0.0.1:0", "[::1]:80", "localhost:9", 8080]
trusted_proxies: [10.0.0.0/8, "::1"]
cors: {origins: ["https://App.example.com", "*"]}
auth: {mode: keys, path_keys: off, key_refresh: 2s, token_scopes: [chat, chat, embed]}
upstreams:
  - {name: a, url: "https://user:p%40ss@h.example:8443/pre/fix/", priority: 3, enabled: no, max_response_time: 2s}
  - {name: b, url: "http://[::1]:1", headers: {X-Team: "r d"}, username: u, password: "p:w", memory: 24GB, slots: 4}
  - {name: far, type: openai, api_key: k, slots: auto}
models:
  aliases: {"gpt-4": "qwen3:8b"}
  assignments: {"qwen3:8b": [a, b]}
  fallbacks: {"qwen3:8b": [llama3]}
  policies: [{match: "*", num_ctx: 4096, keep_alive: -1}, {match: x, keep_alive: 1h30m}]
  memory: {"custom-70b": 40GB, small: 1.5 GiB}
  memory_patterns: [{match: ".*-70b.*", memory: 512MB}]
  keep_warm: ["qwen3:8b", {model: llama3, upstreams: [a, default]}]
  desired: {a: ["qwen3:8b", llama3], default: []}
  default: "qwen3:8b"
  prices: [{match: "gpt-4o*", prompt: 2.50, completion: "10"}]
routing: {retry_budget: 0.5, affinity: off, spill_after: 0s}
queue: {max_length: "0", max_wait: 10ms}
limits:
  body: 1MB
  bodies_total: 2097152
  defaults: {requests_per_minute: 60, concurrent: "8", tokens_per_minute: 100k, tokens_per_day: 1.5M, tokens_per_month: 3000000, money_per_month: 7.50}
  models: [{match: "qwen3:*", requests_per_minute: 10}]
  on_exhausted: finish
store: {url: "sqlite:/var/lib/corral.db"}
log: {level: debug, format: json, requests: off}
`)
    const { settings } = await folder.load()
    expect(settings.http).toMatchObject({
      listen: [
        { host: '127.0.0.1', port: 0 },
        { host: '::1', port: 80 },
        { host: 'localhost', port: 9 },
        { host: '127.0.0.1', port: 8080 },
      ],
      trustedProxies: ['10.0.0.0/8', '::1'],
      corsOrigins: ['https://app.example.com', '*'],
      bodyBytes: 2 ** 20,
      bodiesTotalBytes: 2 ** 21,
    })
    expect(settings.auth).toMatchObject({ pathKeys: false, keyRefreshMs: 2000, tokenScopes: ['chat', 'embed'] })
    expect(settings.upstreams).toEqual([
      {
        name: 'a',
        url: 'https://h.example:8443/pre/fix',
        priority: 3,
        enabled: false,
        headers: ['authorization', `Basic ${btoa('user:p@ss')}`],
        ca: null,
        maxResponseTimeMs: 2000,
        memoryBytes: null,
        slots: null,
        provider: null,
        wake: null,
      },
      {
        name: 'b',
        url: 'http://[::1]:1',
        priority: 1,
        enabled: true,
        headers: ['X-Team', 'r d', 'authorization', `Basic ${btoa('u:p:w')}`],
        ca: null,
        maxResponseTimeMs: null,
        memoryBytes: 24 * 2 ** 30,
        slots: 4,
        provider: null,
        wake: null,
      },
      expect.objectContaining({ name: 'far', memoryBytes: null, slots: null }),
    ])
    expect(settings.models).toEqual({
      aliases: { 'gpt-4': 'qwen3:8b' },
      assignments: { 'qwen3:8b': ['a', 'b'] },
      fallbacks: { 'qwen3:8b': ['llama3'] },
      policies: [
        { match: '*', numCtx: 4096, keepAlive: -1 },
        { match: 'x', numCtx: 'allow', keepAlive: '1h30m' },
      ],
      memory: { 'custom-70b': 40 * 2 ** 30, small: 1.5 * 2 ** 30 },
      memoryPatterns: [{ match: '.*-70b.*', memoryBytes: 2 ** 29 }],
      keepWarm: [
        { model: 'qwen3:8b', upstreams: null },
        { model: 'llama3', upstreams: ['a', 'default'] },
      ],
      desired: { a: ['qwen3:8b', 'llama3'], default: [] },
      default: 'qwen3:8b',
      prices: [{ match: 'gpt-4o*', prompt: 2.5, completion: 10 }],
    })
    expect(settings.limits).toEqual({
      defaults: {
        requestsPerMinute: 60,
        concurrent: 8,
        tokensPerMinute: 100_000,
        tokensPerDay: 1_500_000,
        tokensPerMonth: 3_000_000,
        moneyPerMonth: 7.5,
      },
      models: [{ match: 'qwen3:*', terms: { requestsPerMinute: 10 } }],
      onExhausted: 'finish',
    })
    expect(settings.routing).toMatchObject({ affinity: false, spillAfterMs: 0 })
    expect(settings.queue).toEqual({ maxLength: 0, maxWaitMs: 10 })
    expect(settings.store.url).toBe('sqlite:/var/lib/corral.db')
    expect(settings.log).toEqual({
      ...{ level: 'debug', format: 'json', requests: null },
      bodies: { keys: null, maxBytes: 64 * 1024, fields: [], patterns: [] },
    })
  })

  it('takes a key with nothing after it for absent, and an empty list for none', async () => {
    const { settings } = await configFolder('auth:\n  key_file:\n  mode:\ndrain:\nupstreams: []\n').load()
    expect(settings.auth.keyFile).toBeNull()
    expect(settings.http.drainMs).toBe(30_000)
    expect(settings.upstreams).toEqual([])
  })

  it.each(['', '# nothing\n', '---\n', '{}'])('takes an empty file for no settings', async (text) => {
    await expect(configFolder(text).load()).resolves.toHaveProperty('settings')
  })

  it('lets relative paths of the file begin beside it, and all others in the working folder', async () => {
    const folder = configFolder()
    folder.write('etc/corral.yaml', 'store: {url: "sqlite:a.db"}\nauth: {key_file: ../keys}\n')
    const { settings } = await folder.load({ file: 'etc/corral.yaml', env: { CORRAL_AUTH_TOKENS_FILE: 'tokens' } })
    expect(settings.store.url).toBe(`sqlite:${join(folder.path, 'etc/a.db')}`)
    expect(settings.auth.keyFile).toBe(join(folder.path, 'keys'))
    expect(settings.auth.tokensFile).toBe(join(folder.path, 'tokens'))
    expect(settings.log.requests).toBe(join(folder.path, 'logs'))
  })
})

describe('loadConfig, warnings', () => {
  it.each([
    ['assignments: {"x:70b": [a]}, memory: {"X:70B": 40GB}', ['models.assignments."x:70b" holds although a has less']],
    [
      'assignments: {"x-70b": [b, a]}, memory_patterns: [{match: "-70b", memory: 40GB}]',
      ['x-70b holds although a has'],
    ],
    ['assignments: {"x-70b": [b]}, memory_patterns: [{match: "-70b", memory: 40GB}]', []],
    ['assignments: {x: [a]}, memory: {x: 24GB}, memory_patterns: [{match: x, memory: 40GB}]', []],
    ['assignments: {x: [a]}', []],
  ])('of %s', async (models, expected) => {
    const upstreams = '[{name: a, url: "http://x", memory: 24GB}, {name: b, url: "http://y"}]'
    const { warnings } = await configFolder(`upstreams: ${upstreams}\nmodels: {${models}}`).load()
    expect(warnings).toEqual(expected.map((start) => expect.stringContaining(start)))
  })
})

describe('loadConfig, precedence', () => {
  it('is flag over environment over file over default, and says so', async () => {
    const folder = configFolder('listen: 127.0.0.1:1\ndrain: 1s\nlimits: {body: 1MB}\n')
    const env = { CORRAL_LISTEN: '127.0.0.1:2', CORRAL_DRAIN: '2s' }
    const { settings, sources } = await folder.load({ env, flags: { listen: '127.0.0.1:3' } })
    expect([settings.http.listen[0]?.port, settings.http.drainMs, settings.http.bodyBytes]).toEqual([3, 2000, 2 ** 20])
    expect(sources.get('listen')).toEqual({ value: '127.0.0.1:3', source: 'flag', detail: '--listen' })
    expect(sources.get('drain')).toEqual({ value: '2s', source: 'env', detail: 'CORRAL_DRAIN' })
    expect(sources.get('limits.body')).toEqual({ value: '1MB', source: 'file', detail: 'corral.yaml:3:16' })
    expect(sources.get('limits.bodies_total')).toEqual({ value: '256MB', source: 'default', detail: 'default' })
  })

  it('goes for the queue and for what keeps models in order, too', async () => {
    const folder = configFolder(
      'queue: {max_length: 3}\nmodels: {memory: {a: 1GB}, memory_patterns: [{match: b, memory: 2GB}]}\n' +
        'upstreams: [{name: a, url: "http://x", memory: 24GB}]',
    )
    const env = {
      CORRAL_QUEUE_MAX_WAIT: '30s',
      CORRAL_ROUTING_AFFINITY: 'off',
      CORRAL_MODELS_KEEP_WARM: 'llama3, qwen3:8b',
      CORRAL_MODELS_DEFAULT: 'llama3',
    }
    const { settings, sources } = await folder.load({ env })
    expect(settings.queue).toEqual({ maxLength: 3, maxWaitMs: 30_000 })
    expect(settings.routing.affinity).toBe(false)
    expect(settings.models.keepWarm.map(({ model }) => model)).toEqual(['llama3', 'qwen3:8b'])
    expect(settings.models.default).toBe('llama3')
    const shown = (name: string) => [sources.get(name)?.value, sources.get(name)?.detail]
    expect(shown('queue.max_wait')).toEqual(['30s', 'CORRAL_QUEUE_MAX_WAIT'])
    expect(shown('queue.max_length')).toEqual([3, 'corral.yaml:1:21'])
    expect(shown('models.memory.a')).toEqual(['1GB', 'corral.yaml:2:22'])
    expect(shown('models.memory_patterns[0].memory')).toEqual(['2GB', 'corral.yaml:2:65'])
    expect(shown('models.desired')).toEqual([{}, 'default'])
    expect(shown('upstreams[0].memory')).toEqual(['24GB', 'corral.yaml:3:48'])
    expect(shown('upstreams[0].slots')).toEqual(['auto', 'default'])
  })

  it('takes an empty variable for not set', async () => {
    const { settings } = await configFolder('drain: 1s').load({ env: { CORRAL_DRAIN: '', AUTH_TOKEN: '' } })
    expect([settings.http.drainMs, settings.auth.token]).toEqual([1000, null])
  })

  it('reads .env below the real environment', async () => {
    const folder = configFolder()
    folder.write('.env', '# names\nexport CORRAL_DRAIN=5s\nCORRAL_LOG_LEVEL="debug"\n')
    const { settings, sources } = await folder.load({ env: { CORRAL_LOG_LEVEL: 'warn' } })
    expect([settings.http.drainMs, settings.log.level]).toEqual([5000, 'warn'])
    expect(sources.get('drain')?.detail).toBe('CORRAL_DRAIN (.env)')
  })
})

describe('loadConfig, secrets', () => {
  const secretOf = (secret: Secret | null) => secret?.reveal()

  it('reads a secret from its file, without the line end', async () => {
    const folder = configFolder('auth: {key_salt_file: salt}\nstore: {pepper_file: salt}')
    folder.write('salt', ' a salt \r\n')
    const { settings } = await folder.load()
    expect([secretOf(settings.auth.keySalt), secretOf(settings.store.pepper)]).toEqual([' a salt ', ' a salt '])
  })

  it('refuses a secret beside its file', async () => {
    const folder = configFolder('auth: {token: abc, token_file: token}')
    folder.write('token', 'abc')
    expect(await folder.problems()).toEqual([
      'corral.yaml:1:32: auth.token_file is set and so is token: keep one of them',
    ])
    const env = { AUTH_TOKEN: 'a', AUTH_TOKEN_FILE: 'token' }
    expect(await configFolder().problems({ env })).toEqual([
      'AUTH_TOKEN_FILE: auth.token_file is set and so is token: keep one of them',
    ])
  })

  it('lets the environment replace a secret that the file gives in the other way', async () => {
    const folder = configFolder('auth: {token_file: nowhere}')
    const { settings } = await folder.load({ env: { AUTH_TOKEN: 'abc' } })
    expect(secretOf(settings.auth.token)).toBe('abc')
  })

  it.each([
    ['', 'nothing'],
    ['a\nb\n', 'more'],
  ])('refuses a secret file that holds not one line', async (text, holds) => {
    const folder = configFolder('auth: {token_file: token}')
    folder.write('token', text)
    const sentence = `auth.token_file names a file that should hold one line, but holds ${holds}`
    expect(await folder.problems()).toEqual([`corral.yaml:1:20: ${sentence}`])
  })

  it('never shows one, neither in sources nor in problems', async () => {
    const good = configFolder(`
auth: {token: hunter2a, key_salt: "\${SALT}"}
upstreams: [{name: a, url: "http://u:hunter2c@h", headers: {X: hunter2d}}, {name: b, url: "http://h", username: u, password: hunter2e}]
`)
    const loaded = await good.load({ env: { SALT: 'hunter2b', CORRAL_PEPPER: 'hunter2f' } })
    expect(JSON.stringify([...loaded.sources])).not.toContain('hunter2')
    const bad = configFolder(`
drain: "\${DRAIN}"
limits: hunter2
auth: {token: [hunter2], key_salt: {a: hunter2}, token_scopes: hunter2x}
upstreams: [{name: a, url: "hunter2://u:hunter2@h"}, {name: b, url: "http://h", headers: {a: [hunter2]}, password: "hunter2\\n"}]
`)
    const problems = (await bad.problems({ env: { DRAIN: 'hunter2' } })).join('\n').replaceAll('"hunter2x"', '')
    expect(problems).toContain('drain is text (not shown) and should be a duration')
    expect(problems.replaceAll('"hunter2://h"', '')).not.toContain('hunter2')
  })
})
