import { capabilitiesOf, findModel, generate, runSettings, type Engine } from './engine.ts'
import type { Exchange } from './exchange.ts'
import type { Generation, Metrics, Part, ToolCall } from './generation.ts'
import { OllamaError } from './ollama-error.ts'
import { renderMessages, toolToCall } from './prompt.ts'

/** What the /v1 routes have in common once their own fields are read: none can carry `options` or `keep_alive`. */
export interface CompatRequest {
  readonly model: string
  readonly messages: readonly unknown[]
  readonly system?: string
  readonly tools: readonly unknown[]
  readonly limit: number | undefined
  /** Undefined leaves it to the model. */
  readonly think: boolean | undefined
  /** Of a model that cannot think: a 400, or dropped without a word as on /v1/messages. */
  readonly refuseThinking: boolean
}

export interface Collected {
  readonly text: string
  readonly thinking: string
  readonly calls: readonly ToolCall[]
  readonly metrics: Metrics
}

export async function startCompat(engine: Engine, exchange: Exchange, request: CompatRequest): Promise<Generation> {
  if (request.model === '') throw new OllamaError(400, 'model is required')
  const model = findModel(engine, request.model)
  const able = capabilitiesOf(model).includes('thinking')
  if (request.think === true && !able && request.refuseThinking) {
    throw new OllamaError(400, `"${request.model}" does not support thinking`)
  }
  const job = {
    model,
    prompt: renderMessages(request.messages, request.system),
    think: able && request.think !== false,
    tool: toolToCall(request.tools, request.messages),
    ...runSettings(model, request.limit === undefined ? {} : { num_predict: request.limit }, undefined),
  }
  return generate(engine, job, exchange)
}

export async function collect(generation: Generation): Promise<Collected> {
  let text = ''
  let thinking = ''
  const calls: ToolCall[] = []
  for await (const part of generation.parts) {
    if (part.kind === 'tool') calls.push(part.call)
    else if (part.kind === 'thinking') thinking += part.text
    else text += part.text
  }
  return { text, thinking, calls, metrics: generation.metrics() }
}

/**
 * Runs a stream to its end and says whether it got there. What the runner says after the first piece is lost on
 * every /v1 route of Ollama: the rewriting writer takes the error for an empty chunk.
 */
export async function streamParts(
  generation: Generation,
  tell: (part: Part) => Promise<void>,
): Promise<'ended' | 'died'> {
  let started = false
  try {
    for await (const part of generation.parts) {
      started = true
      await tell(part)
    }
    return 'ended'
  } catch (error) {
    if (started && error instanceof OllamaError) return 'died'
    throw error
  }
}

export function numberField(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** What the decoder refuses on /v1 is answered by the middleware, in another content type than the handler's. */
export async function fromMiddleware<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof OllamaError) throw new OllamaError(error.status, error.message, { by: 'middleware' })
    throw error
  }
}
