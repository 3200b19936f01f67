import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { corralIn } from './corral.ts'

const KEY_LINE = /^crl_[0-9A-Za-z]{33}\n$/

function sshPublicKey(comment: string): string {
  const { publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes])
  const wire = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)])
  return `ssh-ed25519 ${wire.toString('base64')} ${comment}\n`
}

describe('corral user', () => {
  it('create prints a first key on stdout and nothing else there', async () => {
    const corral = corralIn()
    const { code, stdout, stderr } = await corral('user', 'create', 'ada')
    expect([code, stdout]).toEqual([0, expect.stringMatching(KEY_LINE)])
    expect(stderr).not.toContain(stdout.trim())
    expect(await corral.json('user', 'list')).toMatchObject([{ name: 'ada', state: 'active', active_keys: 1 }])
    expect(await corral.json('key', 'list')).toMatchObject([{ name: 'ada', user: 'ada' }])
  })

  it('create refuses a name that is taken and makes no key', async () => {
    const corral = corralIn()
    await corral('user', 'create', 'ada')
    const { code, stdout, stderr } = await corral('user', 'create', 'ada')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toBe('corral: There is a user "ada" already: choose another name\n')
    expect(await corral.json('key', 'list')).toHaveLength(1)
  })

  it('disable ends all of theirs, enable brings them back', async () => {
    const corral = corralIn()
    await corral('user', 'create', 'ada')
    await corral('key', 'create', 'laptop', '--user', 'ada')
    expect((await corral('user', 'disable', 'ada')).code).toBe(0)
    const states = async (): Promise<unknown[]> => (await corral.json('key', 'list')).map((key) => key['state'])
    expect(await states()).toEqual(['disabled', 'disabled'])
    expect(await corral.json('user', 'list')).toMatchObject([{ state: 'disabled' }])
    expect((await corral('user', 'enable', 'ada')).code).toBe(0)
    expect(await states()).toEqual(['active', 'active'])
  })

  it('disable says so when there is nobody of that name', async () => {
    const { code, stderr } = await corralIn()('user', 'disable', 'bob')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^corral: There is no user "bob" .*user list.*\n$/)])
  })
})

describe('corral key', () => {
  it('create takes scopes, models, upstreams, a user and an end', async () => {
    const corral = corralIn()
    await corral('user', 'create', 'ada')
    const limits = ['--scope', 'chat', 'embed', '--model', 'qwen3:*', '--upstream', 'gpu-1', '--expires', '30d']
    const { code, stdout } = await corral('key', 'create', 'laptop', '--user', 'ada', ...limits)
    expect([code, stdout]).toEqual([0, expect.stringMatching(KEY_LINE)])
    const [, key] = await corral.json('key', 'list')
    expect(key).toMatchObject({
      name: 'laptop',
      user: 'ada',
      scopes: ['chat', 'embed'],
      models: ['qwen3:*'],
      upstreams: ['gpu-1'],
      state: 'active',
      hint: stdout.trim().slice(-4),
    })
    const days = (Date.parse(String(key?.['expires_at'])) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(29.99)
    expect(days).toBeLessThanOrEqual(30)
  })

  it('create --agent makes a key for a pool, and says what to run beside the Ollama', async () => {
    const corral = corralIn()
    writeFileSync(join(corral.folder, 'corral.yaml'), 'listen: 192.0.2.7:8080\nagents: {pools: [{name: home}]}\n')
    const { code, stdout, stderr } = await corral('key', 'create', 'attic', '--agent', '--pool', 'home', 'default')
    expect([code, stdout]).toEqual([0, expect.stringMatching(KEY_LINE)])
    expect(stderr).toMatch(
      /^Key "attic" of user "admin" \(key_\w+\): agent, pools home default\. It is shown this once:\n/,
    )
    expect(stderr).toContain(`\n  npx corral agent --server http://192.0.2.7:8080 --key ${stdout.trim()}\n`)
    expect(await corral.json('key', 'list')).toMatchObject([
      { scopes: ['agent'], pools: ['home', 'default'], models: null, upstreams: null },
    ])
    expect((await corral('key', 'list')).stdout).toContain('agent in home default')
    const elsewhere = await corral('key', 'create', 'shed', '--agent', '--url', 'https://gw.example.com/')
    expect(elsewhere.stderr).toContain('npx corral agent --server https://gw.example.com --key crl_')
  })

  it.each([
    [['--agent', '--pool', 'lab'], 'The config has no pool "lab" under agents.pools; it has default'],
    [['--agent', '--scope', 'chat'], 'A key of an agent has the scope "agent" alone: make two keys'],
    [['--pool', 'default'], 'Pools are for keys of agents: give it the scope "agent", or leave the pools out'],
    [['--agent', '--model', 'llama3'], 'A key of an agent takes neither models nor upstreams: '],
  ])('create refuses %j in one line', async (options, sentence) => {
    const corral = corralIn()
    const { code, stdout, stderr } = await corral('key', 'create', 'x', ...options)
    expect([code, stdout, stderr.match(/\n/g)?.length]).toEqual([1, '', 1])
    expect(stderr).toContain(`corral: ${sentence}`)
    expect(await corral.json('key', 'list')).toEqual([])
  })

  it('create takes a class and a weight for the queue, and list shows them where there are any', async () => {
    const corral = corralIn()
    const made = await corral('key', 'create', 'night', '--class', 'batch', '--weight', '2')
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('models:read, batch weight 2. It is shown')])
    await corral('user', 'create', 'ada', '--weight', '3')
    await corral('key', 'create', 'plain')
    expect(await corral.json('key', 'list')).toMatchObject([
      { name: 'night', class: 'batch', weight: 2 },
      { name: 'ada', class: 'interactive', weight: 3 },
      { name: 'plain', class: 'interactive', weight: 1 },
    ])
    const { stdout } = await corral('key', 'list')
    expect(stdout).toMatch(/^ID +NAME +USER +SCOPES +MODELS +QUEUE +CREATED /)
    expect(stdout).toMatch(/ night .* batch weight 2 /)
    expect(stdout).toMatch(/ ada .* interactive weight 3 /)
  })

  it.each([
    ['--weight', '0', 'It must be a whole number from 1 to 100.'],
    ['--weight', '101', 'It must be a whole number from 1 to 100.'],
    ['--weight', 'two', 'It must be a whole number from 1 to 100.'],
    ['--class', 'first', 'Allowed choices are interactive, batch.'],
  ])('create refuses %s %s as a wrong use', async (option, value, sentence) => {
    const corral = corralIn()
    const { code, stdout, stderr } = await corral('key', 'create', 'x', option, value)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(sentence)
    expect(await corral.json('key', 'list')).toEqual([])
  })

  it('create without a user makes it for admin', async () => {
    const corral = corralIn()
    const { code, stdout } = await corral('key', 'create', 'laptop', '--format', 'ollama-uuid')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^OLLAMA-[0-9a-f-]{36}\n$/)])
    expect(await corral.json('key', 'list')).toMatchObject([
      { user: 'admin', scopes: ['chat', 'embed', 'models:read'], models: null, expires_at: null },
    ])
  })

  it('list never shows a secret, as a table or as JSON', async () => {
    const corral = corralIn()
    const secret = (await corral('key', 'create', 'laptop')).stdout.trim()
    const table = await corral('key', 'list')
    expect(table.stdout).toMatch(/^ID +NAME +USER +SCOPES +MODELS +CREATED +EXPIRES +LAST USED +STATE +HINT\n/)
    expect(table.stdout).toContain('laptop')
    const json = await corral('key', 'list', '--json')
    expect(table.stdout + table.stderr + json.stdout).not.toContain(secret)
    expect(Object.keys((JSON.parse(json.stdout) as object[])[0] ?? {})).not.toContain('digest')
  })

  it('revoke takes a name or an id', async () => {
    const corral = corralIn()
    await corral('key', 'create', 'laptop')
    await corral('key', 'create', 'phone')
    const [, phone] = await corral.json('key', 'list')
    expect((await corral('key', 'revoke', 'laptop')).code).toBe(0)
    expect((await corral('key', 'revoke', String(phone?.['id']))).code).toBe(0)
    expect(await corral.json('key', 'list')).toMatchObject([{ state: 'revoked' }, { state: 'revoked' }])
    const { code, stderr } = await corral('key', 'revoke', 'laptop')
    expect([code, stderr]).toEqual([1, expect.stringContaining('There is no key "laptop"')])
    // A name is free again once its key is revoked.
    expect((await corral('key', 'create', 'laptop')).code).toBe(0)
  })

  it('of an import, or that sign, take limits too', async () => {
    const corral = corralIn()
    const limit = ['--limit', 'requests_per_minute=5', '--limit', 'money_per_month=2.5']
    const limits = { requests_per_minute: 5, money_per_month: 2.5 }
    const token = 'OLLAMA-6f9619ff-8b86-4011-b42d-00c04fc964ff'
    expect((await corral.fed(`${token}\n`, 'key', 'import', '-', ...limit)).code).toBe(0)
    expect((await corral.fed(sshPublicKey('me@laptop'), 'key', 'add-ssh', '-', ...limit)).code).toBe(0)
    expect(await corral.json('key', 'list')).toMatchObject([{ limits }, { kind: 'ssh', limits }])
    expect((await corral('key', 'show', 'me@laptop')).stdout).toMatch(
      /^limits +requests_per_minute=5 money_per_month=2\.5$/m,
    )
  })

  it('add-ssh enrols a public key from a file or stdin and prints its id', async () => {
    const corral = corralIn()
    writeFileSync(join(corral.folder, 'id_ed25519.pub'), sshPublicKey('me@laptop'))
    const fromFile = await corral('key', 'add-ssh', 'id_ed25519.pub')
    expect([fromFile.code, fromFile.stdout]).toEqual([0, expect.stringMatching(/^key_\w+\n$/)])
    const fromStdin = await corral.fed(sshPublicKey(''), 'key', 'add-ssh', '-', '--name', 'phone', '--scope', 'chat')
    expect(fromStdin.code).toBe(0)
    expect(await corral.json('key', 'list')).toMatchObject([
      { id: fromFile.stdout.trim(), name: 'me@laptop', kind: 'ssh' },
      { id: fromStdin.stdout.trim(), name: 'phone', kind: 'ssh', scopes: ['chat'] },
    ])
  })

  it.each([
    ['an rsa key', 'ssh-rsa AAAAB3NzaC1yc2E me\n', 'ssh-ed25519'],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n', '.pub'],
    ['nothing', '', 'one public key'],
    ['two keys', sshPublicKey('a') + sshPublicKey('b'), 'one public key'],
  ])('add-ssh refuses %s', async (_what, input, sentence) => {
    const corral = corralIn()
    const { code, stdout, stderr } = await corral.fed(input, 'key', 'add-ssh', '-')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(sentence)
    expect(stderr).not.toContain('c2VjcmV0')
    expect(await corral.json('key', 'list')).toEqual([])
  })

  it('import takes authTokens.json and lines of OLLAMA-UUID keys, each once', async () => {
    const corral = corralIn()
    const [one, two] = ['OLLAMA-6f9619ff-8b86-4011-b42d-00c04fc964ff', 'OLLAMA-16fd2706-8baf-433b-82eb-8c7fada847da']
    writeFileSync(join(corral.folder, 'authTokens.json'), JSON.stringify([one, 'another-kind-of-token']))
    const first = await corral('key', 'import', 'authTokens.json')
    expect([first.code, first.stdout.match(/^key_\w+$/gm)?.length]).toEqual([0, 2])
    const second = await corral.fed(`${one}\n${two}\n`, 'key', 'import', '-')
    expect([second.code, second.stdout.match(/^key_\w+$/gm)?.length]).toEqual([0, 1])
    expect(second.stderr).toContain('imported: 1; there already: 1')
    expect(await corral.json('key', 'list')).toHaveLength(3)
  })

  it('import of a file with a bad line takes nothing and names the line, not the content', async () => {
    const corral = corralIn()
    const { code, stderr } = await corral.fed(
      'OLLAMA-6f9619ff-8b86-4011-b42d-00c04fc964ff\nhunter2\n',
      'key',
      'import',
      '-',
    )
    expect([code, stderr]).toEqual([1, 'corral: Line 2 of the file is not an OLLAMA-UUID key\n'])
    expect(await corral.json('key', 'list')).toEqual([])
  })

  it('import of a file that is not there says so', async () => {
    const { code, stderr } = await corralIn()('key', 'import', 'nowhere.json')
    expect([code, stderr]).toEqual([1, 'corral: Cannot read "nowhere.json": there is no such file or folder\n'])
  })
})

describe('corral share', () => {
  it('prints the line to send, with a key for that model that ends by itself', async () => {
    const corral = corralIn()
    const url = 'https://gw.example.com'
    const { code, stdout } = await corral('share', '--model', 'qwen3:8b', '--for', '2h', '--url', url)
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^OLLAMA_HOST=https:\/\/gw\.example\.com\/k\/crl_\w{33} ollama run qwen3:8b\n$/),
    ])
    const [key] = await corral.json('key', 'list')
    expect(key).toMatchObject({ models: ['qwen3:8b'], scopes: ['chat', 'embed', 'models:read'] })
    const hours = (Date.parse(String(key?.['expires_at'])) - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(1.99)
    expect(hours).toBeLessThanOrEqual(2)
  })

  it('sends a header in place of a path key where those are off', async () => {
    const corral = corralIn(undefined, { CORRAL_AUTH_PATH_KEYS: 'off' })
    const { stdout } = await corral('share', '--model', 'qwen3:8b')
    expect(stdout).toMatch(
      /^curl http:\/\/127\.0\.0\.1:11435\/v1\/chat\/completions -H 'Authorization: Bearer crl_\w+' /,
    )
  })

  it('refuses what is no model name', async () => {
    const corral = corralIn()
    const { code, stderr } = await corral('share', '--model', 'a b')
    expect([code, stderr]).toEqual([2, 'corral: "a b" is not a model name\n'])
    expect(await corral.json('key', 'list')).toEqual([])
  })
})
