import type { Fixture } from '../fakes/fixtures.ts'

const ASKING = '"stream_options":{"include_usage":true}'
const STREAMS = new Set(['/v1/chat/completions', '/v1/completions'])

/** What an upstream is sent for a body: of a stream of completions whose client did not ask, the counts are asked for. */
export function asSent(path: string, body: string): string {
  return isUnasked(path, body) ? body.replace('{', `{${ASKING},`) : body
}

/** The same exchange as an upstream sees it, with the event of counts that it then sends. */
export function asUpstreamSeesIt(fixture: Fixture): Fixture {
  const { request, response } = fixture
  if (request.body === null || !isUnasked(request.path, request.body)) return fixture
  const model = (JSON.parse(request.body) as { model: string }).model
  const usage = { prompt_tokens: 7, completion_tokens: 6, total_tokens: 13 }
  const event = `data: ${JSON.stringify({ id: 'chatcmpl-416', object: 'chat.completion.chunk', model, choices: [], usage })}\n\n`
  return {
    ...fixture,
    request: { ...request, body: asSent(request.path, request.body) },
    response: {
      ...response,
      chunks: response.chunks.map((chunk) => chunk.replace('data: [DONE]', () => `${event}data: [DONE]`)),
    },
  }
}

function isUnasked(path: string, body: string): boolean {
  if (!STREAMS.has(path)) return false
  try {
    const { stream, stream_options: options } = JSON.parse(body) as { stream?: unknown; stream_options?: unknown }
    return stream === true && options === undefined
  } catch {
    return false
  }
}
