import { closeCodes } from '../wire/codes.ts'

/** What a plain HTTP answer in place of a tunnel means. */
export type Refusal =
  /** The gateway was there and does not want this agent. */
  | { readonly kind: 'refused'; readonly code: number; readonly message: string }
  /** It may be there later. */
  | { readonly kind: 'unreachable'; readonly code: number; readonly message: string }
  /** Something on the way, or no gateway at all. */
  | { readonly kind: 'unusable'; readonly code: number; readonly message: string }

const MAX_SHOWN = 300

export function refusalOf(status: number, body: string): Refusal {
  const said = errorText(body)
  const message = said === undefined ? `the gateway answered ${status}` : `the gateway answered ${status}: ${said}`
  if (status === 401) return { kind: 'refused', code: closeCodes.AUTH, message }
  if (status === 403) return { kind: 'refused', code: closeCodes.SCOPE, message }
  if (status === 426) return { kind: 'refused', code: closeCodes.VERSION, message }
  if (status === 429 || status >= 500) return { kind: 'unreachable', code: closeCodes.TRY_LATER, message }
  const hint = status === 404 ? `${message}: is this the address of a Corral gateway?` : message
  return { kind: 'unusable', code: closeCodes.PROTOCOL, message: hint }
}

/** `{"error": "text"}` or OpenAI's form; what else came is a page that nobody wants to read. */
function errorText(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null || !('error' in value)) return undefined
    const { error } = value
    if (typeof error === 'string') return error.slice(0, MAX_SHOWN)
    const text = typeof error === 'object' && error !== null && 'message' in error ? error.message : undefined
    return typeof text === 'string' ? text.slice(0, MAX_SHOWN) : undefined
  } catch {
    return undefined
  }
}
