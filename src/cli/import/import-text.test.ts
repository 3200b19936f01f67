import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { countUnmapped, variablesOf, writeYaml } from './annotated-yaml.ts'
import { importText } from './import-text.ts'

const terms = { file: 'theirs', pathFromConfig: '../theirs', environment: undefined }

function read(text: string, environment?: string) {
  const section = importText(text, { ...terms, environment })
  const written = writeYaml(section)
  const config = parse(written) as Record<string, never>
  return { written, config, unmapped: countUnmapped(section), variables: variablesOf(section) }
}

const server = (more: string, name = 'a') => `servers: {${name}: {host: h, port: 1, enabled: true, ${more}}}`
const external = (more: string) => `external_hosts: {far: {protocol: https, enabled: true, ${more}}}`

describe('servers', () => {
  it('are upstreams, in a section or a list', () => {
    const wanted = { upstreams: [{ name: 'a', url: 'http://h:1', priority: 2 }] }
    expect(read(server('priority: 2')).config).toEqual(wanted)
    expect(read('servers: [{name: a, host: h, port: 1, enabled: true, priority: 2}]').config).toEqual(wanted)
  })

  it.each([
    ['servers: [{host: gpu.lan, port: 1}]', 'gpu.lan-1', 'http://gpu.lan:1'],
    ['servers: [{host: "::1"}]', '1', 'http://[::1]:11434'],
    ['servers: [{host: h, port: "443", protocol: https, name: "the big one!"}]', 'the-big-one', 'https://h'],
  ])('get a name and a url: %s', (text, name, url) => {
    expect(read(text).config['upstreams']).toMatchObject([{ name, url }])
  })

  it('have names that differ in more than case', () => {
    const { config, written } = read('servers: {GPU: {host: a}, gpu: {host: b}}')
    expect(config['upstreams']).toMatchObject([{ name: 'GPU' }, { name: 'gpu-2' }])
    expect(written).toContain('Called "gpu" there')
  })

  it('stay off, and keep their memory', () => {
    const { config, unmapped } = read('servers: {a: {host: h, priority: 1, max_memory_gb: 24, enabled: no}}')
    expect(config['upstreams']).toMatchObject([{ enabled: false, memory: '24GB' }])
    expect(unmapped).toBe(0)
    expect(read(server('priority: 1, max_memory_gb: 7.50')).config['upstreams']).toMatchObject([{ memory: '7.5GB' }])
    const limitless = read(server('priority: 1, max_memory_gb: null'))
    expect([limitless.unmapped, limitless.written]).toEqual([0, expect.not.stringContaining('memory')])
    const left = read(server("priority: 1, max_memory_gb: <%= ENV['GB'] %>"))
    expect([left.config['upstreams'], left.variables]).toMatchObject([[{ memory: '${GB}GB' }], ['GB']])
  })

  it('come last without a priority, and keep the threshold that makes one busy', () => {
    const { config } = read(`server_busy_threshold_ms: 1500\n${server('')}`)
    expect(config['upstreams']).toMatchObject([{ priority: 999, max_response_time: '1s500ms' }])
  })

  it.each([
    ['servers: {a: {port: 1}}', 'servers.a.host should be'],
    ['servers: {a: {host: "http://h"}}', 'servers.a.host should be'],
    ['servers: {a: {host: h, port: 70000}}', 'servers.a.port should be'],
    ['servers: {a: {host: h, protocol: ftp}}', 'servers.a.protocol should be'],
    ['servers: [h]', 'servers[0] should be a section'],
    ['servers: h', 'servers should be a section or a list'],
  ])('are refused where they cannot be reached: %s', (text, sentence) => {
    expect(() => read(text)).toThrow(sentence)
  })
})

describe('external hosts', () => {
  it.each([
    ['api.openai.com', 'openai', 'https://api.openai.com/v1'],
    ['api.anthropic.com', 'anthropic', 'https://api.anthropic.com/v1'],
    ['api.groq.com', 'openai-compatible', 'https://api.groq.com/openai/v1'],
    ['llm.example.com', 'openai-compatible', 'https://llm.example.com/v1'],
  ])('%s is of type %s', (host, type, url) => {
    const { config } = read(external(`host: ${host}, port: 443, api_key_env: MY_KEY`))
    expect(config['upstreams']).toEqual([{ name: 'far', type, url, api_key: '${MY_KEY}', models: [] }])
  })

  it('are named by their host where nothing else names them', () => {
    const { config } = read('external_hosts: [{host: api.openai.com}, {host: api.anthropic.com}]')
    expect(config['upstreams']).toMatchObject([
      { name: 'openai', api_key: '${OPENAI_API_KEY}' },
      { name: 'anthropic', api_key: '${ANTHROPIC_API_KEY}' },
    ])
  })

  it('serve the models that were assigned to them and no others', () => {
    const assigned = 'model_config: {explicit_assignments: {gpt-4: far, "gpt-4o": [far], llama3: far}}'
    const { config } = read(`${external('host: api.openai.com')}\n${assigned}`)
    expect(config['upstreams']).toMatchObject([{ models: ['gpt-4', 'gpt-4o', 'llama3'] }])
  })

  it.each(['127.0.0.1', '192.168.1.5', 'localhost', 'vllm', 'box.local', '"::1"'])(
    '%s may be reached, as it was',
    (host) => {
      expect(read(external(`host: ${host}`)).config['upstreams']).toMatchObject([{ allow_private: true }])
    },
  )
})

describe('assignments', () => {
  const two = 'servers: {a: {host: h, name: big}, b: {host: i, enabled: false}}'
  const assigned = (lines: string) => `${two}\nmodel_config: {explicit_assignments: {${lines}}}`

  it('name servers by key or by name', () => {
    const { config } = read(assigned('m: a, n: big, o: [b, a]'))
    expect(config['models']).toEqual({ assignments: { m: ['big'], n: ['big'], o: ['b', 'big'] } })
  })

  it('say all that lead nowhere, one line each, and what there is', () => {
    const lines = ['m', 'n'].map((model) => expect.stringMatching(new RegExp(`"${model}" to "nope".*there are a, b$`)))
    let problems: unknown
    try {
      read(assigned('m: nope, n: [a, nope]'))
    } catch (error) {
      problems = (error as { problems?: unknown }).problems
    }
    expect(problems).toEqual(lines)
  })

  it('to what is off say that nobody answers', () => {
    expect(read(assigned('m: b')).written).toContain('# Nobody serves it while b is not enabled; there another server')
    expect(read(assigned('m: [a, b]')).written).not.toContain('Nobody serves')
  })

  it('of the same model twice, or of no model, become comments', () => {
    const { config, unmapped } = read(assigned('m: a, "M:latest": b, "a b": a'))
    expect(config['models']).toEqual({ assignments: { m: ['big'] } })
    expect(unmapped).toBe(2)
  })
})

describe('the rest of the file', () => {
  it('maps the port, the times and the level', () => {
    const text = `proxy_port: 11434\nhealth_check_interval: 30\nlogging: {enabled: true, level: WARN}\nmodel_config: {cache_ttl_seconds: 3600}`
    const { config } = read(`${text}\n${server('')}`)
    expect(config).toMatchObject({
      listen: '0.0.0.0:11434',
      routing: { model_ttl: '1h', health_interval: '30s' },
      log: { level: 'warn' },
    })
  })

  it.each(['debug', 'info', 'warn', 'error', 'fatal'])('keeps level %s', (level) => {
    expect(read(`proxy_port: 1\nlogging: {level: ${level}}`).config['log']).toEqual({ level })
  })

  it('does not listen where a server of this machine does', () => {
    const { config, unmapped } = read('proxy_port: 11434\nservers: {a: {host: localhost, port: 11434, priority: 1}}')
    expect([config['listen'], unmapped]).toEqual([undefined, 1])
  })

  it.each([
    'new_key: 1',
    'request_timeout: 300',
    'logging: {directory: /var/log}',
    'logging: {level: loud}',
    'logging: {enabled: false}',
    'model_config: {memory_overrides: {m: much}}',
    'model_config: {memory_overrides: {m: 0}}',
    'model_config: {memory_overrides: {"a b": 40.0}}',
    'model_config: {memory_overrides: {m: 40.0, "M:latest": 41}}',
    'model_config: {memory_overrides: [40]}',
    'model_config: {memory_patterns: {a: 1}}',
    'model_config: {memory_patterns: [{pattern: "(?=7b)", memory_gb: 4.5}]}',
    'model_config: {memory_patterns: [{pattern: x, memory_gb: 4.5, why: so}]}',
    'model_config: {memory_patterns: [{pattern: x}]}',
    'model_config: {default_memory_gb: 4.5}',
    'model_config: {cache_model_info: false}',
    'model_config: [1]',
    'cache_ttl_seconds: 0',
    'proxy_port: many',
    'server_busy_threshold_ms: soon',
    'servers: {a: {host: h, priority: 1, weight: 3}}',
    'servers: {a: {host: h, priority: high}}',
    'servers: {a: {host: h, priority: 1, max_memory_gb: lots}}',
    'servers: {a: {host: h, priority: 1, max_memory_gb: 0}}',
  ])('drops nothing silently: %s', (line) => {
    const rest = line.startsWith('servers') ? '' : `\n${server('priority: 1')}`
    expect(read(line + rest).unmapped).toBe(1)
  })

  it('maps the memory of models', () => {
    const { config, written, unmapped } = read(
      `${server('priority: 1')}\nmodel_config: {memory_overrides: {"custom-70b": 40.0}, memory_patterns: [{pattern: ".*-7b", memory_gb: 4.5}, {pattern: "(", memory_gb: 1}]}`,
    )
    expect(config['models']).toEqual({
      memory: { 'custom-70b': '40GB' },
      memory_patterns: [{ match: '.*-7b', memory: '4.5GB' }],
    })
    expect([unmapped, written]).toEqual([1, expect.stringContaining('the pattern has a ( that is not closed')])
  })
})

describe('environments', () => {
  const file = `default: &default\n  proxy_port: 1\n  logging: {level: info}\ndevelopment:\n  <<: *default\n  proxy_port: 2\n`

  it('inherit, and production is taken unless another is named', () => {
    const whole = `${file}production:\n  <<: *default\n  proxy_port: 3\n`
    expect(read(whole).config).toMatchObject({ listen: '0.0.0.0:3', log: { level: 'info' } })
    expect(read(whole, 'development').config).toMatchObject({ listen: '0.0.0.0:2' })
  })

  it('are taken where there is one, and listed where it is not clear', () => {
    expect(read(file).config).toMatchObject({ listen: '0.0.0.0:2' })
    expect(() => read(`${file}test:\n  <<: *default\n`)).toThrow(
      'Which environment is meant? The file has development, test; choose with --env',
    )
    expect(() => read(file, 'staging')).toThrow('There is no environment staging: The file has development')
    expect(() => read('proxy_port: 1', 'production')).toThrow('without --env')
  })

  it('lie over shared', () => {
    const { config } = read('shared: {logging: {level: error}}\nproduction: {proxy_port: 4}')
    expect(config).toMatchObject({ listen: '0.0.0.0:4', log: { level: 'error' } })
  })
})

describe('variables of a template', () => {
  it('stay variables, with what their default was', () => {
    const { config, written, unmapped, variables } = read(
      `servers: {a: {host: <%= ENV.fetch("H", "10.0.0.7") %>, port: <%= ENV['P'] || 11435 %>, priority: 1, enabled: <%= ENV['E'] %>}}`,
    )
    expect(config['upstreams']).toEqual([{ name: 'a', url: 'http://${H}:${P}', priority: 1, enabled: '${E}' }])
    expect([variables, unmapped]).toEqual([['H', 'P', 'E'], 2])
    expect(written).toContain('H had a default there, "10.0.0.7"')
  })

  it('that only Ruby can make are refused where they are needed, and nowhere else', () => {
    const file = (port: string) => `production: {proxy_port: 1}\ntest:\n  proxy_port: ${port}\n`
    expect(read(file('<%= rand %>')).config).toMatchObject({ listen: '0.0.0.0:1' })
    expect(() => read(file('<%= rand %>'), 'test')).toThrow('Cannot import "theirs": line 3 runs Ruby code')
  })
})

describe('secrets of the file', () => {
  const hidden = /hunter2/

  it.each([
    external('host: api.openai.com, api_key: sk-hunter2'),
    external('host: api.openai.com, api_key_env: sk-hunter2'),
    external("host: api.openai.com, api_key_env: \"<%= ENV.fetch('K', 'hunter2') %>\""),
    external("host: api.openai.com, api_key: \"<%= ENV['OPENAI_KEY'] || 'hunter2' %>\""),
    external('host: api.openai.com, token: hunter2'),
    server('api_key: hunter2'),
    server('password: hunter2'),
    server('auth: {user: x, secret: hunter2}'),
    server('proxy: "http://u:hunter2@h"'),
    'proxy_port: 1\nredis_url: redis://:hunter2@h',
    'proxy_port: 1\nmail: {password: hunter2, keys: [hunter2]}',
    'proxy_port: 1\nwhatever: sk-hunter2',
    'proxy_port: 1\nwhatever: "Bearer hunter2"',
  ])('are not copied: %s', (text) => {
    expect(read(text).written).not.toMatch(hidden)
  })

  it('become a variable, and it is said which', () => {
    const { written, config, variables } = read(external('host: api.openai.com, api_key: sk-hunter2'))
    expect(config['upstreams']).toMatchObject([{ api_key: '${FAR_API_KEY}' }])
    expect([variables, written]).toEqual([['FAR_API_KEY'], expect.stringContaining('set FAR_API_KEY to it')])
    expect(read(server('token: hunter2')).config['upstreams']).toMatchObject([
      { headers: { authorization: 'Bearer ${A_API_KEY}' } },
    ])
  })

  it.each([
    'servers: {a: {host: "u:hunter2@h"}}',
    'servers: {a: {host: h, port: hunter2}}',
    'servers: {a: {host: h, protocol: hunter2}}',
    'hunter2: hunter2',
    'a: [hunter2',
    'proxy_port: <%= hunter2 %>',
    '<% hunter2 %>',
  ])('are not in what is said about a file that cannot be imported: %s', (text) => {
    let message = ''
    try {
      read(text)
    } catch (error) {
      message = String(error)
    }
    expect(message).not.toBe('')
    expect(message).not.toMatch(hidden)
  })
})

describe('files of keys', () => {
  const uuid = 'OLLAMA-5e0d1c1e-1111-4222-8333-444455556666'

  it.each([
    [JSON.stringify([uuid]), { tokens_file: '../theirs' }],
    ['[]', { tokens_file: '../theirs' }],
    [`${'ab'.repeat(32)}\n\n# mine\n${'CD'.repeat(32)}\r\n`, { key_file: '../theirs', key_salt: '${API_KEY_SALT}' }],
    [`${uuid}\n${uuid}`, { key_file: '../theirs' }],
  ])('are known by what they hold: %j', (text, auth) => {
    const { config, written } = read(text)
    expect(config).toEqual({ auth })
    expect(written).not.toContain(uuid)
  })

  it.each([
    ['', 'is empty'],
    ['["a b"]', 'Entry 1'],
    ['[1, 2]', 'it is neither'],
    ['{"a": 1}', 'it is neither'],
    ['short', 'it is neither'],
    [`${'ab'.repeat(32)}\nx y`, 'it is neither'],
  ])('are refused in one line where they are none: %j', (text, sentence) => {
    expect(() => read(text)).toThrow(sentence)
  })
})
