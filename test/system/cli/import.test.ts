import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { corralIn, type Corral } from './corral.ts'

const rich = `
default: &default
  proxy_port: <%= ENV.fetch("PROXY_PORT", 11434) %>
  servers:
    high_performance: {host: localhost, port: 11435, name: high_performance, priority: 1, max_memory_gb: null, enabled: true}
    "the old one": {host: "<%= ENV['OLD_HOST'] || '10.0.0.7' %>", port: 11436, priority: 2, max_memory_gb: 24, enabled: yes, weight: 3}
    asleep: {host: "<%= ENV['ASLEEP_HOST'] %>", port: 11437, priority: 3, api_key: sk-hunter2-hunter2, enabled: false}
  external_hosts:
    openai: {host: api.openai.com, port: 443, protocol: https, api_key_env: OPENAI_API_KEY, name: openai, enabled: true}
    anthropic: {host: api.anthropic.com, port: 443, protocol: https, api_key_env: ANTHROPIC_API_KEY, enabled: false}
    google: {host: generativelanguage.googleapis.com, port: 443, protocol: https, api_key: hunter2-hunter2, enabled: true}
  model_config:
    explicit_assignments: {"gpt-4": openai, "claude-3-haiku": anthropic, "qwen3:8b": [high_performance, "the old one"]}
    memory_overrides: {"custom-model-70b": 40.0}
    memory_patterns: [{pattern: ".*-7b.*", memory_gb: 4.5}]
    default_memory_gb: 4.5
    cache_model_info: true
    cache_ttl_seconds: 3600
  routing_strategy: priority_with_memory
  request_timeout: 300
  health_check_interval: 30
  server_busy_threshold_ms: 1000
  model_info_timeout: 10
  logging: {enabled: true, level: info, directory: /var/log/ollama-proxy, max_size: 100MB, max_files: 10}
development:
  <<: *default
  proxy_port: 4001
production:
  <<: *default
`
const used = { PROXY_PORT: '11434', OLD_HOST: '10.0.0.7', OPENAI_API_KEY: 'k', GOOGLE_API_KEY: 'k' }

function withFile(name: string, text: string | Uint8Array, env: Readonly<Record<string, string>> = {}): Corral {
  const corral = corralIn(undefined, env)
  mkdirSync(join(corral.folder, 'theirs'))
  writeFileSync(join(corral.folder, 'theirs', name), text)
  return corral
}

const written = (corral: Corral, name = 'corral.yaml'): string => readFileSync(join(corral.folder, name), 'utf8')

describe('corral import of a Rails config', () => {
  it('writes a config that is right once its variables are set, and says what is next', async () => {
    const corral = withFile('ollama_proxy.yml', rich, used)
    const { code, stdout, stderr } = await corral('import', 'theirs/ollama_proxy.yml')
    expect([code, stdout]).toEqual([0, ''])
    const count = written(corral).match(/Not mapped: /g)?.length
    expect(count).toBeGreaterThan(7)
    expect(stderr).toContain(`corral.yaml; ${count} things did not map`)
    expect(stderr).toMatch(/^Set, in the environment or in \.env: .*OPENAI_API_KEY.*$/m)
    expect(stderr).toMatch(/^Next: corral config check, then corral serve$/m)
    // The file itself assigns a model to a provider that it switches off.
    const warning = 'Warning: models.assignments.claude-3-haiku names only anthropic, which is not enabled\n'
    expect(await corral('config', 'check')).toMatchObject({ code: 0, stderr: warning })
    const names = (await corral.json('config', 'show')).filter(({ source }) => source === 'file')
    expect(names.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'listen',
        'upstreams[1].memory',
        'upstreams[5].models',
        'models.assignments.gpt-4',
        'models.memory.custom-model-70b',
        'models.memory_patterns[0].match',
        'routing.model_ttl',
      ]),
    )
    expect(`${stdout}${stderr}${written(corral)}`).not.toContain('hunter2')
  })

  it('lets nobody else read it', async () => {
    const corral = withFile('ollama_proxy.yml', rich)
    await corral('import', 'theirs/ollama_proxy.yml')
    expect(statSync(join(corral.folder, 'corral.yaml')).mode & 0o777).toBe(0o600)
  })

  it('takes the environment, the place and stdout that it is told', async () => {
    const corral = withFile('ollama_proxy.yml', rich)
    const other = await corral('import', 'theirs/ollama_proxy.yml', '--env', 'development', '--out', 'theirs/ours.yaml')
    expect(written(corral, 'theirs/ours.yaml')).toContain('listen: "0.0.0.0:4001"')
    expect(other.stderr).toContain('corral config check --config theirs/ours.yaml')
    const { code, stdout } = await corral('import', 'theirs/ollama_proxy.yml', '--env', 'development', '--out', '-')
    expect([code, stdout]).toEqual([0, written(corral, 'theirs/ours.yaml')])
    expect(existsSync(join(corral.folder, 'corral.yaml'))).toBe(false)
    expect((await corral.fed(rich, 'import', '-', '--out', '-')).stdout).toContain('listen: "0.0.0.0:${PROXY_PORT}"')
  })

  it('overwrites nothing without --force', async () => {
    const corral = withFile('ollama_proxy.yml', rich)
    writeFileSync(join(corral.folder, 'corral.yaml'), 'drain: 5s\n')
    const { code, stderr } = await corral('import', 'theirs/ollama_proxy.yml')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^corral: Cannot write .*--force replaces it\n$/)])
    expect(written(corral)).toBe('drain: 5s\n')
    expect((await corral('import', 'theirs/ollama_proxy.yml', '--force')).code).toBe(0)
    expect(written(corral)).toContain('upstreams:')
  })
})

describe('corral import of a file that cannot be imported', () => {
  it.each([
    ['text', 'nothing to see here', 'it is neither an ollama_proxy.yml'],
    ['nothing', '', 'is empty'],
    ['broken YAML', 'servers: [', 'line '],
    ['no text', new Uint8Array([0xff, 0xfe, 0]), 'it is not UTF-8 text'],
    ['two environments', 'test: {proxy_port: 1}\nstaging: {proxy_port: 2}', 'has test, staging; choose with --env'],
    ['an unknown server', rich.replace('"gpt-4": openai', '"gpt-4": azure'), '"gpt-4" to "azure"'],
    ['other Ruby', rich.replace('info, dir', '<%= rand %>, dir'), 'line 24 runs Ruby code'],
  ])('says so in one line and writes nothing: %s', async (_what, text, sentence) => {
    const corral = withFile('x', text)
    const { code, stdout, stderr } = await corral('import', 'theirs/x')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^corral: .*\n$/)
    expect(stderr).toContain(sentence)
    expect(existsSync(join(corral.folder, 'corral.yaml'))).toBe(false)
  })

  it('says that there is none, or that it is a folder', async () => {
    const corral = withFile('x', rich)
    expect(await corral('import', 'nowhere')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'corral: Cannot read "nowhere": there is no such file\n',
    })
    expect((await corral('import', 'theirs')).stderr).toBe('corral: Cannot read "theirs": it is a folder\n')
    expect((await corral('import')).code).toBe(2)
  })
})

describe('corral import of a file of keys', () => {
  const salt = 'a-salt-of-theirs'
  const salted = (key: string): string => createHash('sha256').update(`${key}@separator@${salt}`).digest('hex')
  const uuid = 'OLLAMA-5e0d1c1e-1111-4222-8333-444455556666'

  it.each([
    ['authTokens.json', JSON.stringify([uuid])],
    ['api_keys.txt', `${salted(uuid)}\n`],
  ])('lets in who has a key of %s', async (name, text) => {
    await using fake = await startFakeOllama()
    const folder = tempFolder()
    const env = { API_KEY_SALT: salt, OLLAMA_URL: fake.url }
    const corral = corralIn(folder, env)
    mkdirSync(join(folder, 'theirs'))
    mkdirSync(join(folder, 'ours'))
    writeFileSync(join(folder, 'theirs', name), text)
    const { code, stdout, stderr } = await corral('import', `theirs/${name}`, '--out', 'ours/corral.yaml')
    expect([code, stdout, stderr]).toEqual([0, '', expect.stringContaining('everything in it is mapped')])
    expect(written(corral, 'ours/corral.yaml')).not.toContain(uuid)
    await using gateway = await startGateway({ folder, env, args: ['--config', join(folder, 'ours/corral.yaml')] })
    const ask = (key: string) => fetch(`${gateway.url}/api/tags`, { headers: { apikey: key } })
    expect([(await ask(uuid)).status, (await ask(`${uuid}x`)).status]).toEqual([200, 401])
  })

  it('does not take them from stdin, where no config could find them', async () => {
    const { code, stderr } = await corralIn().fed(JSON.stringify([uuid]), 'import', '-')
    expect([code, stderr]).toEqual([1, expect.stringContaining('give its path instead of -')])
    expect(stderr).not.toContain(uuid)
  })
})
