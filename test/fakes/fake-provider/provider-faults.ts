import type { RawRequest } from '../request-reader.ts'
import { anthropicError } from './anthropic-answers.ts'
import { openaiError } from './openai-answers.ts'
import type { Field, ProviderAnswer } from './provider-answer.ts'
import { credentialOf, pathOf } from './received-request.ts'

export type ProviderKind = 'openai' | 'anthropic'

/** How a cut answer ends: broken, closed, or in good order without its last word. */
export type CutEnding = 'reset' | 'fin' | 'clean'

export type ProviderFault =
  /** Says this instead. */
  | { readonly kind: 'answer'; readonly answer: Partial<ProviderAnswer> }
  /** Repeats the credential it was sent in an error, whole or split over chunks of so many bytes. */
  | { readonly kind: 'echo-key'; readonly status?: number; readonly chunkBytes?: number; readonly header?: string }
  | { readonly kind: 'refuse-key'; readonly status?: 401 | 403 }
  | { readonly kind: 'rate-limit'; readonly retryAfterSeconds: number }
  | { readonly kind: 'failure'; readonly status: number }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  | { readonly kind: 'headers'; readonly headers: readonly Field[] }
  | { readonly kind: 'rechunk'; readonly bytes: number }
  | { readonly kind: 'cut'; readonly afterChunks: number; readonly ending: CutEnding }
  /** Says so much and no more, with the connection left open. */
  | { readonly kind: 'stall'; readonly afterChunks: number }
  /** No head until the faults are cleared. */
  | { readonly kind: 'hold-head' }

export type ProviderFaultRule = ProviderFault & {
  /** Requests it is for, by the path under the base URL; left out, every POST. */
  readonly path?: string
  readonly times?: number
}

/** An answer and how far it gets. */
export interface Delivery {
  readonly answer: ProviderAnswer
  readonly ending: 'whole' | 'stall' | CutEnding
  readonly chunks: number
  readonly isHeld: boolean
}

export interface ProviderFaultPanel {
  add(rule: ProviderFaultRule): void
  clear(): void
}

export interface ProviderFaults extends ProviderFaultPanel {
  /** The one that meets this request, which counts. */
  take(request: RawRequest): ProviderFault | undefined
  /** Resolves with the next `clear`. */
  cleared(): Promise<void>
}

export function createProviderFaults(): ProviderFaults {
  let rules: { readonly rule: ProviderFaultRule; left: number }[] = []
  let waiting: (() => void)[] = []
  return {
    add: (rule) => void rules.push({ rule, left: rule.times ?? Infinity }),
    clear() {
      rules = []
      for (const release of waiting) release()
      waiting = []
    },
    take(request) {
      const found = rules.find(({ rule, left }) => left > 0 && meets(rule, request))
      if (found !== undefined) found.left -= 1
      return found?.rule
    },
    cleared: () => new Promise((resolve) => waiting.push(resolve)),
  }
}

function meets({ path }: ProviderFaultRule, request: RawRequest): boolean {
  return path === undefined ? request.method === 'POST' : pathOf(request) === `/v1${path}`
}

export function deliver(answer: ProviderAnswer): Delivery {
  return { answer, ending: 'whole', chunks: answer.chunks.length, isHeld: false }
}

interface FaultInput {
  readonly request: RawRequest
  readonly kind: ProviderKind
}

/** What becomes of an answer that a fault meets. */
export function withFault(answer: ProviderAnswer, fault: ProviderFault, input: FaultInput): Delivery {
  switch (fault.kind) {
    case 'answer':
      return deliver({ ...answer, ...fault.answer })
    case 'echo-key':
      return deliver(echo(fault, input))
    case 'refuse-key':
      return deliver(errorOf(input.kind, fault.status ?? 401, `bad key: ${credentialOf(input.request)}`))
    case 'rate-limit': {
      const limited = errorOf(input.kind, 429, 'Rate limit reached for requests')
      return deliver({ ...limited, headers: [...limited.headers, ['Retry-After', String(fault.retryAfterSeconds)]] })
    }
    case 'failure':
      return deliver(errorOf(input.kind, fault.status, 'The server had an error while processing your request'))
    case 'redirect': {
      const headers: Field[] = [['Location', fault.to]]
      return deliver({ status: fault.status ?? 307, headers, chunks: ['moved'], framing: 'length' })
    }
    case 'headers':
      return deliver({ ...answer, headers: [...answer.headers, ...fault.headers] })
    case 'rechunk':
      return deliver(rechunked(answer, fault.bytes))
    case 'cut':
      return { ...deliver(answer), ending: fault.ending, chunks: fault.afterChunks }
    case 'stall':
      return { ...deliver(answer), ending: 'stall', chunks: fault.afterChunks }
    case 'hold-head':
      return { ...deliver(answer), isHeld: true }
  }
}

function errorOf(kind: ProviderKind, status: number, message: string): ProviderAnswer {
  if (kind === 'openai') return openaiError(status, message, status === 429 ? 'rate_limit_exceeded' : null)
  const types: Readonly<Record<number, string>> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    403: 'permission_error',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  }
  return anthropicError(status, types[status] ?? 'api_error', message)
}

function echo(fault: Extract<ProviderFault, { kind: 'echo-key' }>, { request, kind }: FaultInput): ProviderAnswer {
  const credential = credentialOf(request)
  const said = errorOf(kind, fault.status ?? 400, `you sent ${credential}, and again: ${credential}`)
  const named: Field[] = fault.header === undefined ? [] : [[fault.header, `got ${credential}`]]
  const answer = { ...said, headers: [...said.headers, ...named] }
  return fault.chunkBytes === undefined ? answer : rechunked(answer, fault.chunkBytes)
}

function rechunked(answer: ProviderAnswer, bytes: number): ProviderAnswer {
  const whole = Buffer.concat(answer.chunks.map((chunk) => Buffer.from(chunk)))
  const count = Math.ceil(whole.length / bytes)
  const chunks = Array.from({ length: count }, (_, index) => whole.subarray(index * bytes, (index + 1) * bytes))
  return { ...answer, chunks, framing: 'chunked' }
}
