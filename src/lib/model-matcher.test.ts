import { describe, expect, it } from 'vitest'
import { modelMatcher } from './model-matcher.ts'

describe('modelMatcher', () => {
  it.each([
    ['qwen3', 'qwen3:latest', true],
    ['qwen3', 'qwen3:8b', false],
    ['qwen3:8b', 'qwen3:8b', true],
    ['qwen3:*', 'qwen3:8b', true],
    ['qwen3:*', 'qwen3-coder:8b', false],
    ['*', 'library/x:latest', true],
    ['not a name', 'qwen3:latest', false],
  ])('%s and %s: %s', (pattern, canonical, fits) => {
    expect(modelMatcher(pattern)(canonical)).toBe(fits)
  })
})
