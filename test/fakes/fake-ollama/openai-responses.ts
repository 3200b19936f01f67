import { keptAlive } from './anthropic-messages.ts'
import { collect, fromMiddleware, numberField, startCompat, streamParts } from './compat-job.ts'
import type { Engine } from './engine.ts'
import { isRecord, jsonBody, listField, textField, type Exchange } from './exchange.ts'
import type { Generation, Metrics, Part, ToolCall } from './generation.ts'
import { encodeMap, type Fields } from './go-json.ts'
import { callId } from './native-inference.ts'
import { sendLine } from './openai-chat.ts'
import { RESPONSES } from './request-shapes.ts'
import { seedOf } from './words.ts'

export async function handleResponses(engine: Engine, exchange: Exchange): Promise<void> {
  const fields = await fromMiddleware(jsonBody(exchange, RESPONSES))
  const input = fields['input']
  const messages = typeof input === 'string' ? [{ role: 'user', content: input }] : listField(fields, 'input')
  const reasoning = fields['reasoning']
  const generation = await startCompat(engine, exchange, {
    model: textField(fields, 'model'),
    messages,
    system: textField(fields, 'instructions'),
    tools: listField(fields, 'tools'),
    limit: numberField(fields['max_output_tokens']),
    think: isRecord(reasoning) && reasoning['effort'] !== undefined ? reasoning['effort'] !== 'none' : undefined,
    refuseThinking: true,
  })
  const seed = seedOf(JSON.stringify(fields)) % 899_999
  if (fields['stream'] === true) return streamResponse(exchange, generation, { fields, seed })
  const answer = await collect(generation)
  const output = [
    ...(answer.thinking === '' ? [] : [reasoningItem(seed, answer.thinking)]),
    ...(answer.text === '' ? [] : [messageItem(seed, answer.text, 'completed')]),
    ...answer.calls.map((call) => callItem(call, 'completed')),
  ]
  await sendLine(exchange, wholeResponse(responseState(fields, seed), output, answer.metrics))
}

interface ResponseInfo {
  readonly fields: Fields
  readonly seed: number
}

async function streamResponse(exchange: Exchange, generation: Generation, info: ResponseInfo): Promise<void> {
  const events = createEventWriter(exchange)
  const state = { ...responseState(info.fields, info.seed), created_at: Math.floor(Date.now() / 1000) }
  const output: object[] = []
  let open: OpenItem | undefined

  async function close(): Promise<void> {
    if (open !== undefined) output.push(await open.close())
    open = undefined
  }

  const fate = await streamParts(generation, async (part) => {
    if (!exchange.answer.started) {
      startEvents(exchange)
      await events('response.created', {
        response: { ...state, status: 'in_progress', completed_at: null, output: [], usage: null },
      })
      await events('response.in_progress', {
        response: { ...state, status: 'in_progress', completed_at: null, output: [], usage: null },
      })
    }
    if (open?.kind !== part.kind) {
      await close()
      open = await openItem(events, part, { seed: info.seed, index: output.length })
    }
    await open.add(part)
  })
  if (fate === 'died') return exchange.answer.end()
  await close()
  await events('response.completed', { response: { ...state, ...completion(output, generation.metrics()) } })
  await exchange.answer.end()
}

type WriteEvent = (type: string, rest: object) => Promise<void>

interface OpenItem {
  readonly kind: Part['kind']
  add(part: Part): Promise<void>
  /** Says that it is whole, and returns it. */
  close(): Promise<object>
}

interface ItemPlace {
  readonly seed: number
  readonly index: number
}

function openItem(events: WriteEvent, part: Part, place: ItemPlace): Promise<OpenItem> {
  if (part.kind === 'tool') return openCall(events, part.call, place)
  return part.kind === 'thinking' ? openReasoning(events, place) : openMessage(events, place)
}

async function openMessage(events: WriteEvent, { seed, index }: ItemPlace): Promise<OpenItem> {
  let text = ''
  const at = { content_index: 0, item_id: `msg_${seed}`, output_index: index }
  const part = (): object => ({ annotations: [], logprobs: [], text, type: 'output_text' })
  const item = { content: [], id: `msg_${seed}`, role: 'assistant', status: 'in_progress', type: 'message' }
  await events('response.output_item.added', { item, output_index: index })
  await events('response.content_part.added', { ...at, part: part() })
  return {
    kind: 'content',
    async add(piece) {
      const delta = piece.kind === 'tool' ? '' : piece.text
      text += delta
      await events('response.output_text.delta', { ...at, delta, logprobs: [] })
    },
    async close() {
      await events('response.output_text.done', { ...at, logprobs: [], text })
      await events('response.content_part.done', { ...at, part: part() })
      const whole = messageItem(seed, text, 'completed')
      await events('response.output_item.done', { item: whole, output_index: index })
      return whole
    },
  }
}

async function openReasoning(events: WriteEvent, { seed, index }: ItemPlace): Promise<OpenItem> {
  let text = ''
  const at = { item_id: `rs_${seed}`, output_index: index, summary_index: 0 }
  await events('response.output_item.added', {
    item: { id: `rs_${seed}`, summary: [], type: 'reasoning' },
    output_index: index,
  })
  return {
    kind: 'thinking',
    async add(piece) {
      const delta = piece.kind === 'tool' ? '' : piece.text
      text += delta
      await events('response.reasoning_summary_text.delta', { ...at, delta })
    },
    async close() {
      await events('response.reasoning_summary_text.done', { ...at, text })
      const whole = reasoningItem(seed, text)
      await events('response.output_item.done', { item: whole, output_index: index })
      return whole
    },
  }
}

async function openCall(events: WriteEvent, call: ToolCall, { index }: ItemPlace): Promise<OpenItem> {
  const at = { item_id: `fc_${callId(call)}`, output_index: index }
  await events('response.output_item.added', {
    item: { ...callItem(call, 'in_progress'), arguments: '' },
    output_index: index,
  })
  return {
    kind: 'tool',
    add: () => events('response.function_call_arguments.delta', { ...at, delta: JSON.stringify(call.arguments) }),
    async close() {
      await events('response.function_call_arguments.done', { ...at, arguments: JSON.stringify(call.arguments) })
      const whole = callItem(call, 'completed')
      await events('response.output_item.done', { item: whole, output_index: index })
      return whole
    },
  }
}

function createEventWriter(exchange: Exchange): WriteEvent {
  let sequence = 0
  return (type, rest) =>
    exchange.answer.write(`event: ${type}\ndata: ${encodeMap({ ...rest, type, sequence_number: sequence++ })}\n\n`)
}

function startEvents(exchange: Exchange): void {
  exchange.answer.head(200, [
    ['Cache-Control', 'no-cache'],
    ...keptAlive(exchange),
    ['Content-Type', 'text/event-stream'],
  ])
}

function messageItem(seed: number, text: string, status: string): object {
  const content = [{ type: 'output_text', text, annotations: [], logprobs: [] }]
  return { id: `msg_${seed}`, type: 'message', status, role: 'assistant', content }
}

function reasoningItem(seed: number, text: string): object {
  return { id: `rs_${seed}`, type: 'reasoning', summary: [{ type: 'summary_text', text }] }
}

function callItem(call: ToolCall, status: string): object {
  const id = callId(call)
  return {
    id: `fc_${id}`,
    type: 'function_call',
    status,
    call_id: id,
    name: call.name,
    arguments: JSON.stringify(call.arguments),
  }
}

/** What every event about the response as a whole repeats. */
function responseState(fields: Fields, seed: number): object {
  return {
    background: false,
    error: null,
    frequency_penalty: 0,
    id: `resp_${seed}`,
    incomplete_details: null,
    instructions: fields['instructions'] ?? null,
    max_output_tokens: fields['max_output_tokens'] ?? null,
    max_tool_calls: null,
    metadata: {},
    model: textField(fields, 'model'),
    object: 'response',
    parallel_tool_calls: true,
    presence_penalty: 0,
    previous_response_id: null,
    prompt_cache_key: null,
    reasoning: null,
    safety_identifier: null,
    service_tier: 'default',
    store: false,
    temperature: fields['temperature'] ?? 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: fields['tools'] ?? [],
    top_logprobs: 0,
    top_p: fields['top_p'] ?? 1,
    truncation: 'disabled',
  }
}

function completion(output: readonly object[], metrics: Metrics): object {
  return {
    status: 'completed',
    completed_at: Math.floor(Date.now() / 1000),
    output,
    usage: {
      input_tokens: metrics.promptTokens,
      output_tokens: metrics.answerTokens,
      total_tokens: metrics.promptTokens + metrics.answerTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    },
  }
}

/** A Go struct here, with its fields in the order of their declaration; in a stream it is a map. */
const WHOLE_ORDER = [
  'id',
  'object',
  'created_at',
  'completed_at',
  'status',
  'incomplete_details',
  'model',
  'previous_response_id',
  'instructions',
  'output',
  'error',
  'tools',
  'tool_choice',
  'truncation',
  'parallel_tool_calls',
  'text',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'top_logprobs',
  'temperature',
  'reasoning',
  'usage',
  'max_output_tokens',
  'max_tool_calls',
  'store',
  'background',
  'service_tier',
  'metadata',
  'safety_identifier',
  'prompt_cache_key',
]

function wholeResponse(state: object, output: readonly object[], metrics: Metrics): object {
  const created = { created_at: Math.floor(Date.now() / 1000) }
  const all: Record<string, unknown> = { ...state, ...created, ...completion(output, metrics) }
  return Object.fromEntries(WHOLE_ORDER.map((key) => [key, all[key]]))
}
