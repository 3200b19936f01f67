/** The model that the stub has and every request names. */
export const MODEL = 'tiny'

export interface ChatOptions {
  readonly stream: boolean
  /** Comes back in every chunk, so that a stream that got another one's bytes is noticed. */
  readonly seed: number
  readonly chunks: number
}

export function chatBody({ stream, seed, chunks }: ChatOptions): string {
  const messages = [{ role: 'user', content: 'hello you' }]
  return JSON.stringify({ model: MODEL, messages, stream, options: { num_predict: chunks, seed, temperature: 0 } })
}

/** Asks for an answer of so many pieces. */
export function bulkBody(pieces: number): string {
  const messages = [{ role: 'user', content: 'hello you' }]
  return JSON.stringify({ model: MODEL, messages, stream: false, options: { bulk: pieces } })
}

export function chatRequest(target: { readonly url: string; readonly key: string | null }, body: string): string {
  const { host } = new URL(target.url)
  const credential = target.key === null ? '' : `Authorization: Bearer ${target.key}\r\n`
  const fields = `Host: ${host}\r\n${credential}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`
  return `POST /api/chat HTTP/1.1\r\n${fields}\r\n${body}`
}

/** Line `index` of the stream with this seed; all lines are equally long. */
export function streamLine(seed: number, index: number): string {
  return `${LINE_START}${digits(seed)}-${digits(index)}${LINE_END}`
}

export const LAST_LINE = `{"model":"${MODEL}","created_at":"2026-01-01T00:00:00.000000000Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":1,"load_duration":1,"prompt_eval_count":30,"prompt_eval_duration":1,"eval_count":6,"eval_duration":1}\n`

const LINE_START = `{"model":"${MODEL}","created_at":"2026-01-01T00:00:00.000000000Z","message":{"role":"assistant","content":" `
const LINE_END = '"},"done":false}\n'

function digits(value: number): string {
  return String(value).padStart(6, '0')
}
