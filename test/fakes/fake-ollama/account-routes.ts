import { send, sendJson } from './answer.ts'
import { findModel, generate, runSettings, type Engine } from './engine.ts'
import { wholeBody, type Exchange } from './exchange.ts'
import { collect } from './compat-job.ts'
import { OllamaError } from './ollama-error.ts'
import { sendLine } from './openai-chat.ts'

/** A server that nobody signed in and that cannot reach ollama.com. */
export function handleMe(): Promise<void> {
  throw new OllamaError(503, 'account unavailable')
}

export async function handleSignout(exchange: Exchange): Promise<void> {
  await wholeBody(exchange)
  await sendJson(exchange.answer, 200, null)
}

export function handleWebSearch(): Promise<void> {
  throw new OllamaError(401, 'unauthorized', { signin_url: 'https://ollama.com/connect' })
}

/** Multipart: only the fields `model` and `response_format` are looked at. */
export async function handleTranscription(engine: Engine, exchange: Exchange): Promise<void> {
  const body = (await wholeBody(exchange)).toString('latin1')
  const field = (name: string): string =>
    new RegExp(`name="${name}"\\r\\n(?:[^\\r]+\\r\\n)*\\r\\n([^\\r]*)`).exec(body)?.[1] ?? ''
  if (field('model') === '') throw new OllamaError(400, 'model is required')
  const model = findModel(engine, field('model'))
  const job = {
    model,
    prompt: `transcribe ${body.length}`,
    think: false,
    tool: undefined,
    ...runSettings(model, {}, undefined),
  }
  const { text } = await collect(await generate(engine, job, exchange))
  if (field('response_format') === 'text')
    return send(exchange.answer, 200, { type: 'text/plain; charset=utf-8', body: text })
  await sendLine(exchange, { text })
}
