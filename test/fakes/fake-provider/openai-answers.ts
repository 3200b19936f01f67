import type { RawRequest } from '../request-reader.ts'
import { type Field, jsonAnswer, type ProviderAnswer, streamAnswer } from './provider-answer.ts'
import { bodyOf, credentialOf, pathOf } from './received-request.ts'

export interface Catalogue {
  /** Null: it wants none. */
  readonly key: string | null
  readonly models: readonly string[]
  /** Servers of one's own may have no list: 404. */
  readonly listsModels: boolean
  /** It knows nothing of `stream_options`, and takes no field that it does not know. */
  readonly refusesCounts?: boolean
}

/** A character of one, two, three and four bytes among them, for whoever cuts in the wrong place. */
const WORDS = ['The', ' sky', ' is', ' blé', ' 東', ' 🐑', '.']
const CREATED = 1_700_000_000
const USAGE = {
  prompt_tokens: 7,
  completion_tokens: WORDS.length,
  total_tokens: 7 + WORDS.length,
  prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
}

/** Headers that come with every answer of api.openai.com. */
const OWN_HEADERS: readonly Field[] = [
  ['x-request-id', 'req_0123456789abcdef'],
  ['openai-organization', 'org-of-the-gateway'],
  ['openai-processing-ms', '42'],
  ['openai-version', '2020-10-01'],
  ['x-ratelimit-remaining-requests', '9999'],
]

export function openaiAnswer(request: RawRequest, catalogue: Catalogue): ProviderAnswer {
  const given = credentialOf(request)
  if (catalogue.key !== null && request.headers.every(([, value]) => value !== `Bearer ${catalogue.key}`)) {
    return openaiError(401, `Incorrect API key provided: ${given}.`, 'invalid_api_key')
  }
  const answer = ROUTES[`${request.method} ${pathOf(request)}`]
  const single = /^\/v1\/models\/(.+)$/.exec(pathOf(request))?.[1]
  if (request.method === 'GET' && single !== undefined) return oneModel(single, catalogue)
  if (answer === undefined) return openaiError(404, `Invalid URL (${request.method} ${request.target})`, null)
  return answer(request, catalogue)
}

export function openaiError(status: number, message: string, code: string | null): ProviderAnswer {
  const type = status === 429 ? 'requests' : 'invalid_request_error'
  return jsonAnswer(status, { error: { message, type, param: null, code } }, OWN_HEADERS)
}

const ROUTES: Readonly<Record<string, (request: RawRequest, catalogue: Catalogue) => ProviderAnswer>> = {
  'GET /v1/models': (_, catalogue) => listModels(catalogue),
  'POST /v1/chat/completions': withModel(chat),
  'POST /v1/completions': withModel(complete),
  'POST /v1/embeddings': withModel(embed),
  'POST /v1/responses': withModel(respond),
  'POST /v1/audio/transcriptions': () => jsonAnswer(200, { text: 'The sky is blue.' }, OWN_HEADERS),
}

type Body = Readonly<Record<string, unknown>>

function withModel(answer: (body: Body) => ProviderAnswer): (request: RawRequest, given: Catalogue) => ProviderAnswer {
  return (request, { models, refusesCounts }) => {
    const body = bodyOf(request)
    if (refusesCounts === true && 'stream_options' in body) {
      return openaiError(400, "Extra inputs are not permitted, field: 'stream_options'", null)
    }
    if (models.includes(String(body['model']))) return answer(body)
    const message = `The model \`${String(body['model'])}\` does not exist or you do not have access to it.`
    return openaiError(404, message, 'model_not_found')
  }
}

function listModels({ models, listsModels }: Catalogue): ProviderAnswer {
  if (!listsModels) return openaiError(404, 'Not Found', null)
  return jsonAnswer(200, { object: 'list', data: models.map(modelEntry) }, OWN_HEADERS)
}

function oneModel(name: string, { models }: Catalogue): ProviderAnswer {
  if (models.includes(name)) return jsonAnswer(200, modelEntry(name), OWN_HEADERS)
  return openaiError(404, `The model '${name}' does not exist`, 'model_not_found')
}

function modelEntry(id: string): object {
  return { id, object: 'model', created: CREATED, owned_by: 'openai' }
}

function chat(body: Body): ProviderAnswer {
  const base = { id: 'chatcmpl-fake', created: CREATED, model: body['model'], service_tier: 'default' }
  if (body['stream'] !== true) {
    const message = { role: 'assistant', content: WORDS.join(''), refusal: null, annotations: [] }
    const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }]
    return jsonAnswer(200, { ...base, object: 'chat.completion', choices, usage: USAGE }, OWN_HEADERS)
  }
  const part = (delta: object, finish: string | null): string => {
    const choices = [{ index: 0, delta, finish_reason: finish }]
    return event({ ...base, object: 'chat.completion.chunk', choices, ...uncounted(body), obfuscation: 'aZ3' })
  }
  const usage = event({ ...base, object: 'chat.completion.chunk', choices: [], usage: USAGE })
  return streamAnswer(
    [
      part({ role: 'assistant', content: '' }, null),
      ...WORDS.map((word) => part({ content: word }, null)),
      part({}, 'stop'),
      ...(wantsUsage(body) ? [usage] : []),
      'data: [DONE]\n\n',
    ],
    OWN_HEADERS,
  )
}

function complete(body: Body): ProviderAnswer {
  const base = { id: 'cmpl-fake', object: 'text_completion', created: CREATED, model: body['model'] }
  const choice = (text: string, finish: string | null): object => ({ text, index: 0, finish_reason: finish })
  if (body['stream'] !== true) {
    const whole = { ...base, choices: [choice(WORDS.join(''), 'stop')], usage: USAGE }
    return jsonAnswer(200, whole, OWN_HEADERS)
  }
  const part = (text: string, finish: string | null): string =>
    event({ ...base, choices: [choice(text, finish)], ...uncounted(body) })
  const usage = event({ ...base, choices: [], usage: USAGE })
  return streamAnswer(
    [
      ...WORDS.map((word) => part(word, null)),
      part('', 'stop'),
      ...(wantsUsage(body) ? [usage] : []),
      'data: [DONE]\n\n',
    ],
    OWN_HEADERS,
  )
}

function embed(body: Body): ProviderAnswer {
  const inputs = Array.isArray(body['input']) ? body['input'] : [body['input']]
  const numbers = [0.25, -0.5, 0.125]
  const embedding =
    body['encoding_format'] === 'base64' ? Buffer.from(Float32Array.from(numbers).buffer).toString('base64') : numbers
  const data = inputs.map((_, index) => ({ object: 'embedding', index, embedding }))
  const usage = { prompt_tokens: 2, total_tokens: 2 }
  return jsonAnswer(200, { object: 'list', data, model: body['model'], usage }, OWN_HEADERS)
}

function respond(body: Body): ProviderAnswer {
  const text = { type: 'output_text', text: WORDS.join(''), annotations: [] }
  const message = { id: 'msg_fake', type: 'message', role: 'assistant', status: 'completed', content: [text] }
  const base = { id: 'resp_fake', object: 'response', created_at: CREATED, model: body['model'] }
  const usage = {
    input_tokens: 7,
    input_tokens_details: { cached_tokens: 4 },
    output_tokens: WORDS.length,
    total_tokens: 7 + WORDS.length,
  }
  const done = { ...base, status: 'completed', output: [message], usage }
  if (body['stream'] !== true) return jsonAnswer(200, done, OWN_HEADERS)
  const item = { item_id: 'msg_fake', output_index: 0, content_index: 0 }
  const events = [
    { type: 'response.created', response: { ...base, status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', output_index: 0, item: { ...message, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...item, part: { ...text, text: '' } },
    ...WORDS.map((delta) => ({ type: 'response.output_text.delta', ...item, delta })),
    { type: 'response.completed', response: done },
  ]
  return streamAnswer(
    events.map((each, index) => `event: ${each.type}\n${event({ ...each, sequence_number: index })}`),
    OWN_HEADERS,
  )
}

function event(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

/** Each event but the one of counts has the field too, once it is asked for. */
function uncounted(body: Body): object {
  return wantsUsage(body) ? { usage: null } : {}
}

function wantsUsage({ stream_options: options }: Body): boolean {
  return typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true
}
