import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { FaultRule } from '../../fakes/fake-ollama/faults.ts'
import { asked, errorText, type Scene, startScene } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene[Symbol.asyncDispose]())

const blob = Buffer.from('a blob of no meaning')
const blobPath = `/api/blobs/sha256:${createHash('sha256').update(blob).digest('hex')}`

/** Everything that changes an upstream's models. */
const writes: readonly (readonly [name: string, method: string, path: string, body: unknown])[] = [
  ['a pull', 'POST', '/api/pull', { model: 'fresh' }],
  ['a pull in one piece', 'POST', '/api/pull', { model: 'fresh', stream: false }],
  ['a push', 'POST', '/api/push', { model: 'tiny' }],
  ['a create', 'POST', '/api/create', { model: 'made', from: 'tiny' }],
  ['a copy', 'POST', '/api/copy', { source: 'tiny', destination: 'copied' }],
  ['a delete', 'DELETE', '/api/delete', { model: 'tiny' }],
  ['a blob', 'POST', blobPath, blob],
]

const SPEAKING = new Set(['/api/pull', '/api/push', '/api/create'])

type Send = (method: string, path: string, body: unknown) => Promise<{ status: number; text: string }>

function sender(more: Readonly<Record<string, string>>, key?: string): Send {
  return async (method, path, body) => {
    const bytes = body instanceof Buffer ? new Uint8Array(body) : JSON.stringify(body)
    const headers = {
      authorization: `Bearer ${key ?? scene.gateway.adminKey}`,
      'content-type': 'application/json',
      ...more,
    }
    const init = { method, headers, body: bytes }
    const response = await fetch(scene.gateway.url + path, init)
    return { status: response.status, text: await response.text() }
  }
}

const send = sender({})
/** A create goes where its key's uploads went, unless it says where. */
const sendToA = sender({ 'corral-upstream': 'a' })

/** Leaves connections behind that the next request could travel on. */
async function warmUp(): Promise<void> {
  await Promise.all([1, 2, 3].map(() => scene.post('/api/show', { model: 'solo' })))
}

const faults: readonly (readonly [string, FaultRule])[] = [
  ['is reset before the head', { kind: 'reset-before-headers' }],
  ['is reset before the body was read', { kind: 'reset-before-headers', readBody: false }],
  ['is reset after the head', { kind: 'reset-after-headers' }],
  ['is answered with a page', { kind: 'html-200' }],
  ['meets a busy server', { kind: 'busy-503' }],
]

describe.each(faults)('what changes models and %s', (_name, fault) => {
  // An answer without a body is whole once its head is there.
  const failing = fault.kind === 'reset-after-headers' ? writes.filter(([, , path]) => SPEAKING.has(path)) : writes

  it.each(failing)('reaches one upstream once: %s', async (_what, method, path, body) => {
    await warmUp()
    scene.a.faults.add(fault)
    const { status, text } = await send(method, path, body)
    expect(asked(scene, path)).toEqual([1, 0])
    expect(status).toBe(fault.kind === 'busy-503' ? 503 : 502)
    expect(errorText(JSON.parse(text))).toBeTypeOf('string')
  })
})

describe('what changes models and is refused the connection', () => {
  it.each(writes)('has reached nobody, and goes elsewhere: %s', async (_what, method, path, body) => {
    await scene.a.setDoor('refuse')
    // Nothing that this key uploaded waits for its create at `a`.
    const key = await scene.gateway.createKey({ scopes: ['models:write'] })
    const { status } = await sender({}, key)(method, path, body)
    expect(asked(scene, path)).toEqual([0, 1])
    expect([200, 201]).toContain(status)
    if (body === blob) expect(scene.b.counters.requestsTo(path)[0]?.body).toEqual(blob)
    // Whole again for the next one.
    scene.b.models.install({ name: 'tiny' })
  })
})

describe('a transfer that dies midway', () => {
  it('tells so in-band, and is not begun again', async () => {
    scene.a.faults.add({ kind: 'clean-end', afterChunks: 1 })
    for (const [path, body] of [
      ['/api/pull', { model: 'other' }],
      ['/api/create', { model: 'made', from: 'tiny' }],
    ] as const) {
      const { text } = await sendToA('POST', path, body)
      expect(JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')).toEqual({
        error: 'The upstream ended its answer before it was complete',
      })
      expect(asked(scene, path)).toEqual([1, 0])
    }
  })
})

describe('the retry budget', () => {
  it('holds when many fail at once: the others hear the failure', async () => {
    const options = {
      routing: { retry_budget: '10%', health_interval: '1h', first_byte_timeout: '1m' },
      b: { tokensPerSecond: 20, answerTokens: 20 },
    }
    await using tight = await startScene(options)
    tight.a.faults.add({ kind: 'stall-before-first-byte' })
    const body = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }
    const answers = Array.from({ length: 24 }, () => tight.post('/api/chat', body))
    await tight.a.counters.until((counters) => counters.running === answers.length)
    tight.a.faults.clear()
    tight.a.dropConnections()
    const statuses = (await Promise.all(answers)).map((result) => result.status)
    expect(tight.b.counters.requestsTo('/api/chat')).toHaveLength(3)
    // A few may have travelled on connections that were kept, and are sent again where they were.
    expect(statuses.filter((status) => status === 502).length).toBeGreaterThanOrEqual(16)
    expect(new Set(statuses)).toEqual(new Set([200, 502]))
    // What was lent is given back.
    await tight.a.setDoor('refuse')
    expect((await tight.post('/api/chat', body)).status).toBe(200)
  })
})
