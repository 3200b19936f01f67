import { Buffer } from 'node:buffer'
import { GatewayError } from '../errors/gateway-error.ts'

const BOUNDARY = /^multipart\/form-data;(?:.*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i
const LONGEST_PART_HEAD = 8192

/**
 * The values of the form field `model` of a transcription request; null where the body is no form. A part whose name
 * Go's reader could take for `model` in another spelling is refused, as is a second one. RFC 7578.
 */
export function multipartModels(contentType: string | undefined, body: Uint8Array): string[] | null {
  const match = BOUNDARY.exec(contentType ?? '')
  const boundary = match?.[1] ?? match?.[2]
  if (boundary === undefined) return null
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const delimiter = Buffer.from(`--${boundary}`)
  const models: string[] = []
  for (let at = bytes.indexOf(delimiter); at >= 0; ) {
    const next = bytes.indexOf(delimiter, at + delimiter.length)
    if (next < 0) break
    const model = modelOfPart(bytes.subarray(at + delimiter.length, next))
    if (model !== undefined) models.push(model)
    at = next
  }
  if (models.length > 1) throw new GatewayError('ambiguous_field', { message: 'The form field "model" is there twice' })
  return models
}

function modelOfPart(part: Buffer): string | undefined {
  const headEnd = part.subarray(0, LONGEST_PART_HEAD).indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = part.subarray(0, headEnd).toString('latin1')
  const names = [...head.matchAll(/[;\s]name\*?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/gi)].map((m) => m[1] ?? m[2] ?? '')
  if (!names.some((name) => name.replaceAll('\\', '').toLowerCase() === 'model')) return undefined
  if (names.length !== 1 || names[0] !== 'model') {
    throw new GatewayError('ambiguous_field', { message: 'The form field "model" is spelled in an unusual way' })
  }
  return part.subarray(headEnd + 4).toString('utf8').replace(/\r\n$/, '')
}
