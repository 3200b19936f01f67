import { noFacts, peekBody } from '../proxy/body-facts.ts'
import { GatewayError } from '../errors/gateway-error.ts'

const BYTES_PER_TOKEN = 4
const COUNTED = ['messages', 'system', 'tools']

/**
 * `/v1/messages/count_tokens`, which Ollama lacks: an estimate from bytes, the one Ollama itself uses in the first event
 * of `/v1/messages`.
 */
export async function countTokens(body: Uint8Array): Promise<{ tokens: number; models: readonly string[] }> {
  const facts = body.length === 0 ? noFacts(body) : await peekBody(body, { readTools: false })
  if (!facts.fields.has('messages')) {
    throw new GatewayError('invalid_input', { message: 'The body needs "messages"' })
  }
  let bytes = 0
  for (const name of COUNTED) {
    const field = facts.fields.get(name)
    if (field !== undefined) bytes += field.valueEnd - field.valueStart
  }
  return { tokens: Math.ceil(bytes / BYTES_PER_TOKEN), models: facts.models }
}
