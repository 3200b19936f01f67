export interface RawRequest {
  readonly method?: string
  readonly key?: string
  /** An object is sent as JSON. */
  readonly body?: unknown
  /** In place of the length of `body`: what the sender promises. */
  readonly contentLength?: number
  /** Found again in the request log. */
  readonly id?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A request as bytes, for a socket that a test leaves, stops reading or splits as it likes. */
export function rawRequest(path: string, options: RawRequest = {}): Buffer {
  const body = bodyOf(options.body)
  const length = options.contentLength ?? body.length
  const lines = [
    `${options.method ?? (length > 0 ? 'POST' : 'GET')} ${path} HTTP/1.1`,
    'Host: localhost',
    ...(options.key === undefined ? [] : [`Authorization: Bearer ${options.key}`]),
    ...(options.id === undefined ? [] : [`X-Request-Id: ${options.id}`]),
    ...(length === 0 ? [] : ['Content-Type: application/json', `Content-Length: ${length}`]),
    ...Object.entries(options.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

function bodyOf(body: unknown): Uint8Array {
  if (body === undefined) return Buffer.alloc(0)
  if (body instanceof Uint8Array) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}
