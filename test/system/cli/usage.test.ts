import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { corralIn } from './corral.ts'

describe('bad usage ends with 2 and says what is wrong', () => {
  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['key', 'frobnicate'], "unknown command 'frobnicate'"],
    [['key', 'create'], "missing required argument 'name'"],
    [['key', 'list', 'extra'], 'too many arguments'],
    [['key', 'create', 'x', '--scope', 'root'], 'chat, embed, models:read'],
    [['key', 'create', 'x', '--expires', 'soon'], '12h or 30d'],
    [['key', 'create', 'x', '--format', 'jwt'], 'crl, ollama-uuid'],
    [['serve', '--port', '1'], "unknown option '--port'"],
    [['share'], '--model'],
    [['env', 'emacs'], 'ollama, openai, claude, codex'],
    [['user', 'list', '--server', 'http://127.0.0.1:9'], 'CORRAL_KEY'],
    [['user', 'list', '--server', 'ftp://x', '--key', 'k'], 'not an http or https URL'],
  ])('corral %j', async (args, sentence) => {
    const { code, stdout, stderr } = await corralIn()(...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^corral: /)
    expect(stderr).toContain(sentence)
  })

  it('corral alone and a group alone say what there is', async () => {
    const corral = corralIn()
    for (const [args, word] of [
      [[], 'serve'],
      [['key'], 'revoke'],
    ] as const) {
      const { code, stderr } = await corral(...args)
      expect([code, stderr]).toEqual([2, expect.stringContaining(word)])
    }
  })
})

describe('help', () => {
  it.each([
    [['--help'], 'doctor'],
    [['key', 'create', '--help'], '--expires'],
    [['serve', '-h'], '--listen'],
  ])('corral %j goes to stdout and ends with 0', async (args, word) => {
    const { code, stdout, stderr } = await corralIn()(...args)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(word)
  })
})

describe('corral version', () => {
  it('says the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    for (const args of [['version'], ['--version']]) {
      expect(await corralIn()(...args)).toEqual({ code: 0, stdout: `corral ${version}\n`, stderr: '' })
    }
  })

  it('loads neither database, schemas, log nor client', async () => {
    const corral = corralIn(undefined, { NODE_DEBUG: 'esm' })
    const { stderr } = await corral('version')
    expect(stderr).toContain('commander')
    expect(stderr).not.toMatch(/node_modules\/(kysely|zod|yaml|pino|undici)\//)
  })
})

describe('corral init', () => {
  it('writes a config that is right, and does not overwrite it', async () => {
    const corral = corralIn()
    const path = join(corral.folder, 'corral.yaml')
    expect((await corral('init')).code).toBe(0)
    expect((await corral('config', 'check')).code).toBe(0)
    writeFileSync(path, 'drain: 5s\n')
    const again = await corral('init')
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('--force')])
    expect(readFileSync(path, 'utf8')).toBe('drain: 5s\n')
    expect((await corral('init', '--force')).code).toBe(0)
    expect(readFileSync(path, 'utf8')).toContain('listen:')
  })

  it('writes settings that are right when they are taken out of their comments', async () => {
    const corral = corralIn(undefined, { GPU_1_TOKEN: 'x' })
    const path = join(corral.folder, 'corral.yaml')
    await corral('init')
    const text = readFileSync(path, 'utf8')
    const settings = text.split('\n').map((line) => line.replace(/^# (?=( *- | *[a-z_]+:))/, ''))
    writeFileSync(path, settings.filter((line) => !line.startsWith('tls:')).join('\n'))
    const { code, stderr } = await corral('config', 'check')
    expect([code, stderr]).toEqual([0, ''])
    const names = (await corral.json('config', 'show'))
      .filter((item) => item['source'] === 'file')
      .map((item) => item['name'])
    expect(names).toEqual(
      expect.arrayContaining(['upstreams[1].max_response_time', 'routing.idle_timeout', 'log.requests']),
    )
  })
})

describe('corral config', () => {
  it('check names every problem on its own line and ends with 1', async () => {
    const corral = corralIn()
    writeFileSync(join(corral.folder, 'c.yaml'), 'lissten: 1\ndrain: soon\n')
    const { code, stdout, stderr } = await corral('config', 'check', '--config', 'c.yaml')
    expect([code, stdout]).toEqual([1, ''])
    const lines = stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines.every((line) => /^corral: c\.yaml:\d+:\d+: /.test(line))).toBe(true)
  })

  it.each([
    ['models: {assignments: {"x": [gpu-9]}}', 'models.assignments.x[0] is "gpu-9", which is not an upstream or pool'],
    ['upstreams: [{name: a, url: "http://x", memory: 24}]', 'upstreams[0].memory is 24 and should be a size with its'],
    ['models: {fallbacks: {a: [b], b: [a]}}', 'models.fallbacks.a leads in a circle: a > b > a'],
    ['upstreams: [{name: a, url: "http://x", priority: -1}]', 'upstreams[0].priority is -1 and should be a whole'],
    ['upstreams: [{name: a, url: "http://x"}, {name: a, url: "http://y"}]', 'upstreams[1].name is "a", which is taken'],
  ])('check refuses %s', async (text, sentence) => {
    const corral = corralIn()
    writeFileSync(join(corral.folder, 'corral.yaml'), text)
    const { code, stdout, stderr } = await corral('config', 'check')
    expect([code, stdout, stderr.split('\n').length]).toEqual([1, '', 2])
    expect(stderr).toContain(sentence)
  })

  it('check warns of what can be meant and probably is not, and ends with 0', async () => {
    const corral = corralIn()
    const upstream = '{name: gpu-1, url: "http://x", memory: 24GB}'
    const models = '{assignments: {"x:70b": [gpu-1]}, memory: {"x:70b": 40GB}}'
    writeFileSync(join(corral.folder, 'corral.yaml'), `upstreams: [${upstream}]\nmodels: ${models}\n`)
    const { code, stdout, stderr } = await corral('config', 'check')
    expect([code, stdout]).toEqual([0, expect.stringContaining('is fine')])
    expect(stderr).toBe(
      'Warning: models.assignments."x:70b" holds although gpu-1 has less memory than the 40GB it takes\n',
    )
  })

  it('check warns of lines that name only upstreams that are not enabled', async () => {
    const corral = corralIn()
    writeFileSync(
      join(corral.folder, 'corral.yaml'),
      `upstreams:
  - {name: on, url: "http://x"}
  - {name: off-1, url: "http://y", enabled: off}
  - {name: off-2, url: "http://z", enabled: off}
models:
  assignments: {a: [off-1, off-2], b: [off-1, on], c: [off-1, default]}
  keep_warm: [a, {model: b, upstreams: [off-2]}, {model: c, upstreams: [off-2, on]}]
  desired: {off-1: [a], on: [b]}
`,
    )
    const { code, stdout, stderr } = await corral('config', 'check')
    expect([code, stdout]).toEqual([0, expect.stringContaining('is fine')])
    expect(stderr).toBe(
      'Warning: models.assignments.a names only off-1, off-2, which are not enabled\n' +
        'Warning: models.keep_warm[1] names only off-2, which is not enabled\n' +
        'Warning: models.desired.off-1 names only off-1, which is not enabled\n',
    )
  })

  it('check of a file that is not there ends with 1', async () => {
    const { code, stderr } = await corralIn()('config', 'check', '--config', 'nowhere.yaml')
    expect([code, stderr]).toEqual([1, expect.stringContaining('nowhere.yaml')])
  })

  it('show says where each value came from and hides secrets', async () => {
    const corral = corralIn(undefined, { AUTH_TOKEN: 'very-secret-token', CORRAL_LISTEN: '127.0.0.1:1234' })
    writeFileSync(join(corral.folder, 'corral.yaml'), 'drain: 5s\n')
    const text = await corral('config', 'show')
    const items = await corral.json('config', 'show')
    const find = (name: string): unknown => items.find((item) => item['name'] === name)
    expect(find('listen')).toMatchObject({ value: ['127.0.0.1:1234'], source: 'env', detail: 'CORRAL_LISTEN' })
    expect(find('drain')).toMatchObject({ value: '5s', source: 'file' })
    expect(find('auth.mode')).toMatchObject({ value: 'keys', source: 'default' })
    expect(find('auth.token')).toMatchObject({ value: '[redacted]', source: 'env' })
    expect(text.stdout).toMatch(/^drain +5s +file /m)
    expect(text.stdout + JSON.stringify(items)).not.toContain('very-secret-token')
  })
})

describe('corral env', () => {
  it.each([
    ['ollama', 'export OLLAMA_HOST=http://127.0.0.1:4242/k/crl_x'],
    ['openai', 'export OPENAI_BASE_URL=http://127.0.0.1:4242/v1\nexport OPENAI_API_KEY=crl_x'],
    ['claude', 'export ANTHROPIC_BASE_URL=http://127.0.0.1:4242\nexport ANTHROPIC_AUTH_TOKEN=crl_x'],
    ['codex', 'base_url = "http://127.0.0.1:4242/v1"'],
  ])('%s leads to the gateway of the config', async (client, wanted) => {
    const corral = corralIn(undefined, { CORRAL_LISTEN: '0.0.0.0:4242', CORRAL_KEY: 'crl_x' })
    const { code, stdout } = await corral('env', client)
    expect(code).toBe(0)
    expect(stdout).toContain(wanted)
  })

  it('has a placeholder where no key was given, and says how to make one', async () => {
    const { stdout } = await corralIn()('env', 'openai')
    expect(stdout).toMatch(/^# .*corral key create/)
    expect(stdout).toContain('export OPENAI_API_KEY=KEY')
  })

  it('quotes what a shell would take apart', async () => {
    const { stdout } = await corralIn()('env', 'openai', '--key', "a'; rm -rf $HOME #")
    expect(stdout).toContain(`export OPENAI_API_KEY='a'\\''; rm -rf $HOME #'`)
  })

  it('makes no store', async () => {
    const corral = corralIn()
    await corral('env', 'ollama')
    expect(existsSync(join(corral.folder, 'corral.db'))).toBe(false)
  })
})
