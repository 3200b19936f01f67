import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

/** What stands in `~/.ollama`. */
interface Identity {
  readonly privateKey: KeyObject
  /** The line of `id_ed25519.pub` without its type and comment. */
  readonly publicKey: string
}

let fake: FakeOllama
let gateway: RunningGateway
const reader = createIdentity()
const writer = createIdentity()
const stranger = createIdentity()

beforeAll(async () => {
  fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
  gateway = await startGateway({
    config: { upstreams: [{ name: 'fake', url: fake.url }], trusted_proxies: ['127.0.0.1'] },
  })
  await enrol(reader, 'reader')
  await enrol(writer, 'writer', '--scope', 'models:write', '--scope', 'models:read')
  for (const identity of [reader, writer])
    while ((await ask(identity, 'GET', '/api/tags')).status !== 200) await pause(20)
  fake.counters.reset()
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await fake.stop()
})

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function createIdentity(): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const field = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes])
  return { privateKey, publicKey: Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]).toString('base64') }
}

async function enrol(identity: Identity, name: string, ...terms: string[]): Promise<void> {
  const file = join(gateway.folder, `${name}.pub`)
  await writeFile(file, `ssh-ed25519 ${identity.publicKey} ${name}\n`)
  const { code, stderr } = await gateway.cli('key', 'add-ssh', file, ...terms)
  if (code !== 0) throw new Error(stderr)
}

const seconds = (offset = 0): number => Math.floor(Date.now() / 1000) + offset

/** `METHOD,PATH?ts=SECONDS`, as the CLI signs it: without the path of its base URL. */
function signature(identity: Identity, method: string, target: string): string {
  const signed = sign(null, Buffer.from(`${method},${target}`), identity.privateKey)
  return `${identity.publicKey}:${signed.toString('base64')}`
}

interface Signed {
  readonly ts?: number
  readonly body?: string
  readonly base?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What is signed in place of what is asked. */
  readonly signedTarget?: string
}

async function ask(
  identity: Identity,
  method: string,
  path: string,
  ...[options = {}]: [Signed?]
): Promise<{ status: number; code: string | null; text: string }> {
  const target = `${path}?ts=${options.ts ?? seconds()}`
  const response = await fetch(`${gateway.url}${options.base ?? ''}${target}`, {
    method,
    headers: {
      authorization: signature(identity, method, options.signedTarget ?? target),
      'user-agent': 'ollama/0.24.0 (amd64 linux)',
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: options.body }),
  })
  return { status: response.status, code: response.headers.get('corral-error'), text: await response.text() }
}

const CHAT = '{"model":"tiny","messages":[{"role":"user","content":"hi"}],"stream":false}'

describe('the signature of an enrolled CLI', () => {
  it('opens what it was enrolled for, and its time goes no further', async () => {
    expect((await ask(reader, 'HEAD', '/')).status).toBe(200)
    expect((await ask(reader, 'GET', '/api/tags')).status).toBe(200)
    const { status, text } = await ask(reader, 'POST', '/api/chat', { body: CHAT })
    expect([status, JSON.parse(text)]).toMatchObject([200, { done: true }])
    const seen = fake.counters.requestsTo('/api/chat').at(-1)
    expect(seen?.target).toBe('/api/chat')
    expect(seen?.rawHeaders.join('\n')).not.toMatch(/authorization|AAAAC3NzaC1lZDI1NTE5/i)
  })

  it('changes models only where that was granted', async () => {
    const copy = { body: '{"source":"tiny","destination":"copied"}' }
    expect(await ask(reader, 'POST', '/api/copy', copy)).toMatchObject({ status: 403, code: 'missing_scope' })
    expect((await ask(writer, 'POST', '/api/copy', copy)).status).toBe(200)
    expect(await ask(writer, 'POST', '/api/chat', { body: CHAT })).toMatchObject({ status: 403, code: 'missing_scope' })
  })

  it('is never an admin', async () => {
    expect(await ask(writer, 'GET', '/admin/keys')).toMatchObject({ status: 403, code: 'missing_scope' })
    const { code, stderr } = await gateway.cli(
      'key',
      'add-ssh',
      join(gateway.folder, 'reader.pub'),
      '--name',
      'x',
      '--scope',
      'admin',
    )
    expect([code, stderr]).toEqual([1, expect.stringContaining('cannot carry "admin"')])
  })

  it('holds for a minute in either direction, again and again, and not longer', async () => {
    for (const offset of [-50, -50, 0, 50])
      expect([offset, (await ask(reader, 'GET', '/api/tags', { ts: seconds(offset) })).status]).toEqual([offset, 200])
    for (const offset of [-3600, -65, 65, 3600]) {
      const refused = await ask(reader, 'GET', '/api/tags', { ts: seconds(offset) })
      expect([offset, refused.status, refused.text]).toEqual([offset, 403, expect.stringContaining('check the clocks')])
    }
  })

  it('covers method, path and time', async () => {
    const ts = seconds()
    const signed = `/api/tags?ts=${ts}`
    expect((await ask(reader, 'GET', '/api/ps', { ts, signedTarget: signed })).code).toBe('wrong_credential')
    expect((await ask(reader, 'GET', '/api/tags', { ts: ts + 1, signedTarget: signed })).code).toBe('wrong_credential')
    const asPost = await fetch(`${gateway.url}/api/chat?ts=${ts}`, {
      method: 'POST',
      headers: { authorization: signature(reader, 'GET', `/api/chat?ts=${ts}`) },
      body: CHAT,
    })
    expect(asPost.status).toBe(401)
    const unsigned = await fetch(`${gateway.url}/api/tags`, {
      headers: { authorization: signature(reader, 'GET', '/api/tags') },
    })
    expect([unsigned.status, await unsigned.text()]).toEqual([401, expect.stringContaining('?ts=SECONDS')])
    const more = await fetch(`${gateway.url}/api/tags?ts=${ts}&x=1`, {
      headers: { authorization: signature(reader, 'GET', `/api/tags?ts=${ts}&x=1`) },
    })
    expect(more.status).toBe(401)
  })

  it('is worth nothing from a stranger, or with the key of another', async () => {
    const refused = await ask(stranger, 'GET', '/api/tags')
    expect(refused).toMatchObject({ status: 403, code: 'wrong_credential' })
    expect(JSON.parse(refused.text)).toEqual({ error: 'The key is not valid' })
    const target = `/api/tags?ts=${seconds()}`
    const [, signed] = signature(stranger, 'GET', target).split(':')
    const forged = await fetch(gateway.url + target, { headers: { authorization: `${reader.publicKey}:${signed}` } })
    expect(forged.status).toBe(401)
  })

  it('is taken over loopback or TLS only', async () => {
    const far = { 'x-forwarded-for': '203.0.113.5' }
    const plain = await ask(reader, 'GET', '/api/tags', { headers: { ...far, 'x-forwarded-proto': 'http' } })
    expect([plain.status, plain.text]).toEqual([403, expect.stringContaining('only over TLS or loopback')])
    expect((await ask(reader, 'GET', '/api/tags', { headers: { ...far, 'x-forwarded-proto': 'https' } })).status).toBe(
      200,
    )
  })

  it('beside a key in the path gives way to it, whatever it is worth', async () => {
    const base = `/k/${gateway.adminKey}`
    for (const identity of [reader, stranger]) {
      expect((await ask(identity, 'GET', '/api/tags', { base })).status).toBe(200)
      expect((await ask(identity, 'GET', '/api/tags', { base, ts: seconds(-3600) })).status).toBe(200)
    }
    expect((await ask(reader, 'GET', '/api/tags', { base: '/k/crl_wrong' })).status).toBe(403)
  })

  it('ends with its key', async () => {
    const { stdout } = await gateway.cli('key', 'list', '--json')
    const { id = '' } =
      (JSON.parse(stdout) as { id: string; name: string }[]).find((each) => each.name === 'writer') ?? {}
    expect((await gateway.cli('key', 'revoke', id)).code).toBe(0)
    let last = 200
    for (let i = 0; i < 60 && last === 200; i += 1) {
      await pause(50)
      last = (await ask(writer, 'GET', '/api/tags')).status
    }
    expect(last).toBe(403)
  })
})

it('no signature stands in any log', async () => {
  await pause(300)
  const logs = join(gateway.folder, 'logs')
  const texts = await Promise.all((await readdir(logs)).map((name) => readFile(join(logs, name), 'utf8')))
  for (const text of [...texts, gateway.stderr()]) expect(text).not.toContain('AAAAC3NzaC1lZDI1NTE5')
})
