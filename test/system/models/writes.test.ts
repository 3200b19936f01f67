import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeKey } from '../harness/make-key.ts'
import { asked, having, type ModelScene, progressOf, screenOf, startModelScene } from './scene.ts'

let scene: ModelScene

beforeAll(async () => {
  // Half a second for the slower one of the first two.
  const registry = { 'qwen3:8b': 4_000_000, 'other:latest': 1000 }
  scene = await startModelScene({
    config: { routing: { health_interval: '1h' } },
    a: { registry, models: [{ name: 'tiny' }] },
    b: { registry: { 'qwen3:8b': 4_000_000 }, pullBytesPerSecond: 8_000_000 },
    c: { registry },
  })
})
afterAll(() => scene[Symbol.asyncDispose]())
beforeEach(() => {
  for (const fake of [scene.a, scene.b, scene.c]) {
    fake.counters.reset()
    fake.models.remove('qwen3:8b')
  }
})

const pull = (model: string, on?: string, more: object = {}) =>
  scene.send('POST', '/api/pull', { body: { model, ...more }, ...(on !== undefined && { on }) })

describe('a pull on several servers', () => {
  it('is one stream, in which the ollama CLI sees one bar and one of each step', async () => {
    const result = await pull('qwen3:8b', 'a,b')
    expect(result).toMatchObject({ status: 200, ending: 'complete', rest: '' })
    expect(result.headers).toMatchObject({ 'corral-upstream': 'a,b', 'content-type': 'application/x-ndjson' })
    const lines = progressOf(result)
    expect(result.events.at(-1)?.text).toBe('{"status":"success"}')
    const { bars, spinners } = screenOf(lines)
    expect(spinners).toEqual(['pulling manifest', 'verifying sha256 digest', 'writing manifest', 'success'])
    expect(bars.size).toBe(1)
    const [steps = []] = bars.values()
    expect(steps).toEqual(steps.toSorted((one, other) => one - other))
    expect(steps.at(-1)).toBe(4_000_000)
    expect(having(scene, 'qwen3:8b')).toEqual(['a', 'b'])
    expect(asked(scene, '/api/pull')).toEqual({ a: 1, b: 1, c: 0 })
  })

  it('stands where the slowest server stands, and tells how far each is', async () => {
    const lines = progressOf(await pull('qwen3:8b', 'a,b'))
    const halfway = lines.find((line) => line.completed === 1_000_000)
    expect(halfway?.upstreams).toMatchObject({ b: { completed: 1_000_000, total: 4_000_000 } })
    const told = lines.flatMap(({ upstreams = {} }) => Object.keys(upstreams))
    expect(new Set(told)).toEqual(new Set(['a', 'b']))
  })

  it('goes to all with *', async () => {
    const result = await pull('qwen3:8b', '*')
    expect(result.headers['corral-upstream']).toBe('a,b,c')
    expect(having(scene, 'qwen3:8b')).toEqual(['a', 'b', 'c'])
  })

  it('is known to the lists when it has ended', async () => {
    await pull('qwen3:8b', 'b,c')
    const havingIt = (upstreams: readonly ListedUpstream[]): string[] =>
      upstreams.filter(({ models }) => models.some(({ name }) => name === 'qwen3:8b')).map(({ name }) => name)
    const listed = await untilListed(scene, (upstreams) => havingIt(upstreams).length > 1)
    expect(havingIt(listed)).toEqual(['b', 'c'])
  })

  it('lets the others finish where one fails, and says which and why', async () => {
    const result = await pull('other', 'a,b,c')
    expect(result.status).toBe(200)
    expect(progressOf(result).at(-1)).toMatchObject({
      error: 'b: pull model manifest: file does not exist (done on a, c)',
    })
    expect(having(scene, 'other')).toEqual(['a', 'c'])
  })

  it('names one that cannot be reached', async () => {
    await scene.b.setDoor('refuse')
    const result = await pull('qwen3:8b', 'a,b')
    await scene.b.setDoor('open')
    expect(progressOf(result).at(-1)).toMatchObject({ error: 'b: it cannot be reached (done on a)' })
    expect(having(scene, 'qwen3:8b')).toEqual(['a'])
  })

  it('is one object where no stream is wanted', async () => {
    const good = await pull('qwen3:8b', 'a,b', { stream: false })
    expect([good.status, good.text]).toEqual([200, '{"status":"success"}'])
    const bad = await pull('other', 'a,b', { stream: false })
    expect([bad.status, bad.text]).toEqual([500, '{"error":"b: pull model manifest: file does not exist (done on a)"}'])
  })

  it('stops on all of them when the client leaves', async () => {
    await using slow = await startModelScene({
      a: { registry: { 'big:latest': 1_000_000 }, pullBytesPerSecond: 1000 },
      b: { registry: { 'big:latest': 1_000_000 }, pullBytesPerSecond: 1000 },
    })
    const leave = new AbortController()
    const onChunk = (): void => leave.abort()
    const left = slow.send('POST', '/api/pull', { body: { model: 'big' }, on: 'a,b', signal: leave.signal, onChunk })
    await left.catch(() => undefined)
    for (const fake of [slow.a, slow.b])
      await fake.counters.until(({ aborted, running }) => aborted === 1 && running === 0)
    expect(having(slow, 'big')).toEqual([])
  })

  it('sends the header to nobody', async () => {
    await pull('qwen3:8b', 'a,b')
    const [request] = scene.a.counters.requestsTo('/api/pull')
    expect(request?.rawHeaders.map((text) => text.toLowerCase())).not.toContain('corral-upstream')
  })
})

describe('a delete, a copy and a create on several servers', () => {
  it('happen on each of them, and a delete does not mind one that lacks the model', async () => {
    await pull('qwen3:8b', 'a,b')
    const copied = await scene.send('POST', '/api/copy', {
      body: { source: 'qwen3:8b', destination: 'twin' },
      on: 'a,b',
    })
    expect([copied.status, copied.text]).toEqual([200, ''])
    expect(having(scene, 'twin')).toEqual(['a', 'b'])
    const remove = () => scene.send('DELETE', '/api/delete', { body: { model: 'twin' }, on: '*' })
    const removed = await remove()
    expect([removed.status, removed.text]).toEqual([200, ''])
    expect(having(scene, 'twin')).toEqual([])
    const again = await remove()
    expect([again.status, again.text]).toEqual([404, `{"error":"a, b, c: model 'twin' not found"}`])
  })

  it('find the blobs that were uploaded to all of them', async () => {
    const blob = new Uint8Array(600_000).fill(1)
    const path = `/api/blobs/sha256:${createHash('sha256').update(blob).digest('hex')}`
    const head = (on: string) => scene.send('HEAD', path, { on })
    expect((await head('b,c')).status).toBe(404)
    expect(await uploaded(path, blob, 'b')).toBe(201)
    expect([(await head('b')).status, (await head('b,c')).status]).toEqual([200, 404])
    expect(await uploaded(path, blob, 'b,c')).toBe(201)
    expect((await head('b,c')).status).toBe(200)
    const files = { 'model.gguf': path.slice('/api/blobs/'.length) }
    const create = (on: string) => scene.send('POST', '/api/create', { body: { model: 'made', files }, on })
    const made = await create('b,c')
    expect(made.events.at(-1)?.text).toBe('{"status":"success"}')
    expect(having(scene, 'made')).toEqual(['b', 'c'])
    const lacking = progressOf(await create('a,b'))
    expect(lacking.at(-1)?.error).toMatch(/^a: blob not found: sha256:\w+ \(done on b\)$/)
  })

  it('let go of an upload whose client has left', async () => {
    const path = `/api/blobs/sha256:${'0'.repeat(64)}`
    const headers = {
      authorization: `Bearer ${scene.gateway.adminKey}`,
      'corral-upstream': 'a,b',
      'content-length': 9e6,
    }
    const upload = request(scene.gateway.url + path, { method: 'POST', headers })
    upload.on('error', () => undefined)
    upload.write(new Uint8Array(500_000))
    const fakes = [scene.a, scene.b]
    const begun = fakes.map((fake) => fake.counters.until(({ bytesIn }) => bytesIn >= 500_000))
    await Promise.all(begun)
    upload.destroy()
    await Promise.all(
      fakes.map((fake) => fake.counters.until(({ aborted, running }) => aborted === 1 && running === 0)),
    )
    expect((await pull('qwen3:8b', 'a,b')).status).toBe(200)
  })
})

describe('the uploads of one key', () => {
  it('stay on one server with the create that names them, whatever its health meanwhile', async () => {
    await using pinned = await startModelScene({ config: { routing: { health_interval: '50ms' } } })
    const blob = new Uint8Array(1000).fill(2)
    const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`
    const { url, adminKey } = pinned.gateway
    const headers = { authorization: `Bearer ${adminKey}` }
    const { status } = await fetch(`${url}/api/blobs/${digest}`, { method: 'POST', headers, body: blob })
    expect(status).toBe(201)
    await pinned.a.setDoor('refuse')
    await untilState(pinned, 'a', 'down')
    const create = () => pinned.send('POST', '/api/create', { body: { model: 'made', files: { f: digest } } })
    const meanwhile = await create()
    expect([meanwhile.status, meanwhile.headers['corral-error']]).toEqual([503, 'no_upstream'])
    expect(asked(pinned, '/api/create')).toEqual({ a: 0, b: 0, c: 0 })
    await pinned.a.setDoor('open')
    await untilState(pinned, 'a', 'up')
    expect((await create()).events.at(-1)?.text).toBe('{"status":"success"}')
    expect(having(pinned, 'made')).toEqual(['a'])
  })
})

describe('a key', () => {
  it('without models:write changes nothing anywhere', async () => {
    const key = await makeKey(scene.gateway, { scopes: ['chat', 'models:read'] })
    for (const [method, path] of [
      ['POST', '/api/pull'],
      ['DELETE', '/api/delete'],
      ['POST', '/api/create'],
    ] as const) {
      const { status, headers } = await scene.send(method, path, { body: { model: 'tiny' }, on: 'a,b', key })
      expect([status, headers['corral-error']]).toEqual([403, 'missing_scope'])
      expect(asked(scene, path)).toEqual({ a: 0, b: 0, c: 0 })
    }
    expect(having(scene, 'tiny')).toEqual(['a'])
  })

  it('is not told of upstreams that it may not reach, and reaches none of them with *', async () => {
    const key = await makeKey(scene.gateway, { scopes: ['models:write', 'models:read'], upstreams: ['a'] })
    const refused = await scene.send('POST', '/api/pull', { body: { model: 'qwen3:8b' }, on: 'a,b', key })
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('which is none of a"')
    expect(asked(scene, '/api/pull')).toEqual({ a: 0, b: 0, c: 0 })
    const all = await scene.send('POST', '/api/pull', { body: { model: 'qwen3:8b' }, on: '*', key })
    expect(all.headers['corral-upstream']).toBe('a')
    expect(having(scene, 'qwen3:8b')).toEqual(['a'])
  })
})

it('a name that nobody has is refused, with those there are', async () => {
  const refused = await pull('qwen3:8b', 'a,gpu-9')
  expect(refused.status).toBe(400)
  expect(JSON.parse(refused.text)).toEqual({
    error: expect.stringMatching(/"gpu-9", which is none of a, b, c/),
  })
  expect(asked(scene, '/api/pull')).toEqual({ a: 0, b: 0, c: 0 })
})

async function uploaded(path: string, blob: Uint8Array<ArrayBuffer>, on: string): Promise<number> {
  const headers = { authorization: `Bearer ${scene.gateway.adminKey}`, 'corral-upstream': on }
  const { status } = await fetch(scene.gateway.url + path, { method: 'POST', headers, body: blob })
  return status
}

interface ListedUpstream {
  readonly name: string
  readonly state: string
  readonly models: readonly { readonly name: string }[]
}

async function untilListed(
  where: ModelScene,
  isExpected: (upstreams: readonly ListedUpstream[]) => boolean,
): Promise<readonly ListedUpstream[]> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const { text } = await where.send('GET', '/admin/models')
    const { upstreams } = JSON.parse(text) as { upstreams: ListedUpstream[] }
    if (isExpected(upstreams)) return upstreams
    if (performance.now() > deadline) throw new Error(`not listed within 10 s: ${text}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function untilState(where: ModelScene, name: string, state: string): Promise<unknown> {
  return untilListed(where, (upstreams) => upstreams.some((each) => each.name === name && each.state === state))
}
