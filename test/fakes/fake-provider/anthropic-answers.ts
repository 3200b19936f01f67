import type { RawRequest } from '../request-reader.ts'
import type { Catalogue } from './openai-answers.ts'
import { type Field, jsonAnswer, type ProviderAnswer, streamAnswer } from './provider-answer.ts'
import { bodyOf, credentialOf, fieldsOf, pathOf } from './received-request.ts'

const WORDS = ['The', ' sky', ' is', ' blé', ' 東', ' 🐑', '.']

const OWN_HEADERS: readonly Field[] = [
  ['request-id', 'req_011fake'],
  ['anthropic-organization-id', '00000000-1111-4222-8333-444444444444'],
  ['anthropic-ratelimit-requests-remaining', '49'],
]

export function anthropicAnswer(request: RawRequest, catalogue: Catalogue): ProviderAnswer {
  if (catalogue.key !== null && credentialOf(request) !== catalogue.key) {
    return anthropicError(401, 'authentication_error', `invalid x-api-key: ${credentialOf(request)}`)
  }
  if (fieldsOf(request, 'anthropic-version').length !== 1) {
    return anthropicError(400, 'invalid_request_error', 'anthropic-version: header is required')
  }
  const route = `${request.method} ${pathOf(request)}`
  if (route === 'GET /v1/models') return listModels(request, catalogue)
  if (route === 'POST /v1/messages') return message(request, catalogue)
  return anthropicError(404, 'not_found_error', 'Not Found')
}

export function anthropicError(status: number, type: string, message: string): ProviderAnswer {
  const body = { type: 'error', error: { type, message }, request_id: 'req_011fake' }
  return jsonAnswer(status, body, OWN_HEADERS)
}

/** Twenty to a page unless told otherwise, as the real one does. */
function listModels({ target }: RawRequest, { models, listsModels }: Catalogue): ProviderAnswer {
  if (!listsModels) return anthropicError(404, 'not_found_error', 'Not Found')
  const query = new URLSearchParams(target.split('?')[1] ?? '')
  const limit = Number(query.get('limit') ?? '20')
  if (!(limit >= 1 && limit <= 1000)) return anthropicError(400, 'invalid_request_error', 'limit: out of range')
  const after = query.get('after_id')
  const start = after === null ? 0 : models.indexOf(after) + 1
  const page = models.slice(start, start + limit)
  return jsonAnswer(
    200,
    {
      data: page.map((id) => ({ type: 'model', id, display_name: id, created_at: '2025-02-19T00:00:00Z' })),
      has_more: start + limit < models.length,
      first_id: page[0] ?? null,
      last_id: page.at(-1) ?? null,
    },
    OWN_HEADERS,
  )
}

function message(request: RawRequest, { models }: Catalogue): ProviderAnswer {
  const { model, stream } = bodyOf(request)
  if (!models.includes(String(model))) return anthropicError(404, 'not_found_error', `model: ${String(model)}`)
  const usage = {
    input_tokens: 3,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 4,
    output_tokens: WORDS.length,
  }
  const head = { id: 'msg_01fake', type: 'message', role: 'assistant', model }
  const ending = { stop_reason: 'end_turn', stop_sequence: null }
  if (stream !== true) {
    const content = [{ type: 'text', text: WORDS.join('') }]
    return jsonAnswer(200, { ...head, content, ...ending, usage }, OWN_HEADERS)
  }
  const started = {
    ...head,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usage, output_tokens: 1 },
  }
  const events = [
    { type: 'message_start', message: started },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'ping' },
    ...WORDS.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: ending, usage: { output_tokens: WORDS.length } },
    { type: 'message_stop' },
  ]
  return streamAnswer(
    events.map((each) => `event: ${each.type}\ndata: ${JSON.stringify(each)}\n\n`),
    OWN_HEADERS,
  )
}
