import type { RawHeaders } from '../../lib/raw-headers.ts'

export interface ResponseHead {
  readonly status: number
  readonly headers: RawHeaders
  readonly chunked: boolean
  /** Null: until the connection closes, or chunked. */
  readonly contentLength: number | null
  readonly keepAlive: boolean
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d{2})(?: |$)/
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** What no value may hold (RFC 9110 section 5.5): whoever passes it on would write another field. */
const NOT_IN_VALUE = /[\r\n\0]/

/** A response head without its final empty line (latin1), or the reason why it is not one. RFC 9112 sections 4 to 6. */
export function parseResponseHead(text: string): ResponseHead | string {
  const lines = text.split('\r\n')
  const match = STATUS_LINE.exec(lines[0] ?? '')
  if (match === null) return 'no HTTP/1.1 status line'
  const headers: string[] = []
  for (let i = 1; i < lines.length; i++) {
    const field = parseFieldLine(lines[i] ?? '')
    if (field === undefined) return 'a malformed header line'
    headers.push(field[0], field[1])
  }
  return framing(Number(match[2]), headers, match[1] === '1')
}

/** Name and value of a field line without its line end; undefined where it is not one. */
export function parseFieldLine(line: string): [name: string, value: string] | undefined {
  const colon = line.indexOf(':')
  const name = line.slice(0, colon)
  const value = line.slice(colon + 1).trim()
  return colon <= 0 || !FIELD_NAME.test(name) || NOT_IN_VALUE.test(value) ? undefined : [name, value]
}

function framing(status: number, headers: RawHeaders, persistent: boolean): ResponseHead | string {
  let chunked = false
  let contentLength: number | null = null
  let keepAlive = persistent
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    switch (name.length) {
      case 10:
        if (name.toLowerCase() === 'connection') keepAlive = connectionKeepsAlive(value, persistent)
        break
      case 14:
        if (name.toLowerCase() !== 'content-length') break
        if (!/^\d{1,15}$/.test(value)) return 'a malformed Content-Length'
        if (contentLength !== null) return 'two Content-Lengths'
        contentLength = Number(value)
        break
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break
        if (chunked || value.toLowerCase() !== 'chunked') return 'an unknown Transfer-Encoding'
        chunked = true
        break
    }
  }
  if (chunked && contentLength !== null) return 'both Content-Length and Transfer-Encoding'
  return {
    status,
    headers,
    chunked,
    contentLength,
    keepAlive: keepAlive && (chunked || contentLength !== null || status === 204 || status === 304),
  }
}

function connectionKeepsAlive(value: string, persistent: boolean): boolean {
  const tokens = value
    .toLowerCase()
    .split(',')
    .map((token) => token.trim())
  if (tokens.includes('close')) return false
  return persistent || tokens.includes('keep-alive')
}
