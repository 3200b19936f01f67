import { describe, expect, it } from 'vitest'
import { answerTimings, tokenUsage } from './token-usage.ts'

const NATIVE =
  '{"message":{"content":"a"},"done":false}\n' +
  '{"done":true,"total_duration":5191566416,"load_duration":2154458,"prompt_eval_count":26,' +
  '"prompt_eval_duration":383809000,"eval_count":298,"eval_duration":4799921000}\n'

describe('answerTimings', () => {
  it('reads what Ollama measured, in milliseconds', () => {
    expect(answerTimings(NATIVE)).toEqual({
      totalMs: 5191.566416,
      loadMs: 2.154458,
      promptMs: 383.809,
      evalMs: 4799.921,
    })
  })

  it('takes a part that is not told for none: zeros are left out', () => {
    expect(answerTimings('{"done":true,"total_duration":1000000}')).toEqual({
      totalMs: 1,
      loadMs: 0,
      promptMs: 0,
      evalMs: 0,
    })
  })

  it('is null where the dialect does not tell, whatever a model writes about it', () => {
    expect(answerTimings('data: {"choices":[],"usage":{"prompt_tokens":7}}\n\ndata: [DONE]\n\n')).toBeNull()
    expect(answerTimings(JSON.stringify({ content: '{"total_duration":5}' }))).toBeNull()
  })
})

describe('tokenUsage', () => {
  it('reads the counts of every dialect, the last ones', () => {
    expect(tokenUsage(NATIVE)).toEqual({ promptTokens: 26, completionTokens: 298, cachedTokens: null })
    expect(
      tokenUsage('"usage":{"prompt_tokens":0,"completion_tokens":0}"usage":{"prompt_tokens":7,"completion_tokens":3}'),
    ).toEqual({
      promptTokens: 7,
      completionTokens: 3,
      cachedTokens: null,
    })
    expect(tokenUsage('"usage":{"input_tokens":5,"output_tokens":2}')).toEqual({
      promptTokens: 5,
      completionTokens: 2,
      cachedTokens: null,
    })
    expect(tokenUsage('{}')).toEqual({ promptTokens: null, completionTokens: null, cachedTokens: null })
  })
})
