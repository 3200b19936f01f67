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
/** Of the two who do not speak the same version. A handshake that lost its `Upgrade` on the way gets a 426 too. */
const NAMES_A_SIDE = /upgrade the (?:agent|gateway)/
const STRIPPED = 'and something on the way lets none through'

export function refusalOf(status: number, body: string): Refusal {
  const said = errorText(body)
  const message = answerText(status, said)
  if (status === 401) return { kind: 'refused', code: closeCodes.AUTH, message }
  if (status === 403) return { kind: 'refused', code: closeCodes.SCOPE, message }
  if (status === 426 && NAMES_A_SIDE.test(message)) return { kind: 'refused', code: closeCodes.VERSION, message }
  if (status === 426) return { kind: 'unusable', code: closeCodes.PROTOCOL, message: `${message}, ${STRIPPED}` }
  if (status === 429 || status >= 500) return { kind: 'unreachable', code: closeCodes.TRY_LATER, message }
  return { kind: 'unusable', code: closeCodes.PROTOCOL, message: unusable(status, said) }
}

function answerText(status: number, said: string | undefined): string {
  return said === undefined ? `the gateway answered ${status}` : `the gateway answered ${status}: ${said}`
}

function unusable(status: number, said: string | undefined): string {
  if (status >= 300 && status < 400) return `the answer was ${status}, a redirect: give the address that it leads to`
  if (status === 404 || status < 300) return `the answer was ${status}: is this the address of a Corral gateway?`
  return answerText(status, said)
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
