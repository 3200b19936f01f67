import { send, sendJson } from './answer.ts'
import { findModel, runSettings, type Engine } from './engine.ts'
import { jsonBody, recordField, textField, type Exchange } from './exchange.ts'
import { encode, type Fields } from './go-json.ts'
import type { InstalledModel } from './model-store.ts'
import { OllamaError } from './ollama-error.ts'
import { EMBED, EMBEDDING, OPENAI_EMBED } from './request-shapes.ts'
import { seedOf } from './words.ts'

const DIMENSIONS = 64

export async function handleEmbed(engine: Engine, exchange: Exchange): Promise<void> {
  const fields = await jsonBody(exchange, EMBED)
  const model = findModel(engine, textField(fields, 'model'))
  const start = performance.now()
  const inputs = inputsOf(fields)
  const loadNs = await occupy(engine, exchange, { model, fields, prompt: inputs.join('') })
  await sendJson(exchange.answer, 200, {
    model: textField(fields, 'model'),
    embeddings: inputs.map((text) => unit(vector(text, dimensionsOf(fields)))),
    total_duration: Math.round((performance.now() - start) * 1e6) + 1,
    load_duration: loadNs,
    prompt_eval_count: inputs.reduce((sum, text) => sum + tokens(engine, text), 0),
  })
}

export async function handleEmbeddings(engine: Engine, exchange: Exchange): Promise<void> {
  const fields = await jsonBody(exchange, EMBEDDING)
  const model = findModel(engine, textField(fields, 'model'))
  const prompt = textField(fields, 'prompt')
  await occupy(engine, exchange, { model, fields, prompt })
  await sendJson(exchange.answer, 200, { embedding: prompt === '' ? [] : vector(prompt, DIMENSIONS) })
}

export async function handleOpenaiEmbeddings(engine: Engine, exchange: Exchange): Promise<void> {
  const fields = await jsonBody(exchange, OPENAI_EMBED)
  const model = findModel(engine, textField(fields, 'model'))
  const inputs = inputsOf(fields)
  await occupy(engine, exchange, { model, fields, prompt: inputs.join('') })
  const base64 = fields['encoding_format'] === 'base64'
  const data = inputs.map((text, index) => {
    const values = unit(vector(text, dimensionsOf(fields)))
    const embedding = base64 ? Buffer.from(Float32Array.from(values).buffer).toString('base64') : values
    return { object: 'embedding', embedding, index }
  })
  const promptTokens = inputs.reduce((sum, text) => sum + tokens(engine, text), 0)
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens }
  const body = encode({ object: 'list', data, model: textField(fields, 'model'), usage })
  await send(exchange.answer, 200, { type: 'application/json', body: `${body}\n` })
}

/** Embedding waits for a slot like everything else. */
async function occupy(
  engine: Engine,
  exchange: Exchange,
  work: { readonly model: InstalledModel; readonly fields: Fields; readonly prompt: string },
): Promise<number> {
  const start = performance.now()
  const settings = runSettings(work.model, recordField(work.fields, 'options'), work.fields['keep_alive'])
  const use = await engine.runners.acquire({ model: work.model, ...settings, signal: exchange.signal })
  try {
    const loadNs = Math.round((performance.now() - start) * 1e6) + 1
    const slot = await use.runner.slots.take(work.prompt, exchange.signal)
    use.runner.slots.give(slot)
    return loadNs
  } finally {
    use.release()
  }
}

function inputsOf(fields: Fields): readonly string[] {
  const input = fields['input']
  if (typeof input === 'string') return [input]
  if (Array.isArray(input) && input.every((text) => typeof text === 'string')) return input
  throw new OllamaError(400, 'invalid input type')
}

function dimensionsOf(fields: Fields): number {
  const dimensions = fields['dimensions']
  return typeof dimensions === 'number' && dimensions > 0 ? dimensions : DIMENSIONS
}

function tokens(engine: Engine, text: string): number {
  return Math.max(1, Math.ceil(text.length / engine.options.charactersPerToken))
}

function vector(text: string, dimensions: number): number[] {
  const seed = seedOf(text)
  return Array.from({ length: dimensions }, (_, index) => {
    const mixed = Math.imul(seed ^ (index + 1), 2_246_822_519) >>> 0
    return round(mixed / 2 ** 31 - 1)
  })
}

function unit(values: readonly number[]): number[] {
  const length = Math.hypot(...values)
  return values.map((value) => round(value / length))
}

function round(value: number): number {
  return Number(value.toPrecision(8))
}
