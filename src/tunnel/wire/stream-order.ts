import type { StreamFrame } from './frame.ts'

/** `late`: of a stream that its sender has reset. `wrong`: the sender does not keep the order. */
export type Verdict = 'fits' | 'late' | 'wrong'

/** What may arrive next on one stream. Pure: it is told of frames and says whether they fit. */
export interface StreamOrder {
  judge(frame: StreamFrame): Verdict
}

/** Of an answer: `accept? info* response data* trailers?`; a reset or `cancelled` at any time. */
export function createAnswerOrder(): StreamOrder {
  let state: 'asked' | 'accepted' | 'body' | 'ended' | 'reset' = 'asked'
  return {
    judge(frame) {
      if (frame.type === 'cancelled') return 'fits'
      if (state === 'reset') return 'late'
      const next = afterAnswerFrame(state, frame)
      if (next === undefined) return 'wrong'
      state = next
      return 'fits'
    },
  }
}

type AnswerState = 'asked' | 'accepted' | 'body' | 'ended' | 'reset'

function afterAnswerFrame(state: AnswerState, frame: StreamFrame): AnswerState | undefined {
  const isBeforeHead = state === 'asked' || state === 'accepted'
  switch (frame.type) {
    case 'accept':
      return state === 'asked' ? 'accepted' : undefined
    case 'info':
      return isBeforeHead ? state : undefined
    case 'response':
      return isBeforeHead ? bodyOrEnd(frame) : undefined
    case 'data':
      return state === 'body' ? bodyOrEnd(frame) : undefined
    case 'trailers':
      return state === 'body' ? 'ended' : undefined
    case 'reset':
      return 'reset'
    case 'request':
    case 'cancelled':
      return undefined
  }
}

/** Of a request's body, after its head: `data* trailers?`, or a reset at any time. */
export function createRequestOrder(isEnded: boolean): StreamOrder {
  let state: 'body' | 'ended' | 'reset' = isEnded ? 'ended' : 'body'
  return {
    judge(frame) {
      if (state === 'reset') return 'late'
      if (frame.type === 'reset') state = 'reset'
      else if (state === 'body' && frame.type === 'data') state = bodyOrEnd(frame)
      else if (state === 'body' && frame.type === 'trailers') state = 'ended'
      else return 'wrong'
      return 'fits'
    },
  }
}

function bodyOrEnd(frame: { readonly end: boolean }): 'body' | 'ended' {
  return frame.end ? 'ended' : 'body'
}
