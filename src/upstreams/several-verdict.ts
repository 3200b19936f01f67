import type { RawHeaders } from '../lib/raw-headers.ts'
import type { UpstreamError, UpstreamErrorKind } from '../proxy/upstream.ts'

/** How one upstream's part of a shared request ended. */
export type PartEnding =
  | { readonly kind: 'done'; readonly status: number; readonly headers: RawHeaders; readonly text: string }
  /** It said no, with this status or in the middle of its progress. */
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }
  | { readonly kind: 'failed'; readonly error: UpstreamError }

export interface PartResult {
  readonly name: string
  readonly ending: PartEnding
}

export type Verdict =
  | { readonly kind: 'done'; readonly status: number; readonly headers: RawHeaders; readonly text: string }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }
  /** Nobody answered, or there was nothing whole to answer. */
  | { readonly kind: 'failed'; readonly error: UpstreamError; readonly message: string }

const WORDS: Readonly<Record<UpstreamErrorKind, string>> = {
  unreachable: 'it cannot be reached',
  reset: 'it broke off before its answer was complete',
  'bad-response': 'it does not answer as an Ollama does',
  'timed-out': 'it did not answer in time',
  'body-failed': 'the upload was not whole',
  'refused-key': "it does not accept the gateway's key",
  forbidden: "it does not allow this to the gateway's key",
  refused: 'it has no room for this now',
}

/**
 * What the caller is told of all of them together: done where all have done it, else the first that has not. A delete
 * is done where nobody has the model any more: one that never had it does not spoil it.
 */
export function verdictOf(parts: readonly PartResult[], { isDelete }: { readonly isDelete: boolean }): Verdict {
  const done = parts.flatMap(({ ending }) => (ending.kind === 'done' ? [ending] : []))
  const isEnough = ({ ending }: PartResult): boolean =>
    ending.kind === 'done' || (isDelete && done.length > 0 && ending.kind === 'refused' && ending.status === 404)
  const open = parts.filter((part) => !isEnough(part))
  const first = open[0]?.ending
  const [example] = done
  if (first === undefined && example !== undefined) {
    return { ...example, status: Math.max(...done.map(({ status }) => status)) }
  }
  const message = failureText(parts.filter(isEnough), open)
  const failures = parts.flatMap(({ ending }) => (ending.kind === 'failed' ? [ending.error] : []))
  const lost = failures.find((error) => error.kind === 'body-failed')
  if (lost !== undefined) return { kind: 'failed', error: lost, message }
  if (failures[0] !== undefined && failures.length === parts.length) {
    const executed = failures.every((error) => error.executed === 'no') ? 'no' : 'maybe'
    return { kind: 'failed', error: { ...failures[0], executed }, message }
  }
  const status = first?.kind === 'refused' ? first.status : statusOf(first)
  return { kind: 'refused', status, message }
}

/** Why it failed at one of them. */
export function reasonOf(ending: PartEnding): string | undefined {
  if (ending.kind === 'done') return undefined
  return ending.kind === 'refused' ? ending.message : WORDS[ending.error.kind]
}

/** `b: file does not exist (done on a)`; those that failed alike are named together. */
function failureText(done: readonly PartResult[], open: readonly PartResult[]): string {
  const reasons = new Map<string, string[]>()
  for (const { name, ending } of open) {
    const reason = reasonOf(ending) ?? ''
    reasons.set(reason, [...(reasons.get(reason) ?? []), name])
  }
  const failed = [...reasons].map(([reason, names]) => `${names.join(', ')}: ${reason}`).join('; ')
  return done.length === 0 ? failed : `${failed} (done on ${done.map(({ name }) => name).join(', ')})`
}

function statusOf(ending: PartEnding | undefined): number {
  return ending?.kind === 'failed' && ending.error.kind === 'refused' ? 503 : 502
}
