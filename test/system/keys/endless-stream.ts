import { readStream, type StreamResult } from '../harness/stream-client.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'

export interface EndlessStream {
  readonly ended: Promise<StreamResult & { readonly endedAt: number }>
  readonly chunks: () => number
}

const messages = [{ role: 'user', content: 'hello' }]
const streams = {
  native: { path: '/api/chat', body: { model: 'tiny', messages } },
  openai: { path: '/v1/chat/completions', body: { model: 'tiny', messages, stream: true } },
  anthropic: { path: '/v1/messages', body: { model: 'tiny', max_tokens: 100_000, messages, stream: true } },
} as const

/** A stream that has begun and that only the gateway will end. */
export async function startStream(
  gateway: RunningGateway,
  key: string,
  options: { dialect?: keyof typeof streams; id?: string } = {},
): Promise<EndlessStream> {
  const { path, body } = streams[options.dialect ?? 'native']
  let chunks = 0
  let begin = (): void => undefined
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const ended = readStream(gateway.url + path, {
    body,
    headers: { authorization: `Bearer ${key}`, ...(options.id === undefined ? {} : { 'x-request-id': options.id }) },
    onChunk: () => {
      chunks += 1
      begin()
    },
  }).then((result) => ({ ...result, endedAt: performance.now() }))
  await Promise.race([
    begun,
    ended.then((result) => {
      throw new Error(`no stream but ${result.status} ${result.text}`)
    }),
  ])
  return { ended, chunks: () => chunks }
}
