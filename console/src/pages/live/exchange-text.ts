import type { Exchange } from '../../admin-types.ts'
import type { MarkKind } from '../../parts/mark.tsx'

/** Whether every word of a search is somewhere in it. */
export function matches(exchange: Exchange, search: string): boolean {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) return true
  const { id, user, key_name, model, model_asked, upstream, path, error, ending } = exchange
  const text = [id, user, key_name, model, model_asked, upstream, path, error, ending].join('\n').toLowerCase()
  return words.every((word) => text.includes(word))
}

export interface StateText {
  readonly kind: MarkKind
  readonly text: string
}

/** How it stands, in a word or three. */
export function stateText({ state, position, ending, status, error }: Exchange): StateText {
  switch (state) {
    case 'queued':
      return position === null ? { kind: 'busy', text: 'arrived' } : { kind: 'pause', text: `waits, place ${position}` }
    case 'sent':
      return { kind: 'busy', text: 'asked' }
    case 'streaming':
      return { kind: 'good', text: 'answering' }
    case 'ended':
      return endedText(ending, error, status)
  }
}

function endedText(ending: Exchange['ending'], error: string | null, status: number | null): StateText {
  switch (ending) {
    case 'complete':
      return (status ?? 200) < 400 ? { kind: 'good', text: 'done' } : { kind: 'bad', text: error ?? `status ${status}` }
    case 'client-gone':
      return { kind: 'idle', text: 'client left' }
    case 'stopped':
      return { kind: 'warn', text: 'stopped' }
    case 'refused':
      return { kind: 'warn', text: error ?? 'refused' }
    case 'key-revoked':
      return { kind: 'warn', text: 'key revoked' }
    case 'budget-exhausted':
      return { kind: 'warn', text: 'budget used up' }
    case 'shutting-down':
      return { kind: 'warn', text: 'gateway stopped' }
    case 'timed-out':
      return { kind: 'bad', text: 'timed out' }
    case 'upstream-failed':
    case null:
      return { kind: 'bad', text: error ?? 'upstream failed' }
  }
}
