import { given, type CanaryScene } from './canary-scene.ts'

interface Asked {
  readonly path: string
  readonly body?: unknown
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

const messages = [{ role: 'user', content: given.prompt }]
const { prompt } = given

/** One of each route that takes a prompt, in each dialect, whole and as a stream. */
function prompts(model: string): Asked[] {
  const bodies: [string, object][] = [
    ['/api/chat', { messages }],
    ['/api/generate', { prompt, system: prompt }],
    ['/v1/chat/completions', { messages, temperature: 0 }],
    ['/v1/completions', { prompt }],
    // Its answers repeat the instructions, but not the input.
    ['/v1/responses', { input: prompt }],
    ['/v1/messages', { messages, max_tokens: 20, system: prompt }],
  ]
  const both = bodies.flatMap(([path, body]) =>
    [true, false].map((stream) => ({ path, body: { model, stream, ...body } })),
  )
  return [
    ...both,
    // Again: from the cache, where that is on.
    ...both,
    { path: '/api/embed', body: { model, input: prompt } },
    { path: '/api/embeddings', body: { model, prompt } },
    { path: '/v1/embeddings', body: { model, input: prompt } },
    { path: '/v1/messages/count_tokens', body: { model, messages } },
  ]
}

/** What a client gets wrong, with the secrets in all the places where they do not belong. */
function mistakes(key: string): Asked[] {
  const bearer = { authorization: `Bearer ${key}` }
  return [
    { path: '/api/chat', body: { model: 'nowhere', messages } },
    { path: '/v1/chat/completions', body: { model: 'nowhere', messages } },
    { path: '/v1/messages', body: { model: 'nowhere', messages } },
    { path: '/api/chat', body: `{"model":"tiny","prompt":"${prompt}` },
    { path: '/api/chat', body: { model: 'tiny', Model: prompt, messages } },
    { path: '/api/chat', body: { model: `bad name ${key}`, messages } },
    { path: '/api/pull', body: { name: 'missing', password: given.upstreamPassword } },
    { path: `/nowhere?key=${key}&q=${encodeURIComponent(prompt)}` },
    { path: `/k/${key}/api/tags?again=${key}` },
    { path: `/k/${key}/nowhere` },
    { path: '/api/tags', headers: { authorization: `Strange ${key}` } },
    { path: '/api/tags', headers: { authorization: `Bearer ${key} more` } },
    { path: '/api/tags', headers: { ...bearer, 'x-api-key': given.unknownKey } },
    { path: '/api/tags', headers: { ...bearer, 'corral-upstream': 'no-such-upstream' } },
    { path: '/admin/keys', body: { name: prompt }, headers: bearer },
    { path: '/admin/keys', body: `{"name":"${prompt}`, headers: bearer },
    { path: '/admin/keys', body: { name: 'x', limits: { requests_per_minute: 0 } }, headers: bearer },
    { path: '/admin/users/nobody', method: 'DELETE', headers: bearer },
    { path: '/agent/v1', headers: bearer },
  ]
}

/** Every answer, head and body, as one text; an answer that breaks off counts as far as it came. */
async function askAll(url: string, key: string, asked: readonly Asked[]): Promise<{ text: string; ok: number }> {
  let [text, ok] = ['', 0]
  for (const { path, body, method, headers } of asked) {
    try {
      const response = await fetch(url + path, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { authorization: `Bearer ${key}`, ...headers },
        body: typeof body === 'string' || body === undefined ? (body ?? null) : JSON.stringify(body),
      })
      text += `${response.status} ${JSON.stringify([...response.headers])}\n`
      if (response.ok) ok++
      text += `${await response.text()}\n`
    } catch (error) {
      text += `${String(error)}\n`
    }
  }
  return { text, ok }
}

export interface Told {
  readonly answers: string
  /** Answers of status 200 and the like. */
  readonly ok: number
}

/** All that clients do with these keys, right and wrong, while everything works and while nothing does. */
export async function useEverything(scene: CanaryScene, keys: readonly string[]): Promise<Told> {
  const { gateway, ollama, provider } = scene
  const told: { text: string; ok: number }[] = []
  const ask = async (key: string, asked: readonly Asked[]): Promise<void> =>
    void told.push(await askAll(gateway.url, key, asked))

  for (const key of keys) {
    await ask(key, [...prompts('tiny'), ...mistakes(key)])
    for (const carrier of ['x-api-key', 'api-key', 'apikey'])
      await ask('', [{ path: '/api/tags', headers: { [carrier]: key } }])
    const basic = `Basic ${Buffer.from(`user:${key}`).toString('base64')}`
    await ask(key, [{ path: '/api/tags', headers: { authorization: basic } }, { path: `/k/${key}/api/tags` }])
  }
  const [key = ''] = keys
  await ask(key, prompts('faraway'))
  await ask(key, [{ path: '/v1/chat/completions', body: { model: 'gpt-4', messages } }])
  provider.faults.add({ kind: 'echo-key', status: 400 })
  await ask(key, [{ path: '/v1/chat/completions', body: { model: 'gpt-4', messages, seed: 1 } }])
  provider.faults.add({ kind: 'refuse-key' })
  await ask(key, [{ path: '/v1/chat/completions', body: { model: 'gpt-4', messages, seed: 2 } }])
  for (const kind of [
    'reset-before-headers',
    'reset-mid-line',
    'html-200',
    'error-line',
    'busy-503',
    'clean-end',
  ] as const) {
    ollama.faults.clear()
    ollama.faults.add({ kind })
    await ask(
      key,
      prompts('tiny').map((each) => ({ ...each, headers: { 'cache-control': 'no-cache' } })),
    )
  }
  ollama.faults.clear()
  await ask(given.unknownKey, [...prompts('tiny').slice(0, 2), ...mistakes(given.unknownKey)])
  await ollama.setDoor('refuse')
  await ask(
    key,
    prompts('tiny')
      .slice(0, 4)
      .map((each) => ({ ...each, headers: { 'cache-control': 'no-cache' } })),
  )
  await ollama.setDoor('open')
  return { answers: told.map(({ text }) => text).join('\n'), ok: told.reduce((sum, { ok }) => sum + ok, 0) }
}
