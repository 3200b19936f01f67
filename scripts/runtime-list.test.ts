import { describe, expect, it } from 'vitest'
import { chosenRuntime } from './runtime-list.ts'

describe('chosenRuntime', () => {
  it('is Node 24 unless another one is named', () => {
    expect(chosenRuntime({})).toBe('node24')
    expect(chosenRuntime({ CORRAL_TEST_RUNTIME: '' })).toBe('node24')
    expect(chosenRuntime({ CORRAL_TEST_RUNTIME: 'bun' })).toBe('bun')
  })

  it('says in one line which there are', () => {
    expect(() => chosenRuntime({ CORRAL_TEST_RUNTIME: 'nodejs' })).toThrow(
      /^CORRAL_TEST_RUNTIME wants one of node24, node26, deno, bun, not "nodejs"$/,
    )
  })
})
