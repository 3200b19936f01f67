import * as z from 'zod'
import { GatewayError } from '../errors/gateway-error.ts'
import type { AdminRoute } from './admin-route.ts'

export const maxBodyBytes = 1024 * 1024

export interface AdminRequest {
  /** Without its question mark. */
  readonly query: string
  readonly body: Uint8Array
}

/** Reads what a route takes. Throws GatewayError `invalid_input`, naming the field, or `body_too_large`. */
export function parseInput(route: Pick<AdminRoute, 'method' | 'input'>, request: AdminRequest): unknown {
  if (request.body.byteLength > maxBodyBytes) {
    throw new GatewayError('body_too_large', { message: `The body is larger than ${maxBodyBytes} bytes` })
  }
  if (route.input === null) return null
  const raw = route.method === 'GET' ? Object.fromEntries(new URLSearchParams(request.query)) : parseJson(request.body)
  const parsed = route.input.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new GatewayError('invalid_input', { message: describe(parsed.error) })
}

function parseJson(body: Uint8Array): unknown {
  if (body.byteLength === 0) return {}
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw new GatewayError('invalid_input', { message: 'The body is not JSON', cause: error })
  }
}

/** One sentence about the first problem; a list of them would only be read one by one. */
function describe(error: z.ZodError): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'The input is not valid'
  if (issue.code === 'unrecognized_keys')
    return `There is no field ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`
  if (issue.path.length === 0) return 'The body must be a JSON object'
  const field = z.core.toDotPath(issue.path)
  if (issue.code === 'invalid_value') return `"${field}" must be one of ${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_type') return `"${field}" is missing or not of type ${issue.expected}`
  return `"${field}" ${issue.code === 'custom' ? issue.message : `is not acceptable: ${issue.message}`}`
}
