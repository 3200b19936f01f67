import { formatCount, formatMs, formatRate } from '../../format.ts'
import { Mark } from '../../parts/mark.tsx'
import { tokensPerSecond } from './chat-stream.ts'
import type { Turn } from './use-chat.ts'

/** A question, its answer as it comes, and what is known of how it was made. All of it only ever as text. */
export function ChatTurn({ of: turn }: { readonly of: Turn }) {
  const { question, thinking, answer, state, problem } = turn
  return (
    <article class="turn">
      <p class="question">{question}</p>
      {thinking !== '' && (
        <details class="thinking" open={answer === ''}>
          <summary>Thoughts</summary>
          <p>{thinking}</p>
        </details>
      )}
      {answer !== '' && <p class="answer">{answer}</p>}
      {answer === '' && thinking === '' && state === 'running' && (
        <p class="answer">
          <Mark kind="busy">
            {turn.upstream === null ? 'Waiting for a server' : `Waiting for the first token of ${turn.upstream}`}
          </Mark>
        </p>
      )}
      {problem !== null && (
        <p class="answer" role="alert">
          <Mark kind="bad">{problem}</Mark>
        </p>
      )}
      {state === 'stopped' && (
        <p>
          <Mark kind="pause">Stopped</Mark>
        </p>
      )}
      <Facts of={turn} />
    </article>
  )
}

function Facts({ of: turn }: { readonly of: Turn }) {
  const { counts } = turn
  const facts: readonly (readonly [name: string, value: string | null])[] = [
    ['Answered by', turn.upstream],
    ['Model', turn.model],
    ['Servers asked', turn.attempts === null || turn.attempts < 2 ? null : String(turn.attempts)],
    ['From the cache', turn.cache === 'hit' || turn.cache === 'coalesced' ? 'yes' : null],
    ['Queue', known(turn.queueMs, formatMs)],
    ['Load', known(counts?.loadMs, formatMs)],
    ['First token', known(turn.firstTokenMs, formatMs)],
    ['In all', known(turn.totalMs, formatMs)],
    ['Read', known(counts?.promptTokens, (count) => `${formatCount(count)} tokens`)],
    ['Written', known(counts?.answerTokens, (count) => `${formatCount(count)} tokens`)],
    ['Speed', counts && known(tokensPerSecond(counts), formatRate)],
    ['Cut at its length', counts?.reason === 'length' ? 'yes' : null],
  ]
  const shown = facts.filter(([, value]) => value !== null)
  if (shown.length === 0) return null
  return (
    <dl class="turn-facts">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="number">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function known(value: number | null | undefined, format: (value: number) => string): string | null {
  return value == null ? null : format(value)
}
