import { request, type IncomingMessage } from 'node:http'

export interface OllamaQuestion {
  readonly url: string
  /** Sent as JSON, with POST. */
  readonly body?: unknown
  /** How long nothing may come. */
  readonly idleMs: number
  readonly signal: AbortSignal
}

/** The head of Ollama's answer. Not `fetch`: that gives up after five minutes of silence, and hashing a layer takes longer. */
export function askOllama({ url, body, idleMs, signal }: OllamaQuestion): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const outgoing = request(url, {
      method: text === undefined ? 'GET' : 'POST',
      headers:
        text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      agent: false,
      timeout: idleMs,
      signal,
    })
    outgoing.once('timeout', () => outgoing.destroy(new Error(`Ollama said nothing for ${idleMs / 1000} s`)))
    outgoing.once('error', reject)
    outgoing.once('response', resolve)
    outgoing.end(text)
  })
}

/** The lines of an answer as they come, at most 64 KB each. */
export async function* readLines(answer: IncomingMessage): AsyncGenerator<string> {
  const MAX_LENGTH = 65_536
  let rest = ''
  answer.setEncoding('utf8')
  for await (const chunk of answer) {
    const parts = (rest + String(chunk)).split('\n')
    rest = parts.pop() ?? ''
    if (rest.length > MAX_LENGTH) throw new Error('Ollama sent a line without an end')
    yield* parts.filter((line) => line.trim() !== '')
  }
  if (rest.trim() !== '') yield rest
}
