import { createHash } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { headerOf, parseResponse } from '../../system/harness/parse-response.ts'
import { rawExchange } from '../../system/harness/raw-exchange.ts'
import { readStream } from '../../system/harness/stream-client.ts'
import { startFakeOllama, type FakeOllama } from './fake-ollama.ts'
import type { FakeOllamaOptions } from './options.ts'

async function start(options: FakeOllamaOptions = {}): Promise<FakeOllama> {
  const fake = await startFakeOllama(options)
  onTestFinished(() => fake.stop())
  return fake
}

function post(fake: FakeOllama, path: string, body: unknown): Promise<Response> {
  return fetch(fake.url + path, { method: 'POST', body: JSON.stringify(body) })
}

const slow = { model: 'tiny', prompt: 'one long answer', options: { num_predict: 1000 } }

describe('slots', () => {
  it('a second request gets no headers until the first has left, and then at once', async () => {
    const fake = await start({ tokensPerSecond: 50 })
    const first = new AbortController()
    const leaving = readStream(`${fake.url}/api/generate`, { body: slow, signal: first.signal }).catch(() => undefined)
    await fake.counters.until((now) => now.bytesOut > 0)
    let headAt = 0
    const second = post(fake, '/api/generate', { ...slow, options: { num_predict: 1 } }).then((answer) => {
      headAt = performance.now()
      return answer
    })
    await fake.counters.until((now) => now.running === 2)
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(headAt).toBe(0)
    first.abort()
    await (await second).text()
    await leaving
    const aborted = fake.counters.snapshot().last[0]
    expect(aborted?.ending).toBe('aborted')
    expect(fake.counters.snapshot()).toMatchObject({ aborted: 1, running: 0, maxRunning: 2 })
  })

  it('NUM_PARALLEL requests of one model run side by side', async () => {
    const fake = await start({ parallel: 3, tokensPerSecond: 20 })
    const answers = Promise.all(
      [1, 2, 3].map((n) =>
        readStream(`${fake.url}/api/generate`, { body: { ...slow, prompt: `${n}`, options: { num_predict: 4 } } }),
      ),
    )
    const heads = (await answers).map((answer) => answer.headAt)
    expect(Math.max(...heads)).toBeLessThan(150)
  })

  it('a half-close counts as a client that left', async () => {
    const fake = await start({ tokensPerSecond: 20 })
    const body = JSON.stringify(slow)
    const bytes = `POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    await rawExchange(fake.port, bytes, { halfClose: true })
    expect((await fake.counters.until((now) => now.running === 0)).aborted).toBe(1)
  })
})

describe('NUM_PARALLEL', () => {
  it('can be changed while it runs, and what runs goes on', async () => {
    const fake = await start({ tokensPerSecond: 200 })
    const ask = (n: number): ReturnType<typeof readStream> =>
      readStream(`${fake.url}/api/generate`, { body: { ...slow, prompt: `${n}`, options: { num_predict: 20 } } })
    const ends: number[] = []
    const first = ask(1).then(() => ends.push(1))
    await fake.counters.until((now) => now.bytesOut > 0)
    const others = [2, 3].map((n) => ask(n).then(() => ends.push(n)))
    await fake.counters.until((now) => now.running === 3)
    fake.setParallel(3)
    const late = ask(4).then(() => ends.push(4))
    await Promise.all([first, ...others])
    expect(ends.slice(0, 3)).toEqual([1, expect.any(Number), expect.any(Number)])
    expect(ends).not.toContain(4)
    await late
    fake.setParallel(1)
    const [one, two] = [ask(5), ask(6)]
    expect(Math.abs((await one).headAt - (await two).headAt)).toBeGreaterThan(50)
  })
})

describe('the speed of a model', () => {
  it('goes with its size, and everything with the scale of time', async () => {
    const fake = await start({
      models: [
        { name: 'small', sizeBytes: 1e9 },
        { name: 'large', sizeBytes: 4e9 },
      ],
      tokensPerSecond: 10,
      prefillTokensPerSecond: 100,
      speedsForBytes: 2e9,
      loadBytesPerSecond: 4e8,
      loadFixedMs: 1000,
      contextBytes: 1e9,
      timeScale: 100,
      contention: true,
    })
    const ask = async (model: string): Promise<Record<string, number>> => {
      const body = { model, prompt: 'x'.repeat(400), stream: false, options: { num_predict: 20 } }
      return (await (await post(fake, '/api/generate', body)).json()) as Record<string, number>
    }
    const times = [await ask('small'), await ask('large')].map((answer) =>
      ['load_duration', 'prompt_eval_duration', 'eval_duration'].map((field) => (answer[field] ?? 0) / 1e6),
    )
    // Late by what a busy machine takes, early never: 35, 5 and 10 ms for the small one.
    for (const [index, least] of [
      [35, 5, 10],
      [110, 20, 40],
    ].entries()) {
      for (const [field, ms] of least.entries()) expect(times[index]?.[field]).toBeGreaterThan(ms * 0.9)
    }
    const ps = (await (await fetch(`${fake.url}/api/ps`)).json()) as { models: { size: number }[] }
    expect(ps.models.map((model) => model.size)).toEqual([5e9, 2e9])
  })

  it('is in pieces of several tokens where that is asked for', async () => {
    const fake = await start({ tokensPerChunk: 8 })
    const body = { ...slow, options: { num_predict: 20 } }
    const { text } = await readStream(`${fake.url}/api/generate`, { body })
    const lines = text.trimEnd().split('\n')
    expect(lines).toHaveLength(5)
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ eval_count: 20, done: true })
    const singly = await start()
    const same = await readStream(`${singly.url}/api/generate`, { body })
    const said = (stream: string): string =>
      stream
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { response: string }).response)
        .join('')
    expect(said(text)).toBe(said(same.text))
  })
})

describe('/api/ps during a load', () => {
  const loadFor = async (version: string, loadFixedMs: number): Promise<{ fake: FakeOllama; leave(): void }> => {
    const fake = await start({ version, loadFixedMs })
    const client = new AbortController()
    const body = { model: 'tiny', prompt: 'x', stream: false }
    void readStream(`${fake.url}/api/generate`, { body, signal: client.signal }).catch(() => undefined)
    await fake.counters.until((now) => now.opened === 1)
    return { fake, leave: () => client.abort() }
  }
  const list = async (fake: FakeOllama): Promise<number> => {
    const { models } = (await (await fetch(`${fake.url}/api/ps`)).json()) as { models: unknown[] }
    return models.length
  }

  it.each(['0.24.0', '0.32.3'])('of %s answers', async (version) => {
    const { fake, leave } = await loadFor(version, 60_000)
    expect(await list(fake)).toBe(0)
    leave()
  })

  it.each(['0.32.4', '0.32.10', '1.0.0'])('of %s waits until it is done', async (version) => {
    const { fake } = await loadFor(version, 300)
    expect(await list(fake)).toBe(1)
  })
})

describe('loading', () => {
  const two: FakeOllamaOptions = {
    models: [
      { name: 'small', sizeBytes: 1_000 },
      { name: 'large', sizeBytes: 30_000 },
    ],
    loadBytesPerSecond: 100_000,
  }

  it('takes size over bandwidth, while a loaded model goes on answering', async () => {
    const fake = await start(two)
    await (await post(fake, '/api/generate', { model: 'small' })).text()
    const began = performance.now()
    const loading = post(fake, '/api/generate', { model: 'large', prompt: 'x', stream: false })
    await fake.counters.until((now) => now.opened === 2)
    await (await post(fake, '/api/generate', { model: 'small', prompt: 'x', stream: false })).text()
    expect(performance.now() - began).toBeLessThan(250)
    const answer = (await (await loading).json()) as { load_duration: number }
    expect(answer.load_duration).toBeGreaterThan(280e6)
  })

  it('evicts what is idle when memory is short, and refuses what can never fit', async () => {
    const fake = await start({ ...two, memoryBytes: 30_500, loadBytesPerSecond: Infinity })
    await (await post(fake, '/api/generate', { model: 'small' })).text()
    await (await post(fake, '/api/generate', { model: 'large' })).text()
    expect(fake.loaded().map((runner) => runner.model.name)).toEqual(['large:latest'])
    const tooLarge = await start({ ...two, memoryBytes: 20_000 })
    const refused = await post(tooLarge, '/api/generate', { model: 'large', prompt: 'x' })
    expect(refused.status).toBe(500)
    expect(await refused.text()).toContain('requires more system memory')
  })

  it('answers 503 beyond the queue of loads, and never to a model that is loaded', async () => {
    const fake = await start({ ...two, maxQueue: 1 })
    await (await post(fake, '/api/generate', { model: 'small' })).text()
    const loading = post(fake, '/api/generate', { model: 'large' })
    await fake.counters.until((now) => now.opened === 2)
    const refused = await post(fake, '/api/chat', { model: 'large', messages: [{ role: 'user', content: 'x' }] })
    expect(refused.status).toBe(503)
    expect(await refused.json()).toEqual({ error: 'server busy, please try again.  maximum pending requests exceeded' })
    expect((await post(fake, '/api/generate', { model: 'small', prompt: 'x', stream: false })).status).toBe(200)
    await (await loading).text()
  })

  it('a client that leaves throws its load away; the next in the queue starts it again', async () => {
    const fake = await start(two)
    const leaving = new AbortController()
    const { signal } = leaving
    const gone = readStream(`${fake.url}/api/generate`, { body: { model: 'large' }, signal }).catch(() => 'gone')
    await fake.counters.until((now) => now.opened === 1)
    await new Promise((resolve) => setTimeout(resolve, 150))
    const next = post(fake, '/api/generate', { model: 'large', prompt: 'x', stream: false })
    await fake.counters.until((now) => now.opened === 2)
    leaving.abort()
    expect(await gone).toBe('gone')
    const answer = (await (await next).json()) as { load_duration: number }
    expect(answer.load_duration).toBeGreaterThan(280e6)
  })

  it('keep_alive ends a loaded model, zero at once, and a negative one never', async () => {
    const fake = await start({ keepAliveMs: 30 })
    await (await post(fake, '/api/generate', { model: 'tiny' })).text()
    expect(fake.loaded()).toHaveLength(1)
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(fake.loaded()).toHaveLength(0)
    await (await post(fake, '/api/generate', { model: 'tiny', keep_alive: -1 })).text()
    const ps = (await (await fetch(`${fake.url}/api/ps`)).json()) as { models: { expires_at: string }[] }
    expect(ps.models[0]?.expires_at).toMatch(/^23/)
    const unload = (await (await post(fake, '/api/generate', { model: 'tiny', keep_alive: 0 })).json()) as object
    expect(unload).toMatchObject({ done_reason: 'unload' })
    expect(fake.loaded()).toHaveLength(0)
    expect((await post(fake, '/api/generate', { model: 'tiny', keep_alive: '-1' })).status).toBe(400)
  })
})

describe('prompts', () => {
  it('a prompt that begins like the last one is read faster; its count stays unless told otherwise', async () => {
    const prompt = 'word '.repeat(400)
    const ask = async (
      fake: FakeOllama,
      text: string,
    ): Promise<{ prompt_eval_count: number; prompt_eval_duration: number }> =>
      (await (
        await post(fake, '/api/generate', { model: 'tiny', prompt: text, stream: false, options: { num_predict: 1 } })
      ).json()) as never
    const fake = await start({ prefillTokensPerSecond: 500 })
    const [first, again] = [await ask(fake, prompt), await ask(fake, `${prompt} and more`)]
    expect(again.prompt_eval_duration).toBeLessThan(first.prompt_eval_duration / 2)
    expect(again.prompt_eval_count).toBeGreaterThan(first.prompt_eval_count)
    const strict = await start({ cachedTokensCounted: false })
    await ask(strict, prompt)
    expect((await ask(strict, `${prompt} and more`)).prompt_eval_count).toBeLessThan(10)
  })

  it('the same question has the same answer, on any server', async () => {
    const texts = await Promise.all(
      [start(), start()].map(async (starting) => {
        const answer = (await (
          await post(await starting, '/api/generate', { model: 'tiny', prompt: 'same', stream: false })
        ).json()) as { response: string }
        return answer.response
      }),
    )
    expect(texts[0]).toBe(texts[1])
    expect(texts[0]?.length).toBeGreaterThan(20)
  })

  it('keys fold as in Go, and the last one wins', async () => {
    const fake = await start()
    const answer = await fetch(`${fake.url}/api/generate`, {
      method: 'POST',
      body: '{"model":"nope","MODEL":"tiny"} trailing',
    })
    expect(answer.status).toBe(200)
    const other = await fetch(`${fake.url}/api/generate`, {
      method: 'POST',
      body: '{"MODEL":"tiny","x":{"model":"a"},"model":"nope"}',
    })
    expect(other.status).toBe(404)
    const folded = await fetch(`${fake.url}/api/generate`, {
      method: 'POST',
      body: '{"model":"tiny","\u212aeep_alive":0}',
    })
    expect(await folded.json()).toMatchObject({ done_reason: 'unload' })
  })

  it('calls a tool that the last message names', async () => {
    const fake = await start()
    const tools = [
      { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', required: ['city'] } } },
    ]
    const messages = [{ role: 'user', content: 'please get_weather' }]
    const native = (await (
      await post(fake, '/api/chat', { model: 'tiny', messages, tools, stream: false })
    ).json()) as { message: object }
    expect(native.message).toMatchObject({
      tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'x' } } }],
    })
    const compat = (await (
      await post(fake, '/v1/chat/completions', { model: 'tiny', messages, tools })
    ).json()) as object
    expect(compat).toMatchObject({
      choices: [
        { finish_reason: 'tool_calls', message: { tool_calls: [{ function: { arguments: '{"city":"x"}' } }] } },
      ],
    })
  })
})

describe('models', () => {
  it('pull, copy and delete change the lists', async () => {
    const fake = await start()
    const lines = (await (await post(fake, '/api/pull', { model: '', name: 'new:1b' })).text()).trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ status: 'success' })
    await post(fake, '/api/copy', { source: 'new:1b', destination: 'ns/copy' })
    await fetch(`${fake.url}/api/delete`, { method: 'DELETE', body: '{"name":"new:1b"}' })
    const tags = (await (await fetch(`${fake.url}/api/tags`)).json()) as { models: { name: string }[] }
    expect(tags.models.map((model) => model.name)).toEqual(['ns/copy:latest', 'tinythink:latest', 'tiny:latest'])
  })

  it('a failed pull says so in-band after status 200, and with a 500 where nothing streams', async () => {
    const fake = await start()
    const streamed = await post(fake, '/api/pull', { model: 'missing' })
    expect(streamed.status).toBe(200)
    expect((await streamed.text()).trim().split('\n').at(-1)).toBe(
      '{"error":"pull model manifest: file does not exist"}',
    )
    expect((await post(fake, '/api/pull', { model: 'missing', stream: false })).status).toBe(500)
  })
})

describe('blobs', () => {
  const content = Buffer.alloc(1_000_000, 'x')
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  const head = (length: number): string =>
    `POST /api/blobs/${digest} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`

  it('takes an upload whose digest is right, then answers the next one without reading it', async () => {
    const fake = await start()
    const wrong = await fetch(`${fake.url}/api/blobs/${digest}`, { method: 'POST', body: 'other' })
    expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining('digest mismatch')])
    expect((await fetch(`${fake.url}/api/blobs/${digest}`, { method: 'POST', body: content })).status).toBe(201)
    expect((await fetch(`${fake.url}/api/blobs/${digest}`, { method: 'HEAD' })).status).toBe(200)
    const { received } = await rawExchange(fake.port, head(content.length))
    const answer = parseResponse(received)
    expect(answer?.status).toBe(200)
    expect(answer && headerOf(answer, 'connection')).toBe('close')
    expect(fake.counters.snapshot().last.at(-1)?.bodyBytes).toBe(0)
  })
})

describe('Expect: 100-continue', () => {
  const digest = `sha256:${createHash('sha256').update('abc').digest('hex')}`
  const upload = (path: string): string =>
    `POST /api/blobs/${path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`

  it('asks for a body when it reads it', async () => {
    const fake = await start()
    const { received } = await rawExchange(fake.port, upload(digest.replace('ba', 'bb')), {
      more: [{ afterMs: 50, bytes: 'abc' }],
      until: (bytes) => bytes.toString().includes('400'),
    })
    expect(received.toString()).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 400/)
  })

  it('answers and closes where it has the blob or the digest is none', async () => {
    const fake = await start()
    const existing = await rawExchange(fake.port, upload(digest))
    expect(existing.received.toString()).toMatch(/^HTTP\/1.1 200 OK[^]*Connection: close/)
    const bad = await rawExchange(fake.port, upload('sha256:zz'))
    expect(bad.received.toString()).toMatch(/^HTTP\/1.1 400 Bad Request[^]*Connection: close/)
  })
})

describe('access', () => {
  it('keeps a connection without saying so, and says close only to who asked', async () => {
    const fake = await start()
    const { received } = await rawExchange(
      fake.port,
      'GET /api/version HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(2),
      {
        until: (bytes) => bytes.toString().split('HTTP/1.1 200').length === 3 && bytes.toString().endsWith('}'),
      },
    )
    expect(received.toString()).not.toMatch(/connection|keep-alive/i)
    expect(fake.counters.snapshot()).toMatchObject({ opened: 2, connections: 1 })
  })

  it('redirects a trailing slash as gin does', async () => {
    const fake = await start()
    const answer = await fetch(`${fake.url}/api/tags/`, { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([301, '/api/tags'])
    expect((await fetch(`${fake.url}/api/chat/`, { method: 'POST', body: '{}', redirect: 'manual' })).status).toBe(307)
  })
})
