import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from './config-error.ts'
import { configFolder } from './__fixtures__/config-folder.ts'
import { loadConfig } from './load.ts'

const problemsOf = (yaml: string, env: Record<string, string> = {}) => configFolder(yaml).problems({ env })

describe('loadConfig refuses', () => {
  it.each([
    ['lisen: 1', '1:1: lisen is not a setting; did you mean listen?'],
    ['auth:\n  keyfile: x', '2:3: auth.keyfile is not a setting; did you mean auth.key_file?'],
    ['idle_timeout: 3s', '1:1: idle_timeout is not a setting; did you mean routing.idle_timeout?'],
    ['bogus_setting:', '1:1: bogus_setting is not a setting; the file takes listen, tls,'],
    [
      'upstreams: [{name: a, url: "http://x", weight: 3}]',
      '1:40: upstreams[0].weight is not a setting; upstreams[0] takes',
    ],
    ['cluster: {url: x}', '1:1: cluster is not a setting'],
    ['cache: {mode: on}', '1:15: cache.mode is "on" and should be one of off, deterministic, all'],
    ['cache: {ttl: 0s}', '1:14: cache.ttl is "0s" and should be a duration such as 30s, from 1s up to 24d'],
    ['cache: {max_bytes: 1KB}', '1:20: cache.max_bytes is "1KB" and should be a size such as 64MB, from 1MB to 1TB'],
    ['cache: {share: team}', '1:16: cache.share is "team" and should be one of key, user, all'],
    ['constructor: 1', '1:1: constructor is not a setting'],
    ['auth: {toString: 1}', '1:8: auth.toString is not a setting'],
    ['__proto__: {drain: 1s}', '1:1: "__proto__" cannot be a name'],
    ['models: {aliases: {__proto__: x}}', '1:20: "__proto__" cannot be a name'],
    ['drain: 1s\ndrain: 2s', '2:1: "drain" is there twice'],
    ['auth:\n\tmode: keys', '2:1: indentation is made of spaces, not of tabs'],
    ['drain: 30', '1:8: drain is 30 and should be a duration such as 30s, up to 1d'],
    ['drain: 2d', '1:8: drain is "2d" and should be'],
    ['listen: nowhere:99999', '1:9: listen is "nowhere:99999" and should be HOST:PORT'],
    ['listen: http://x:1', '1:9: listen is "http://x:1" and should be'],
    ['listen: []', '1:9: listen is [] and should be'],
    ['listen: [":80", ":80"]', '1:9: listen names 0.0.0.0:80 twice'],
    ['auth: none', '1:7: auth is text (not shown) and should be a section'],
    ['auth: {mode: off}', '1:14: auth.mode is "off" and should be one of keys, none'],
    ['auth: {path_keys: maybe}', '1:19: auth.path_keys is "maybe" and should be on or off'],
    ['auth: {key_salt: 12345}', '1:18: auth.key_salt is a number (not shown) and should be text'],
    ['auth: {token: "a b"}', '1:15: auth.token should be visible ASCII'],
    ['auth: {token_scopes: [chat, fly]}', '1:29: auth.token_scopes[1] is "fly" and should be one of chat, embed'],
    ['trusted_proxies: [10.0.0.0/33]', '1:19: trusted_proxies[0] is "10.0.0.0/33"'],
    ['trusted_proxies: 10.0.0.0/8', '1:18: trusted_proxies is "10.0.0.0/8" and should be a list'],
    ['cors: {origins: [example.com]}', '1:18: cors.origins[0] is "example.com"'],
    ['tls: {cert: nope.pem, key: k}', '1:13: tls.cert names "nope.pem", which cannot be read: there is no such file'],
    ['tls: {cert: nope.pem}', '1:6: tls.key is missing and should be the path of a file'],
    ['upstreams: http://x', '1:12: upstreams is "http://x" and should be a list'],
    ['upstreams: [{url: "http://x"}]', '1:13: upstreams[0].name is missing'],
    ['upstreams: [{name: "a b", url: "http://x"}]', '1:20: upstreams[0].name is "a b" and should be a name'],
    ['upstreams: [{name: a, url: "x:1"}]', '1:28: upstreams[0].url is "x:1" and should be a URL'],
    ['upstreams: [{name: a, url: "http://x?y"}]', '1:28: upstreams[0].url is "http://x?y"'],
    [
      'upstreams: [{name: a, url: "http://x"}, {name: A, url: "http://y"}]',
      '1:48: upstreams[1].name is "A", which is taken',
    ],
    [
      'upstreams: [{name: all, url: "http://x"}]',
      '1:20: upstreams[0].name is "all", which means every upstream after --on: choose another name',
    ],
    ['upstreams: [{name: All, url: "http://x"}]', 'upstreams[0].name is "All", which means every upstream after --on'],
    ['upstreams: [{name: "*", url: "http://x"}]', 'upstreams[0].name is "*" and should be a name'],
    [
      'agents: {pools: [{name: home}, {name: all}]}',
      '1:39: agents.pools[1].name is "all", which means every upstream after --on: choose another name',
    ],
    ['agents: {pools: [{name: "*"}]}', 'agents.pools[0].name is "*" and should be a name'],
    ['upstreams: [{name: a, url: "http://x", ca: nope}]', '1:44: upstreams[0].ca names "nope", which cannot be read'],
    [
      'upstreams: [{name: a, url: "http://x", headers: {Host: y}}]',
      'headers.Host is a header that Corral writes itself',
    ],
    ['upstreams: [{name: a, url: "http://x", headers: {"a b": y}}]', 'headers."a b" is not the name of a header'],
    ['upstreams: [{name: a, url: "http://x", headers: {a: "y\\nz: 1"}}]', 'holds characters a header cannot'],
    ['upstreams: [{name: a, url: "http://x", password: y}]', 'upstreams[0].password needs a username'],
    ['upstreams: [{name: a, url: "http://u:p@x", username: y}]', 'upstreams[0].username is set and so are credentials'],
    [
      'upstreams: [{name: a, url: "http://127.0.0.1:11435/k/x"}]',
      'upstreams[0].url is the address of the gateway itself',
    ],
    [
      'upstreams: [{name: a, type: openai}]',
      '1:13: upstreams[0] is of type openai and has no api_key: it would refuse every request',
    ],
    ['upstreams: [{name: a, type: anthropic}]', 'upstreams[0] is of type anthropic and has no api_key'],
    ['upstreams: [{name: a, type: openai-compatible}]', 'upstreams[0] has no url: say where it is'],
    ['upstreams: [{name: a}]', 'upstreams[0] has no url: say where it is'],
    ['upstreams: [{name: a, type: gemini}]', 'upstreams[0].type is "gemini" and should be one of ollama, openai,'],
    [
      'upstreams: [{name: a, type: openai, api_key_file: nope}]',
      'upstreams[0].api_key_file names "nope", which cannot be read: there is no such file',
    ],
    ['upstreams: [{name: a, type: openai, api_key: "${NOWHERE}"}]', 'names the variable NOWHERE, which is not set'],
    ['upstreams: [{name: a, url: "http://x", api_key: hunter2}]', 'upstreams[0].api_key is for providers'],
    ['upstreams: [{name: a, url: "http://x", models: [b]}]', 'upstreams[0].models is for providers'],
    [
      'upstreams: [{name: a, type: openai, api_key: hunter2, headers: {Authorization: x}}]',
      'upstreams[0].api_key is set beside other credentials: keep one of them',
    ],
    [
      'upstreams: [{name: a, type: anthropic, api_key: hunter2, headers: {X-Api-Key: x}}]',
      'upstreams[0].api_key is set beside other credentials: keep one of them',
    ],
    [
      'upstreams: [{name: a, type: openai, api_key: hunter2, url: "https://u:p@x/v1"}]',
      'upstreams[0].api_key is set beside other credentials: keep one of them',
    ],
    [
      'upstreams: [{name: a, type: openai, api_key: hunter2, models: ["a b"]}]',
      'upstreams[0].models[0] is "a b" and should be the name of a model, or a pattern such as gpt-*',
    ],
    [
      'upstreams: [{name: a, url: "http://x", wake: {mac: "aa:bb:cc"}}]',
      'upstreams[0].wake.mac is "aa:bb:cc" and should be a hardware address such as "aa:bb:cc:dd:ee:ff"',
    ],
    ['upstreams: [{name: a, url: "http://x", wake: {}}]', 'upstreams[0].wake.mac is missing'],
    [
      'upstreams: [{name: a, url: "http://x", wake: {mac: "aa:bb:cc:dd:ee:ff", port: 0}}]',
      'upstreams[0].wake.port is 0 and should be a port from 1 to 65535',
    ],
    ['models: {assignments: {llama3: [gpu-9]}}', 'models.assignments.llama3[0] is "gpu-9", which is not an upstream'],
    ['models: {aliases: {"a b": llama3}}', 'models.aliases."a b" is not the name of a model'],
    ['models: {aliases: {a: "b c"}}', 'models.aliases.a names "b c", which is not the name of a model'],
    ['models: {aliases: {a: x, "library/A:latest": y}}', 'is the same model as "a": keep one of them'],
    ['models: {fallbacks: {a: []}}', 'models.fallbacks.a is [] and should be a list of at least one model'],
    ['models: {fallbacks: {a: [5]}}', 'models.fallbacks.a[0] is 5 and should be the name of a model'],
    ['models: {assignments: {a: []}}', 'models.assignments.a is [] and should be a list of at least one upstream'],
    ['models: {assignments: {a: b}}', 'models.assignments.a is "b" and should be a list of at least one upstream'],
    ['models: {assignments: {a: [5]}}', 'models.assignments.a[0] is 5 and should be the name of an upstream or pool'],
    [
      'models: {aliases: {a: b, b: c, "c:latest": a}}',
      '1:23: models.aliases.a leads in a circle: a > b > c:latest > a',
    ],
    ['models: {fallbacks: {a: [x, b], B: [c, A]}}', '1:25: models.fallbacks.a leads in a circle: a > B > a'],
    ['models: {fallbacks: {"q:8b": [q, "q:8b"]}}', 'models.fallbacks."q:8b" leads in a circle: q:8b > q:8b'],
    ['models: {memory: {a: 40}}', '1:22: models.memory.a is 40 and should be a size with its unit, such as 24GB'],
    ['models: {memory: {"a b": 40GB}}', 'models.memory."a b" is not the name of a model'],
    ['models: {memory: {a: 1GB, A: 2GB}}', 'models.memory.A is the same model as "a": keep one of them'],
    ['models: {memory: {a: [1GB]}}', 'models.memory.a is ["1GB"] and should be a size with its unit'],
    [
      'models: {memory_patterns: [{match: "*-70b", memory: 40GB}]}',
      '1:36: models.memory_patterns[0].match has a * with nothing before it to repeat',
    ],
    [
      'models: {memory_patterns: [{match: "(?=70b)", memory: 40GB}]}',
      'models.memory_patterns[0].match holds (?=, which is not known here',
    ],
    ['models: {memory_patterns: [{match: 70, memory: 40GB}]}', 'models.memory_patterns[0].match is 70 and should be'],
    ['models: {memory_patterns: [{match: 70b}]}', 'models.memory_patterns[0].memory is missing'],
    [
      'models: {memory_patterns: [{match: 70b, memory: "40"}]}',
      'models.memory_patterns[0].memory is "40" and should be',
    ],
    [
      'models: {keep_warm: [a, "b c"]}',
      '1:25: models.keep_warm[1] is "b c" and should be the name of a model, or {model:',
    ],
    ['models: {keep_warm: [{model: a, upstream: [b]}]}', 'models.keep_warm[0] is a section and should be the name of'],
    [
      'models: {keep_warm: [a, {model: b, upstreams: []}]}',
      'models.keep_warm[1].upstreams is [] and should be a list of at least one upstream',
    ],
    ['models: {keep_warm: a}', 'models.keep_warm is "a" and should be a list of models, or of {model:'],
    [
      'models: {keep_warm: [{model: a, upstreams: [gpu-9]}]}',
      'models.keep_warm[0].upstreams[0] is "gpu-9", which is not an upstream or pool: there are ollama, default',
    ],
    ['models: {desired: {gpu-9: [a]}}', 'models.desired.gpu-9 is "gpu-9", which is not an upstream or pool'],
    ['models: {desired: {ollama: [a, "b c"]}}', 'models.desired.ollama[1] is "b c" and should be the name of a model'],
    ['models: {default: "a b"}', '1:19: models.default is "a b" and should be the name of a model'],
    [
      'upstreams: [{name: a, url: "http://x", memory: 24}]',
      '1:48: upstreams[0].memory is 24 and should be a size with its unit',
    ],
    ['upstreams: [{name: a, url: "http://x", memory: "24 "}]', 'upstreams[0].memory is "24 " and should be'],
    ['upstreams: [{name: a, url: "http://x", memory: 24B}]', 'such as 24GB, from 1MB to 1024TB'],
    ['upstreams: [{name: a, url: "http://x", memory: -1GB}]', 'upstreams[0].memory is "-1GB" and should be'],
    [
      'upstreams: [{name: a, url: "http://x", slots: 0}]',
      'upstreams[0].slots is 0 and should be auto, or a whole number',
    ],
    ['upstreams: [{name: a, url: "http://x", slots: 1.5}]', 'upstreams[0].slots is 1.5 and should be auto'],
    [
      'upstreams: [{name: a, url: "http://x", priority: -1}]',
      '1:50: upstreams[0].priority is -1 and should be a whole number from 0 to 1000',
    ],
    ['upstreams: [{name: a, type: openai, api_key: hunter2, slots: 4}]', 'upstreams[0].slots is for Ollama servers'],
    [
      'upstreams: [{name: a, type: openai, api_key: hunter2, memory: 1GB}]',
      'upstreams[0].memory is for Ollama servers',
    ],
    [
      'upstreams: [{name: a, type: openai, api_key: hunter2}]\nmodels: {desired: {a: [b]}}',
      '2:23: models.desired.a is "a", a provider, whose models nobody here can pull or load',
    ],
    [
      'upstreams: [{name: a, type: openai, api_key: hunter2}]\nmodels: {keep_warm: [{model: b, upstreams: [a]}]}',
      'models.keep_warm[0].upstreams[0] is "a", a provider',
    ],
    [
      'agents: {pools: [{name: home, memory: 24}]}',
      '1:39: agents.pools[0].memory is 24 and should be a size with its unit',
    ],
    ['agents: {pools: [{name: home, slots: many}]}', 'agents.pools[0].slots is "many" and should be auto'],
    ['agents: {pools: [{name: home, priority: -1}]}', 'agents.pools[0].priority is -1 and should be a whole number'],
    ['queue: {max_length: -1}', '1:21: queue.max_length is -1 and should be a whole number from 0 to 100000'],
    ['queue: {max_wait: 5}', '1:19: queue.max_wait is 5 and should be a duration such as 30s, from 10ms up to 1d'],
    ['queue: {length: 5}', 'queue.length is not a setting'],
    ['routing: {affinity: some}', '1:21: routing.affinity is "some" and should be on or off'],
    ['routing: {spill_after: soon}', '1:24: routing.spill_after is "soon" and should be a duration'],
    ['models: {policies: [{num_ctx: 1}]}', 'models.policies[0].match is missing'],
    ['models: {policies: [{match: "*", num_ctx: 0}]}', 'models.policies[0].num_ctx is 0 and should be allow, strip'],
    ['models: {policies: [{match: "*", keep_alive: 1d}]}', 'models.policies[0].keep_alive is "1d" and should be'],
    ['routing: {retry_budget: 101%}', '1:25: routing.retry_budget is "101%" and should be a share'],
    ['limits: {body: 64XB}', '1:16: limits.body is "64XB" and should be a size such as 64MB, from 1KB to 1GB'],
    ['limits: {body: 2MB, bodies_total: 1MB}', '1:35: limits.bodies_total is less than limits.body'],
    ['store: {url: "mysql://x"}', '1:14: store.url is "mysql://x" and should be sqlite: and the path of a file'],
    ['log: {requests: true}', '1:17: log.requests is true and should be the path of a folder'],
    [
      'log: {bodies: ["a b"]}',
      'log.bodies is ["a b"] and should be on, off, or a list of keys such as [laptop, "ci-*"]',
    ],
    ['log: {bodies: []}', 'log.bodies is [] and should be on, off, or a list of keys'],
    ['log: {bodies: 5}', '1:15: log.bodies is 5 and should be on, off, or a list of keys'],
    [
      'log: {bodies: on, requests: off}',
      '1:15: log.bodies needs the folder of the request log, and log.requests is off',
    ],
    ['log: {body_bytes: 2MB}', '1:19: log.body_bytes is "2MB" and should be a size such as 64MB, from 1KB to 1MB'],
    ['log: {redact_fields: email}', '1:22: log.redact_fields is "email" and should be a list of names'],
    ['log: {redact_patterns: ["x("]}', '1:25: log.redact_patterns[0] '],
    ['- a\n- b', '1:1: the file should hold settings, each with its name'],
    ['just text', '1:1: the file should hold settings'],
    ['? {a: 1}\n: 2', '1:3: a name should be plain text'],
    ['drain: *nowhere', '1:8: there is no such anchor'],
    ['drain: !hunter2 x', '1:8: tags are not known here; a value that begins with ! needs quotes'],
    ['drain: @x', '1:8: a value that begins with this character needs quotes'],
    ['a: 1\n---\nb: 2', 'the file should hold one document'],
    ['{"drain": "1s"', 'is missing'],
    ['drain: ${NOWHERE}', '1:8: drain names the variable NOWHERE, which is not set'],
    ['drain: "${"', '1:8: drain holds a "${" that is not ${NAME}'],
    ['drain: "${a b}"', '1:8: drain holds a "${" that is not ${NAME}'],
  ])('%s', async (yaml, expected) => {
    const problems = await problemsOf(yaml)
    expect(problems).toHaveLength(yaml.startsWith('tls: {cert: nope.pem, key') ? 2 : 1)
    expect(problems[0]).toContain(expected)
    expect(problems[0]).toMatch(/^corral\.yaml:\d+:\d+: /)
    expect(problems[0]).not.toContain('hunter2')
  })

  it('everything at once, in the order of the file', async () => {
    const problems = await problemsOf('lisen: 1\nauth: {mode: x}\nlog: {level: y, zz: 1}\ndrain: z\nstore: 3\n')
    expect(problems.map((line) => Number(line.split(':')[1]))).toEqual([1, 2, 3, 3, 4, 5])
  })

  it('a variable, by its name', async () => {
    const env = { CORRAL_DRAIN: 'soon', EXTERNAL_PORT: '99999', KEY_REFRESH: '-1', AUTH_TOKEN_SCOPES: 'chat,fly' }
    const problems = await problemsOf('', env)
    expect(problems).toHaveLength(4)
    expect(new Set(problems.map((line) => line.split(':')[0]))).toEqual(new Set(Object.keys(env)))
  })

  it('an open gateway on every address, unless that is meant', async () => {
    const yaml = 'listen: 0.0.0.0:1\nauth: {mode: none}'
    expect((await problemsOf(yaml))[0]).toContain('2:14: auth.mode is none, and the gateway listens on 0.0.0.0:1')
    expect((await problemsOf('auth: {mode: none}', { EXTERNAL_PORT: '1' }))[0]).toContain('auth.none_public')
    const meant = await configFolder('listen: "[::]:1"\nauth: {mode: none, none_public: on}').load()
    expect(meant.settings.auth.nonePublic).toBe(true)
    const loopback = await configFolder('listen: [localhost:1, "[::1]:1", 127.8.8.8:1]\nauth: {mode: none}').load()
    expect(loopback.settings.auth.mode).toBe('none')
  })

  it('a TLS file that holds something else', async () => {
    const folder = configFolder('tls: {cert: a.pem, key: b.pem}')
    folder.write('a.pem', '-----BEGIN RSA PRIVATE KEY-----')
    folder.write('b.pem', '-----BEGIN RSA PRIVATE KEY-----')
    expect(await folder.problems()).toEqual(['corral.yaml:1:13: tls.cert names a file that holds no PEM certificate'])
    folder.write('a.pem', '-----BEGIN CERTIFICATE-----')
    expect((await folder.load()).settings.http.tls?.key).toBe('-----BEGIN RSA PRIVATE KEY-----')
  })
})

describe('loadConfig and a file it cannot read', () => {
  it('says that it is not there, a folder, too large or no text', async () => {
    const folder = configFolder()
    folder.write('huge.yaml', 'x'.repeat(2 ** 20 + 1))
    folder.write('binary.yaml', Uint8Array.of(0xff, 0xfe, 0x41, 0))
    const say = async (file: string) => (await folder.problems({ file }))[0]
    expect(await say('nope.yaml')).toBe('The config "nope.yaml" cannot be read: there is no such file')
    expect(await say('.')).toContain('it is a folder')
    expect(await say('huge.yaml')).toContain('it is larger than 1 MB')
    expect(await say('binary.yaml')).toContain('it is not UTF-8 text')
  })

  it('takes a file of just 1 MB', async () => {
    const folder = configFolder(`drain: 1s\n#${'x'.repeat(2 ** 20 - 11)}`)
    expect((await folder.load()).settings.http.drainMs).toBe(1000)
  })

  it('bounds nesting, growth by anchors and the number of keys', async () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
    for (const [name, inner] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf'])
      bomb.push(`${name}: &${name} [${`*${inner},`.repeat(10)}]`)
    const before = process.threadCpuUsage()
    for (const yaml of [
      '['.repeat(100_000),
      bomb.join('\n'),
      'a: &a [*a]',
      'a: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]',
    ]) {
      await expect(configFolder(yaml).load()).rejects.toBeInstanceOf(ConfigError)
    }
    const many = Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join('\n')
    const problems = await problemsOf(many)
    expect(problems).toHaveLength(41)
    expect(problems).toContain('the file has 59960 more names that are not settings')
    // Of this thread: what other tests do meanwhile does not count.
    expect(process.threadCpuUsage(before).user / 1000).toBeLessThan(8000)
  })

  it('loads or says why, whatever the file holds', async () => {
    const folder = configFolder()
    const word = fc.constantFrom(
      'listen',
      'auth',
      'upstreams',
      'name',
      'url',
      'models',
      ':',
      ' ',
      '\n',
      '-',
      '{',
      '}',
      '[',
      ']',
      '"',
      '${A}',
      '*',
      '&a',
      '!',
      '?',
      '|',
      '>',
      '\t',
      '1',
      '~',
      '#',
      '%',
      '__proto__',
      ',',
    )
    const text = fc.oneof(
      fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
      fc.string({ unit: 'binary', maxLength: 60 }),
    )
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        folder.write('corral.yaml', content)
        const error = await loadConfig({ env: { A: '1' }, cwd: folder.path }).catch((thrown: unknown) => thrown)
        if (error instanceof Error) expect(error).toBeInstanceOf(ConfigError)
      }),
      { numRuns: 300 },
    )
  })
})
