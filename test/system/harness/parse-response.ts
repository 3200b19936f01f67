export interface ParsedResponse {
  readonly statusLine: string
  readonly status: number
  /** As they stood, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** The pieces of a chunked body as the sender framed them; otherwise the body as one. */
  readonly chunks: readonly Buffer[]
  /** Whether the framing says that the body is whole. */
  readonly complete: boolean
  /** Bytes after the end of this response. */
  readonly rest: Buffer
}

export interface ParseOptions {
  /** The method of the request: an answer to HEAD has no body. */
  readonly method?: string
  /** Whether the sender has closed, which ends a body without a length. */
  readonly closed?: boolean
}

/** Reads one HTTP/1.1 response out of raw bytes; undefined while its head is not whole. Skips `1xx`. */
export function parseResponse(bytes: Buffer, options: ParseOptions = {}): ParsedResponse | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine = '', ...fieldLines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const after = bytes.subarray(headEnd + 4)
  if (status >= 100 && status < 200 && status !== 101) return parseResponse(after, options)
  const headers = fieldLines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
  })
  return { statusLine, status, headers, ...parseBody(after, { status, headers, ...options }) }
}

export function headerOf(response: Pick<ParsedResponse, 'headers'>, name: string): string | undefined {
  return response.headers.find(([field]) => field.toLowerCase() === name)?.[1]
}

type Body = Pick<ParsedResponse, 'body' | 'chunks' | 'complete' | 'rest'>

function parseBody(after: Buffer, head: Pick<ParsedResponse, 'status' | 'headers'> & ParseOptions): Body {
  if (head.method === 'HEAD' || head.status === 204 || head.status === 304) return whole(Buffer.alloc(0), after)
  if (headerOf(head, 'transfer-encoding')?.toLowerCase() === 'chunked') return parseChunks(after)
  const length = headerOf(head, 'content-length')
  if (length === undefined) return { ...whole(after, Buffer.alloc(0)), complete: head.closed === true }
  if (after.length < Number(length)) return { ...whole(after, Buffer.alloc(0)), complete: false }
  return whole(after.subarray(0, Number(length)), after.subarray(Number(length)))
}

function whole(body: Buffer, rest: Buffer): Body {
  return { body, chunks: body.length === 0 ? [] : [body], complete: true, rest }
}

function parseChunks(after: Buffer): Body {
  const chunks: Buffer[] = []
  let position = 0
  const sofar = (complete: boolean, end: number): Body => {
    return { body: Buffer.concat(chunks), chunks, complete, rest: after.subarray(end) }
  }
  for (;;) {
    const lineEnd = after.indexOf('\r\n', position)
    if (lineEnd < 0) return sofar(false, after.length)
    const size = Number.parseInt(after.subarray(position, lineEnd).toString('latin1'), 16)
    const start = lineEnd + 2
    if (size === 0) {
      const end = after.indexOf('\r\n', start)
      return end === start ? sofar(true, end + 2) : sofar(after.indexOf('\r\n\r\n', lineEnd) >= 0, after.length)
    }
    if (!Number.isFinite(size) || after.length < start + size + 2) {
      if (after.length > start) chunks.push(after.subarray(start, Math.min(after.length, start + (size || 0))))
      return sofar(false, after.length)
    }
    chunks.push(after.subarray(start, start + size))
    position = start + size + 2
  }
}
