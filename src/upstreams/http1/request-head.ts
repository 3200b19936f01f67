import type { RawHeaders } from '../../lib/raw-headers.ts'
import type { UpstreamRequest } from '../../proxy/upstream.ts'

export interface FixedParts {
  /** In front of the request's own target; empty or without a final slash. */
  readonly pathPrefix: string
  /** Host and whatever else goes with every request, as lines that end in CRLF. */
  readonly lines: string
  /** Lower-case names among `lines`, which win over the client's. */
  readonly names: ReadonlySet<string>
}

/** The head of an upstream request as latin1 text. Its headers were checked at the door; none holds CR or LF. */
export function requestHead(request: UpstreamRequest, fixed: FixedParts): string {
  let text = `${request.method} ${fixed.pathPrefix}${request.target} HTTP/1.1\r\n${fixed.lines}`
  const { headers } = request
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (!fixed.names.has(name.toLowerCase())) text += `${name}: ${headers[i + 1] ?? ''}\r\n`
  }
  return `${text}${framingLines(request)}\r\n`
}

/** `Content-Length` is always known for JSON bodies: with a chunked one Go does not notice a hang-up in time. */
function framingLines(request: UpstreamRequest): string {
  const { body } = request
  if (body === null) return request.method === 'POST' ? 'Content-Length: 0\r\n' : ''
  if (Array.isArray(body)) {
    const chunks: readonly Uint8Array[] = body
    return `Content-Length: ${chunks.reduce((sum, chunk) => sum + chunk.length, 0)}\r\n`
  }
  const length = (body as { length?: number }).length
  const framing = length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`
  return `${framing}\r\nExpect: 100-continue\r\n`
}

/** Lines of headers that go with every request. */
export function headerLines(headers: RawHeaders): string {
  let lines = ''
  for (let i = 0; i < headers.length; i += 2) lines += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`
  return lines
}
