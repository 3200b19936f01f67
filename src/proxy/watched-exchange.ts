import type { ClientAnswer } from './client-answer.ts'
import type { WatchedExchange } from './exchange-request.ts'
import type { ExchangeTrace } from './exchange-trace.ts'
import type { RouteTicket } from './router.ts'
import type { UpstreamAnswer } from './upstream-answer.ts'

interface Standing {
  readonly state: 'routing' | 'asking' | 'answering' | 'over'
  readonly sent: Pick<ClientAnswer, 'isOpen' | 'status'>
  readonly answer: Pick<UpstreamAnswer, 'streams' | 'tokens'> | null
  readonly ticket: Pick<RouteTicket, 'place'> | undefined
}

const stages = { routing: 'queued', asking: 'sent', answering: 'streaming', over: 'streaming' } as const

/** How an exchange stands, for those who watch. */
export function watchExchange(trace: ExchangeTrace, { state, sent, answer, ticket }: Standing): WatchedExchange {
  return {
    trace,
    stage: stages[state],
    tokens: answer?.streams === true ? answer.tokens : null,
    status: state === 'answering' || sent.isOpen ? sent.status : null,
    position: () => ticket?.place()?.position ?? null,
  }
}
