export const FAULT_KINDS = [
  /** Closes the connection with a reset, before or after the body was read (`readBody`). */
  'reset-before-headers',
  'reset-after-headers',
  /** After `afterChunks` whole chunks comes half a chunk, and then the `ending`. */
  'reset-mid-line',
  'cut-mid-utf8',
  'stall-before-first-byte',
  'stall-mid-stream',
  /** Somebody else's page with status 200. */
  'html-200',
  'content-length-too-long',
  'content-length-too-short',
  'busy-503',
  /** Ends in good order after `afterChunks`, without the terminator. */
  'clean-end',
  /** The runner dies after `afterChunks` tokens; the error shows on native routes and vanishes on /v1. */
  'error-line',
  /** Every chunk in pieces of `bytes`, `delayMs` apart. */
  'slow-drip',
  /** A request on a connection that has served one already is answered by closing it. */
  'close-after-reuse',
  /** `bytes` of stream in lines of `lineBytes` as fast as the reader takes them, then a proper end. */
  'flood',
  /** Never reads the request body. */
  'stall-upload',
  /** If the client leaves, the slot stays taken until the model is unloaded. */
  'lose-slot',
] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

export interface Fault {
  readonly kind: FaultKind
  readonly afterChunks?: number
  /** How a cut ends: a reset, the end of the connection inside the framing, or a clean end of the body. */
  readonly ending?: 'rst' | 'fin' | 'clean'
  readonly readBody?: boolean
  readonly bytes?: number
  readonly lineBytes?: number
  readonly delayMs?: number
  /** A stall that ends by itself. */
  readonly forMs?: number
}

export interface FaultRule extends Fault {
  /** `POST /api/chat`, `/api/chat`, or `*`. Left out: every route but those that health checks and lists use. */
  readonly route?: string
  /** How many requests it hits; left out, all until it is removed. */
  readonly times?: number
  /** How many requests pass before it begins. */
  readonly skip?: number
}

export interface FaultPanel {
  /** Returns what takes the rule away again. */
  add(rule: FaultRule): () => void
  clear(): void
  /** The fault for this request, counted. Rules are asked in the order they were added. */
  take(method: string, path: string): Fault | undefined
  rules(): readonly FaultRule[]
}

/** A gateway asks these whenever it likes; a test that wants them to fail says so. */
const QUIET_PATHS = new Set(['/', '/api/version', '/api/tags', '/api/ps', '/v1/models'])

export function createFaultPanel(): FaultPanel {
  let armed: { readonly rule: FaultRule; skip: number; left: number }[] = []
  return {
    add(rule) {
      const entry = { rule, skip: rule.skip ?? 0, left: rule.times ?? Infinity }
      armed.push(entry)
      return () => void (armed = armed.filter((other) => other !== entry))
    },
    clear: () => void (armed = []),
    take(method, path) {
      for (const entry of armed) {
        if (entry.left === 0 || !matches(entry.rule.route, method, path)) continue
        if (entry.skip > 0) {
          entry.skip -= 1
          continue
        }
        entry.left -= 1
        return entry.rule
      }
      return undefined
    },
    rules: () => armed.filter((entry) => entry.left > 0).map((entry) => entry.rule),
  }
}

function matches(route: string | undefined, method: string, path: string): boolean {
  if (route === undefined) return !QUIET_PATHS.has(path)
  return route === '*' || route === path || route === `${method} ${path}`
}
