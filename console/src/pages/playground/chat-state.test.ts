import { describe, expect, it } from 'vitest'
import { ended, messagesOf, newTurn, withEvent, withHead } from './chat-state.ts'
import type { ChatEvent } from './chat-stream.ts'

const piece: ChatEvent = { content: 'Hello', thinking: '', error: null, final: null }
const counts = { reason: 'stop', loadMs: 0, promptTokens: 1, promptMs: 1, answerTokens: 2, answerMs: 10 }

describe('a turn', () => {
  it('grows piece by piece, and knows when the first came', () => {
    const asked = withHead(
      newTurn(1, 'hi'),
      new Headers({ 'corral-upstream': 'gpu-1', 'corral-model': 'qwen3:8b', 'corral-attempts': '2' }),
    )
    expect(asked).toMatchObject({ upstream: 'gpu-1', model: 'qwen3:8b', attempts: 2, cache: null })
    const empty = withEvent(asked, { ...piece, content: '' }, 50)
    expect(empty.firstTokenMs).toBeNull()
    const grown = withEvent(withEvent(empty, piece, 120), { ...piece, content: ' you' }, 140)
    expect(grown).toMatchObject({ answer: 'Hello you', firstTokenMs: 120, state: 'running' })
    const done = withEvent(grown, { ...piece, content: '', final: counts }, 200)
    expect(done).toMatchObject({ state: 'done', totalMs: 200, counts: { answerTokens: 2 } })
    expect(ended(done, 'end', 210)).toBe(done)
  })

  it('counts thoughts as the first of it', () => {
    const turn = withEvent(newTurn(1, 'hi'), { ...piece, content: '', thinking: 'hm' }, 30)
    expect(turn).toMatchObject({ thinking: 'hm', answer: '', firstTokenMs: 30 })
  })

  it('never ends whole when it did not', () => {
    const turn = withEvent(newTurn(1, 'hi'), piece, 10)
    expect(ended(turn, 'end', 20)).toMatchObject({ state: 'failed', answer: 'Hello' })
    expect(ended(turn, 'stopped', 20)).toMatchObject({ state: 'stopped', problem: null })
    expect(withEvent(turn, { ...piece, content: '', error: 'out of memory' }, 20)).toMatchObject({
      state: 'failed',
      problem: 'out of memory',
    })
  })
})

it('sends the conversation, without what was never answered', () => {
  const first = withEvent(newTurn(1, 'one'), piece, 1)
  const unanswered = ended(newTurn(2, 'two'), { problem: 'no' }, 1)
  expect(messagesOf([first, unanswered], ' ', 'three').map(({ content }) => content)).toEqual(['one', 'Hello', 'three'])
  expect(messagesOf([], 'Be brief', 'three')[0]).toEqual({ role: 'system', content: 'Be brief' })
})
