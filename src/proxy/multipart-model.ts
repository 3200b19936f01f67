import { Buffer } from 'node:buffer'
import { GatewayError } from '../errors/gateway-error.ts'

/** RFC 2046 section 5.1.1, without what only a quoted string could hold; nothing that Go would unescape. */
const BOUNDARY =
  /^multipart\/form-data\s*;(?:[^"]*;)?\s*boundary=(?:"([\w'()+,./:=?-]{1,70})"|([\w'+.-]{1,70}))\s*(?:;|$)/i
const LONGEST_PART_HEAD = 8192
/** Go's reader takes no more. Each costs memory, and a body of nothing but delimiters has millions. */
const MAX_PARTS = 1000
const QUOTED = /"(?:[^"\\\r\n]|\\[^\r\n])*"/g
const PLAIN_OUTSIDE_QUOTES = /^[\t\r\n\x20\x21\x23-\x7e]*$/
const LINE_END = '\r\n'
const HEAD_END = '\r\n\r\n'

/**
 * The values of the form field `model` of a transcription request; null where the body is no form. RFC 7578. Framing
 * and names that Go's reader takes for something else than they seem are refused, as is a second model: what is not
 * seen here is not judged.
 */
export function multipartModels(contentType: string | undefined, body: Uint8Array): string[] | null {
  const boundary = boundaryOf(contentType ?? '')
  if (boundary === null) return null
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const models = splitParts(bytes, boundary).flatMap((part) => modelOfPart(part) ?? [])
  if (models.length > 1) throw new GatewayError('ambiguous_field', { message: 'The form field "model" is there twice' })
  return models
}

/** Only where it is said once: Go prefers `boundary*` over `boundary`. */
function boundaryOf(contentType: string): string | null {
  if (contentType.match(/boundary/gi)?.length !== 1) return null
  const match = BOUNDARY.exec(contentType)
  return match?.[1] ?? match?.[2] ?? null
}

/** What stands between two delimiters, without the line ends that belong to them. */
function splitParts(bytes: Buffer, boundary: string): Buffer[] {
  const delimiter = Buffer.from(`--${boundary}`)
  const parts: Buffer[] = []
  let start = -1
  for (let at = bytes.indexOf(delimiter); at >= 0; at = bytes.indexOf(delimiter, at + delimiter.length)) {
    const after = at + delimiter.length
    const begins = start < 0 ? at === 0 : bytes.toString('latin1', at - 2, at) === LINE_END
    if (!begins) throw malformed()
    if (start >= 0) parts.push(bytes.subarray(start, Math.max(start, at - 2)))
    const next = bytes.toString('latin1', after, after + 2)
    if (next === '--') {
      const rest = bytes.toString('latin1', after + 2)
      if (rest === '' || rest === LINE_END) return parts
    }
    if (next !== LINE_END || parts.length === MAX_PARTS) throw malformed()
    start = after + 2
  }
  throw malformed()
}

function modelOfPart(part: Buffer): string | undefined {
  const headEnd = part.subarray(0, LONGEST_PART_HEAD).indexOf(HEAD_END)
  const head = part.toString('latin1', 0, Math.max(headEnd, 0))
  if (headEnd < 0 || /[^\r]\n|\r[^\n]/.test(head) || head.startsWith(LINE_END)) throw malformed()
  // Go takes any white space of Unicode between parameters.
  if (!PLAIN_OUTSIDE_QUOTES.test(head.replace(QUOTED, ''))) throw malformed()
  const names = [...head.matchAll(/[;\s]name\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/gi)].map((m) => m[1] ?? m[2] ?? '')
  const continued = /[;\s]name\s*\*/i.test(head)
  if (!continued && !names.some((name) => name.replaceAll('\\', '').toLowerCase() === 'model')) return undefined
  if (continued || names.length !== 1 || names[0] !== 'model') {
    throw new GatewayError('ambiguous_field', { message: 'The form field "model" is spelled in an unusual way' })
  }
  return part.toString('utf8', headEnd + HEAD_END.length)
}

function malformed(): GatewayError {
  return new GatewayError('bad_body', { message: 'The multipart form is not framed as RFC 7578 says' })
}
