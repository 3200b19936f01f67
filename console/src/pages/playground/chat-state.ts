import type { ChatCounts, ChatEvent } from './chat-stream.ts'

/** A question and what has come of it. */
export interface Turn {
  readonly id: number
  readonly question: string
  readonly thinking: string
  readonly answer: string
  readonly state: 'running' | 'done' | 'stopped' | 'failed'
  readonly problem: string | null
  readonly upstream: string | null
  /** That answers, which may be another than was asked for. */
  readonly model: string | null
  readonly attempts: number | null
  readonly cache: string | null
  /** Until an upstream was asked, as the gateway tells. */
  readonly queueMs: number | null
  /** Until the first piece came, as this page sees it. */
  readonly firstTokenMs: number | null
  readonly totalMs: number | null
  readonly counts: ChatCounts | null
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

export function newTurn(id: number, question: string): Turn {
  const nothing = { upstream: null, model: null, attempts: null, cache: null, counts: null }
  const times = { queueMs: null, firstTokenMs: null, totalMs: null }
  return { id, question, thinking: '', answer: '', state: 'running', problem: null, ...nothing, ...times }
}

/** What the head of the answer says of where it comes from. */
export function withHead(turn: Turn, headers: Pick<Headers, 'get'>): Turn {
  const attempts = Number(headers.get('corral-attempts') ?? Number.NaN)
  return {
    ...turn,
    upstream: headers.get('corral-upstream'),
    model: headers.get('corral-model'),
    attempts: Number.isInteger(attempts) ? attempts : null,
    cache: headers.get('corral-cache'),
  }
}

/** `atMs`: since the question was sent. */
export function withEvent(turn: Turn, event: ChatEvent, atMs: number): Turn {
  const isFirst = turn.firstTokenMs === null && (event.content !== '' || event.thinking !== '')
  return {
    ...turn,
    thinking: turn.thinking + event.thinking,
    answer: turn.answer + event.content,
    firstTokenMs: isFirst ? atMs : turn.firstTokenMs,
    ...(event.final !== null && { state: 'done' as const, counts: event.final, totalMs: atMs }),
    ...(event.error !== null && { state: 'failed' as const, problem: event.error, totalMs: atMs }),
  }
}

/** How it stands when the stream is over, however that came. */
export function ended(turn: Turn, why: 'end' | 'stopped' | { readonly problem: string }, atMs: number): Turn {
  if (turn.state !== 'running') return turn
  if (why === 'stopped') return { ...turn, state: 'stopped', totalMs: atMs }
  const problem = why === 'end' ? 'The answer broke off before its end' : why.problem
  return { ...turn, state: 'failed', problem, totalMs: atMs }
}

/** The conversation as the model is sent it; questions without an answer are left out. */
export function messagesOf(turns: readonly Turn[], system: string, question: string): Message[] {
  const before = turns.flatMap(({ question: asked, answer }): Message[] =>
    answer === ''
      ? []
      : [
          { role: 'user', content: asked },
          { role: 'assistant', content: answer },
        ],
  )
  const opening: Message[] = system.trim() === '' ? [] : [{ role: 'system', content: system }]
  return [...opening, ...before, { role: 'user', content: question }]
}
