import type { RenderedError } from '../dialects/error-body.ts'
import type { RawHeaders } from '../lib/raw-headers.ts'
import { STATUS_CODES } from 'node:http'

/** A whole answer as bytes, for sockets that have no answer object: broken requests and refused upgrades. It closes. */
export function rawAnswer(error: RenderedError, extra: RawHeaders): Uint8Array {
  const body = Buffer.from(error.body)
  const fields = [...error.headers, ...extra, 'date', new Date().toUTCString()]
  fields.push('content-length', String(body.length), 'connection', 'close')
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\n${fieldLines(fields)}\r\n`),
    body,
  ])
}

/** Fields as lines; one that could break out of its line is left out. */
export function fieldLines(headers: RawHeaders): string {
  let lines = ''
  for (let i = 0; i < headers.length; i += 2) {
    const line = `${headers[i]}: ${headers[i + 1]}`
    if (SAFE_LINE.test(line)) lines += `${line}\r\n`
  }
  return lines
}

const SAFE_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*$/
