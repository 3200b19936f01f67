import { createHash } from 'node:crypto'
import { rawRequest } from '../../system/harness/raw-request.ts'
import type { ExchangePlan } from './exchange-plan.ts'

/** More than fits in one piece, so that uploads are under way for a while. */
const BLOB = Buffer.alloc(150_000, 'corral')
const BLOB_PATH = `/api/blobs/sha256:${createHash('sha256').update(BLOB).digest('hex')}`

/** The bytes of what the plan asks, on a connection that ends with the answer. */
export function plannedRequest(plan: ExchangePlan, key: string): Buffer {
  const { path, body } = asked(plan)
  return rawRequest(path, { method: 'POST', key, body, headers: { Connection: 'close' } })
}

function asked({ shape, model, streams, promptTokens, answerTokens }: ExchangePlan): { path: string; body: unknown } {
  // Four characters are a token to the fakes.
  const prompt = 'abcd'.repeat(promptTokens)
  const messages = [{ role: 'user', content: prompt }]
  const options = { num_predict: answerTokens }
  switch (shape) {
    case 'chat':
      return { path: '/api/chat', body: { model, messages, stream: streams, options } }
    case 'generate':
      return { path: '/api/generate', body: { model, prompt, stream: streams, options } }
    case 'openai':
      return { path: '/v1/chat/completions', body: { model, messages, stream: streams, max_tokens: answerTokens } }
    case 'embed':
      return { path: '/api/embed', body: { model, input: prompt } }
    case 'show':
      return { path: '/api/show', body: { model } }
    case 'upload':
      return { path: BLOB_PATH, body: BLOB }
  }
}
