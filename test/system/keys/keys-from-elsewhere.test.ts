import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'
import { startStream } from './endless-stream.ts'
import { expectStatus, statusWith } from './opened.ts'

const SHARED = 'shared-token-of-the-house'
const SALT = 'pepper-and-salt'
const REFRESH_SECONDS = 1
/** How long a change to the key file may take: its interval, and what reading it costs. */
const WITHIN_MS = REFRESH_SECONDS * 1000 + 1000

const salted = (key: string): string => createHash('sha256').update(`${key}@separator@${SALT}`).digest('hex')
const uuidKey = (digit: string): string => `OLLAMA-${digit.repeat(8)}-1111-4111-8111-${digit.repeat(12)}`

let folder: string
let keyFile: string
let tokensFile: string
let before: GatewayBefore
let gateway: RunningGateway

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-keys-'))
  keyFile = join(folder, 'keys.txt')
  tokensFile = join(folder, 'authTokens.json')
  await writeFile(keyFile, `# of the team\n${salted('alpha-key')}\n${salted('beta-key')}\n`)
  await writeFile(tokensFile, JSON.stringify([uuidKey('a'), uuidKey('b')]))
  before = await startGatewayBefore(
    { tokensPerSecond: 50, answerTokens: 100_000 },
    {
      config: { auth: { tokens_file: tokensFile } },
      env: { AUTH_TOKEN: SHARED, API_KEY_FILE: keyFile, API_KEY_SALT: SALT, KEY_REFRESH: String(REFRESH_SECONDS) },
    },
  )
  gateway = before.gateway
})
afterAll(async () => {
  await before[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** As a careful program replaces a file. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

async function statusOf(authorization: string, path: string): Promise<number> {
  const response = await fetch(gateway.url + path, { headers: { authorization } })
  await response.arrayBuffer()
  return response.status
}

describe('AUTH_TOKEN', () => {
  it('opens with Bearer and raw, and nothing near it does', async () => {
    for (const value of [`Bearer ${SHARED}`, SHARED, `bearer ${SHARED}`]) {
      expect(await statusOf(value, '/api/tags')).toBe(200)
    }
    for (const value of [`Bearer ${SHARED}x`, SHARED.slice(1), `Basic ${SHARED}`, `Bearer ${SHARED} x`]) {
      expect(await statusOf(value, '/api/tags')).toBe(401)
    }
  })

  it('is no admin, and no first key is made beside it', async () => {
    expect(await statusOf(`Bearer ${SHARED}`, '/admin/users')).toBe(403)
    expect(before.key).toBe('')
  })
})

describe('API_KEY_FILE with a salt', () => {
  it('opens by the keys whose hashes it holds, not by the hashes', async () => {
    expect(await statusWith(gateway, 'alpha-key')).toBe(200)
    expect(await statusWith(gateway, salted('alpha-key'))).toBe(401)
    expect(await statusWith(gateway, 'gamma-key')).toBe(401)
  })

  it('takes a new line and drops a removed one within KEY_REFRESH, with its running stream', async () => {
    const stream = await startStream(gateway, 'beta-key')
    const text = `${salted('alpha-key')}\n${salted('gamma-key')}\n`
    await replace(keyFile, text)
    const changedAt = performance.now()
    await expectStatus(gateway, 'gamma-key', { status: 200, withinMs: WITHIN_MS })
    await expectStatus(gateway, 'beta-key', { status: 401, withinMs: WITHIN_MS })
    const { endedAt, events } = await stream.ended
    expect(endedAt - changedAt).toBeLessThan(WITHIN_MS + 500)
    expect(JSON.parse(events.at(-1)?.text ?? '')).toEqual({ error: 'The key was revoked' })
    expect(await statusWith(gateway, 'alpha-key')).toBe(200)
    expect(await readFile(keyFile, 'utf8')).toBe(text)
  })
})

describe('authTokens.json', () => {
  it('is followed as it changes, written over or replaced', async () => {
    expect(await statusWith(gateway, uuidKey('a'))).toBe(200)
    await writeFile(tokensFile, JSON.stringify([uuidKey('b'), uuidKey('c')]))
    await expectStatus(gateway, uuidKey('c'), { status: 200, withinMs: 2000 })
    await expectStatus(gateway, uuidKey('a'), { status: 401, withinMs: 2000 })
    await replace(tokensFile, JSON.stringify([uuidKey('b')]))
    await expectStatus(gateway, uuidKey('c'), { status: 401, withinMs: 2000 })
    expect(await statusWith(gateway, uuidKey('b'))).toBe(200)
  })

  it('keeps its last good keys while it cannot be believed, and says so without quoting it', async () => {
    await replace(tokensFile, `["${uuidKey('d')}", `)
    await expect.poll(gateway.stderr, { timeout: 3000 }).toContain('last good keys stay')
    expect(await statusWith(gateway, uuidKey('b'))).toBe(200)
    expect(await statusWith(gateway, uuidKey('d'))).toBe(401)
    expect(gateway.stderr()).not.toContain(uuidKey('d'))
    await replace(tokensFile, JSON.stringify([uuidKey('d')]))
    await expectStatus(gateway, uuidKey('d'), { status: 200, withinMs: 2000 })
    await expectStatus(gateway, uuidKey('b'), { status: 401, withinMs: 2000 })
  })
})
