import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openRaw } from '../../faults/raw-connection.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { rawRequest, type RawRequest } from '../harness/raw-request.ts'
import { readRequestLog } from '../harness/request-log.ts'

const SHARED = 'canary-Shared-4711-Shared'
const TOKEN = 'OLLAMA-0c0ffee0-1111-4111-8111-0c0ffee0c0de'
const UNKNOWN = 'canary-Unknown-0815-Unknown'
const UPSTREAM_SECRET = 'canary-Upstream-2342-Upstream'
const PROMPT = 'canary-Prompt-1234-Prompt'

const chat = { model: 'tiny', messages: [{ role: 'user', content: PROMPT }] }

/** Files that hold keys by design. */
const HOLDS_KEYS = /^(corral\.db.*|corral\.secret|corral\.json|authTokens\.json)$/

/** Everything that a client may do with a key, right and wrong, as bytes on a connection of its own. */
function requestsWith(key: string): (string | Uint8Array)[] {
  const basic = Buffer.from(`user:${key}`).toString('base64')
  const get = (target: string, ...fields: string[]): string =>
    `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`
  const post = (target: string, options: RawRequest): Uint8Array =>
    rawRequest(target, { ...options, headers: { connection: 'close' } })
  const carriers = [
    `Authorization: Bearer ${key}`,
    `Authorization: ${key}`,
    `Authorization: Basic ${basic}`,
    `X-Api-Key: ${key}`,
    `Apikey: ${key}`,
    `Api-Key: ${key}`,
  ]
  const targets = [
    `/k/${key}/api/tags`,
    `/k/${key}/nowhere`,
    `/k/${key}`,
    `/k/${key}/`,
    `/k//${key}/api/tags`,
    `//k/${key}/api/tags`,
    `/K/${key}/api/tags`,
    `/%6b/${key}/api/tags`,
    `/k/${key}/api/%2e%2e/tags`,
    `/k/${key}/api/tags?again=${key}`,
    `/api/tags?key=${key}`,
    `/api/tags?api_key=${key}&token=${key}`,
    // Of a foreign shape, nobody can tell it from a path.
    ...(/^(crl_|OLLAMA-)/.test(key) ? [`/nowhere/${key}`] : []),
    `/k/${encodeURIComponent(key).replace(/^./, (first) => `%${first.charCodeAt(0).toString(16)}`)}/api/tags`,
    `http://localhost/k/${key}/api/tags`,
    `/k/${key};x/api/tags`,
    `/k/${key}\\api`,
  ]
  return [
    ...carriers.map((carrier) => get('/api/tags', carrier)),
    ...carriers.map((carrier) => get('/admin/keys', carrier)),
    ...targets.map((target) => get(target)),
    get('/api/tags', `Authorization: Bearer ${key} more`),
    get('/api/tags', `Authorization: Strange ${key}`),
    get('/api/tags', `Authorization: Bearer ${key}`, `X-Api-Key: ${UNKNOWN}`),
    get('/api/tags', `Authorization: Bearer ${key}`, `Authorization: Bearer ${key}`),
    get('/api/tags', `Authorization : Bearer ${key}`),
    get('/api/tags', `Authorization: Bearer\x01${key}`),
    get('/api/tags', `X-${key}: ${key}`, `Transfer-Encoding: ${key}`),
    get('/api/chat', `Authorization: Bearer ${key}`, 'Upgrade: websocket', 'Connection: upgrade'),
    get(`/k/${key}/api/chat`, 'Upgrade: websocket', 'Connection: upgrade'),
    `POST /k/${key}/api/chat HTTP/2.0\r\nHost: localhost\r\n\r\n`,
    `${key} ${key} ${key}\r\n\r\n`,
    post('/api/chat', { key, body: { ...chat, stream: false } }),
    post('/api/chat', { key, body: `{"model":"tiny","prompt":"${PROMPT}` }),
    post('/api/chat', { key, body: { ...chat, Model: key } }),
    post('/api/pull', { key, body: { name: `tiny`, password: key } }),
    post(`/k/${key}/v1/chat/completions`, { body: { ...chat, stream: true } }),
  ]
}

function chatWith(key: string): Uint8Array {
  return rawRequest('/api/chat', { key, body: chat, headers: { connection: 'close' } })
}

/** Sends each and gives back all that was answered. */
async function answersTo(before: GatewayBefore, requests: readonly (string | Uint8Array)[]): Promise<string> {
  const texts = await Promise.all(
    requests.map(async (request) => {
      using client = await openRaw(before.gateway.url)
      client.write(request)
      await client.until(/\r\n\r\n/, 10_000)
      // Most close by themselves; of the others this is enough to see.
      await client.closed(300).catch(() => undefined)
      return client.text()
    }),
  )
  return texts.join('\n')
}

async function filesOf(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile() && !HOLDS_KEYS.test(entry.name))
  const paths = names.map((entry) => join(entry.parentPath, entry.name))
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path, 'latin1')] as const)))
}

it('nothing the gateway writes or answers holds a key or a prompt, whatever was done with them', async () => {
  const before = await startGatewayBefore(
    { hostCheck: false },
    {
      env: { AUTH_TOKEN: SHARED },
      config: {
        log: { level: 'trace' },
        auth: { tokens_file: 'authTokens.json' },
      },
    },
  )
  await using _before = before
  const { gateway, fake } = before
  await writeFile(join(gateway.folder, 'authTokens.json'), JSON.stringify([TOKEN]))
  const created = await gateway.createKey({ name: 'canary' })
  const admin = await gateway.createKey({
    name: 'canary-admin',
    scopes: ['admin', 'chat', 'models:read', 'models:write'],
  })
  await expect
    .poll(async () => (await fetch(`${gateway.url}/api/tags`, { headers: { authorization: TOKEN } })).status, {
      timeout: 3000,
    })
    .toBe(200)

  const answers: string[] = []
  for (const key of [created, admin, SHARED, TOKEN]) answers.push(await answersTo(before, requestsWith(key)))
  answers.push(await answersTo(before, requestsWith(UNKNOWN).slice(0, 12)))
  for (const kind of ['reset-before-headers', 'reset-mid-line', 'html-200', 'error-line', 'busy-503'] as const) {
    fake.faults.clear()
    fake.faults.add({ kind, route: '/api/chat' })
    answers.push(await answersTo(before, [chatWith(admin)]))
  }
  fake.faults.clear()
  await gateway.cli('key', 'revoke', 'canary')
  answers.push(await answersTo(before, requestsWith(created)))
  await fake.setDoor('refuse')
  answers.push(await answersTo(before, [chatWith(admin)]))
  // A config that is wrong, next to a secret that is right.
  const config = JSON.parse(await readFile(gateway.configFile, 'utf8')) as object
  const upstreams = [
    { name: 'fake', url: `http://user:${UPSTREAM_SECRET}@127.0.0.1:1`, nonsense: UPSTREAM_SECRET.length },
  ]
  await writeFile(gateway.configFile, JSON.stringify({ ...config, upstreams }))
  await expect.poll(gateway.stderr, { timeout: 4000 }).toContain('nonsense')
  expect(await gateway.stop()).toBe(0)

  const written = await filesOf(gateway.folder)
  written.set('stdout', gateway.stdout())
  written.set('stderr', gateway.stderr())
  written.set('answers', answers.join('\n'))
  expect((await readRequestLog(gateway.folder)).length).toBeGreaterThan(100)
  expect(answers.join('\n').match(/^HTTP\/1\.1 200 /gm)?.length ?? 0).toBeGreaterThan(20)
  for (const secret of [created, admin, SHARED, TOKEN, UNKNOWN, UPSTREAM_SECRET, PROMPT]) {
    // The end of it: what a careless cut or an encoded first letter leaves.
    const traces = [secret.slice(-12), Buffer.from(`user:${secret}`).toString('base64').slice(0, -4)]
    for (const [where, text] of written) {
      for (const trace of traces) {
        const at = text.indexOf(trace)
        expect(at < 0 ? '' : `${where}: ${text.slice(Math.max(0, at - 150), at + 50)}`).toBe('')
      }
    }
  }
})
