import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { estimateBytes } from './estimate-bytes.ts'

/** Sizes in GB as Ollama's library and makers of GGUF files give them. */
const published: readonly (readonly [string, number])[] = [
  ['llama3.1:8b', 4.9],
  ['llama3.1:70b', 43],
  ['llama3.1:405b', 243],
  ['llama3.1:8b-instruct-q8_0', 8.5],
  ['llama3.1:8b-instruct-fp16', 16],
  ['llama3.1:8b-instruct-q2_k', 3.2],
  ['llama3.1:8b-instruct-q4_0', 4.7],
  ['llama3.1:70b-instruct-q3_k_s', 31],
  ['llama3.1:8b-instruct-q6_k', 6.6],
  ['qwen3:32b', 20],
  ['qwen3:30b-a3b', 19],
  ['qwen3:235b-a22b-q8_0', 250],
  ['mixtral:8x7b', 26],
  ['mixtral:8x22b', 80],
  ['gemma3n:e4b', 7.5],
  ['gemma3n:e2b', 5.6],
  ['gemma3:27b-it-qat', 18],
  ['qwen2.5-coder:1.5b', 0.986],
  ['hf.co/bartowski/llama-3.2-3b-instruct-gguf:q8_0', 3.4],
  ['hf.co/unsloth/qwen2.5-7b-instruct-1m-gguf:q4_k_m', 4.7],
  ['hf.co/bartowski/meta-llama-3.1-70b-instruct-gguf:iq2_xs', 21],
  ['someone/deepseek-r1-distill-70b-bf16:latest', 141],
]

describe('estimateBytes', () => {
  it.each(published)('%s: about %s GB', (name, gigabytes) => {
    expect(estimateBytes(name) / 1e9 / gigabytes).toBeGreaterThan(0.75)
    expect(estimateBytes(name) / 1e9 / gigabytes).toBeLessThan(1.25)
  })

  it.each([
    ['smollm:135m', 0.08],
    ['kimi-k2:1t', 606],
    ['custom-70b:latest', 42],
    ['x:70b-q4_K_M'.toLowerCase(), 42],
  ])('%s: %s GB', (name, gigabytes) => {
    expect(estimateBytes(name) / 1e9).toBeCloseTo(gigabytes, gigabytes > 10 ? -1 : 1)
  })

  it.each(['llama3:latest', 'phi4:latest', 'b:latest', 'a3b:latest', 'model-v2:latest', '', ':', 'gpt-4o', 'x:2024'])(
    'nothing is known of %j',
    (name) => {
      expect(estimateBytes(name)).toBe(0)
    },
  )

  it('gives a number for every text, in no time', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.exqbmt_-:k/'), maxLength: 1000 }), (name) => {
        expect(estimateBytes(name)).toSatisfy((bytes: number) => Number.isSafeInteger(bytes) && bytes >= 0)
      }),
    )
  })
})
