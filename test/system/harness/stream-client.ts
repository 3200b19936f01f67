import { request } from 'node:http'

export interface StreamEvent {
  /** Milliseconds since the request was sent. */
  readonly at: number
  readonly text: string
}

export interface StreamResult {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly headAt: number
  /** Network chunks as they came. */
  readonly chunks: readonly StreamEvent[]
  /** Whole lines (NDJSON) or whole events (SSE), in order. */
  readonly events: readonly StreamEvent[]
  /** What was left without its line or event end. */
  readonly rest: string
  readonly text: string
  readonly ending: 'complete' | 'broken'
}

export interface StreamRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal
  /** Told each chunk as it comes; may leave through the signal. */
  readonly onChunk?: (chunk: StreamEvent) => void
}

/** One request read as a client of streams would, with the time of everything. Rejects if no head came. */
export function readStream(url: string, options: StreamRequest = {}): Promise<StreamResult> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body)
  const start = performance.now()
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: options.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
        ...options.headers,
      },
      agent: false,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const headAt = performance.now() - start
      const chunks: StreamEvent[] = []
      const decoder = new TextDecoder()
      response.on('error', () => undefined)
      response.on('data', (data: Buffer) => {
        const chunk = { at: performance.now() - start, text: decoder.decode(data, { stream: true }) }
        chunks.push(chunk)
        options.onChunk?.(chunk)
      })
      response.on('close', () => {
        const sse = response.headers['content-type']?.startsWith('text/event-stream') === true
        const { events, rest } = split(chunks, sse ? '\n\n' : '\n')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          headAt,
          chunks,
          events,
          rest,
          text: chunks.map((chunk) => chunk.text).join(''),
          ending: response.complete ? 'complete' : 'broken',
        })
      })
    })
    outgoing.end(body)
  })
}

/** Each event has the time of the chunk that completed it. */
function split(chunks: readonly StreamEvent[], separator: string): { events: StreamEvent[]; rest: string } {
  const events: StreamEvent[] = []
  let rest = ''
  for (const { at, text } of chunks) {
    const parts = (rest + text).split(separator)
    rest = parts.pop() ?? ''
    for (const part of parts) events.push({ at, text: part })
  }
  return { events, rest }
}
