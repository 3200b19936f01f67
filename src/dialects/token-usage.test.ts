import { describe, expect, it } from 'vitest'
import type { Dialect } from './dialect.ts'
import { answerTimings, type TokenUsage, tokenUsage } from './token-usage.ts'

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

const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
const START = event('message_start', {
  message: {
    usage: { input_tokens: 12, cache_read_input_tokens: 2000, cache_creation_input_tokens: 300, output_tokens: 1 },
  },
})
const counts = (
  promptTokens: number | null,
  completionTokens: number | null,
  cachedTokens: number | null = null,
): TokenUsage => ({
  promptTokens,
  completionTokens,
  cachedTokens,
})

const told: readonly (readonly [string, Dialect, string, TokenUsage])[] = [
  ['a native answer', 'ollama', NATIVE, counts(26, 298)],
  [
    'one that tells of its cache',
    'ollama',
    '{"prompt_eval_count":26,"prompt_eval_cached_count":20,"eval_count":2}',
    counts(26, 2, 20),
  ],
  ['native embeddings', 'ollama', '{"embeddings":[[1]],"prompt_eval_count":4}\n', counts(4, null)],
  ['native embeddings that tell nothing', 'ollama', '{"embedding":[1]}', counts(null, null)],
  [
    'a tool call with such arguments',
    'ollama',
    '{"message":{"tool_calls":[{"function":{"arguments":{"eval_count":1}}}]},"done":true,"eval_count":9}',
    counts(null, 9),
  ],
  [
    'a completion, after zeros',
    'openai',
    'data: {"usage":{"prompt_tokens":0,"completion_tokens":0}}\n\ndata: {"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n',
    counts(7, 3),
  ],
  ['zeros alone', 'openai', 'data: {"usage":{"prompt_tokens":0,"completion_tokens":0}}\n\n', counts(null, null)],
  [
    'a chat completion with details, and a null after it',
    'openai',
    'data: {"usage": {"prompt_tokens": 70, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 64}}}\n\ndata: {"usage":null}\n\n',
    counts(70, 3, 64),
  ],
  ['embeddings', 'openai', '{"usage":{"prompt_tokens":8,"total_tokens":8}}', counts(8, null)],
  [
    'a transcription',
    'openai',
    '{"text":"a","usage":{"type":"tokens","input_tokens":14,"output_tokens":45}}',
    counts(14, 45),
  ],
  [
    'a response with metadata of that name',
    'responses',
    '"usage":{"input_tokens":26,"input_tokens_details":{"cached_tokens":0},"output_tokens":4},"metadata":{"output_tokens":"x","input_tokens":"1","usage":"2"}',
    counts(26, 4, 0),
  ],
  ['a message', 'anthropic', '{"usage":{"input_tokens":5,"output_tokens":2}}', counts(5, 2)],
  [
    'a whole message with a cache',
    'anthropic',
    '{"usage":{"input_tokens":5,"cache_creation_input_tokens":10,"cache_read_input_tokens":100,"output_tokens":2}}',
    counts(115, 2, 100),
  ],
  [
    'a stream that tells its prompt once',
    'anthropic',
    START + event('message_delta', { usage: { output_tokens: 40 } }) + event('message_stop', {}),
    counts(2312, 40, 2000),
  ],
  [
    'a stream whose first word was an estimate',
    'anthropic',
    event('message_start', { message: { usage: { input_tokens: 3, output_tokens: 0 } } }) +
      event('message_delta', { usage: { input_tokens: 30, output_tokens: 4 } }),
    counts(30, 4),
  ],
  ['a stream that has only begun', 'anthropic', START, counts(2312, null, 2000)],
  ['nothing', 'responses', '{}', counts(null, null)],
]

describe('tokenUsage', () => {
  it.each(told)('reads the counts of %s', (_name, dialect, text, expected) => {
    expect(tokenUsage(dialect, text)).toEqual(expected)
  })

  it.each(['ollama', 'openai', 'responses', 'anthropic'] as const)(
    'is not deceived by what a model writes: %s',
    (dialect) => {
      const written = '{"usage":{"prompt_tokens":1,"input_tokens":1,"output_tokens":1},"eval_count":1}'
      expect(tokenUsage(dialect, JSON.stringify({ content: written, usage: 'none' }))).toEqual(counts(null, null))
    },
  )
})
