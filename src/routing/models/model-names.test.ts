import { describe, expect, it } from 'vitest'
import { createModelNames } from './model-names.ts'

const names = createModelNames({
  aliases: {
    'gpt-4o-mini': 'qwen3:8b',
    first: 'gpt-4o-mini',
    round: 'about',
    about: 'round',
    bad: 'a b',
    me: 'me:latest',
  },
  assignments: { 'library/GPT-4': ['openai'] },
  fallbacks: { 'qwen3:32b': ['qwen3:8b', 'not valid', 'Llama3'], 'qwen3:8b': ['gpt-4o-mini'], 'qwen3:4b': ['first'] },
})

describe('createModelNames', () => {
  it('resolves an alias in any spelling to the name in the config', () => {
    expect(names.resolveAlias('gpt-4o-mini:latest')).toEqual({ name: 'qwen3:8b', canonical: 'qwen3:8b' })
    expect(names.resolveAlias('qwen3:8b')).toBeUndefined()
  })

  it('follows an alias of an alias, but no circle and no invalid name', () => {
    expect(names.resolveAlias('first:latest')?.name).toBe('qwen3:8b')
    for (const name of ['round', 'about', 'bad', 'me']) expect(names.resolveAlias(`${name}:latest`)).toBeUndefined()
    expect(names.aliases.map((alias) => alias.name)).toEqual(['gpt-4o-mini', 'first'])
  })

  it('keeps fallbacks in order and assignments by canonical name', () => {
    expect(names.fallbacksOf('qwen3:32b').map((target) => target.canonical)).toEqual(['qwen3:8b', 'llama3:latest'])
    expect(names.fallbacksOf('llama3:latest')).toEqual([])
    expect(names.assignments.get('gpt-4:latest')).toEqual(['openai'])
  })

  it('falls back to an alias as to a model of that name, then as to what it stands for, and never to itself', () => {
    expect(names.fallbacksOf('qwen3:8b').map((target) => target.canonical)).toEqual(['gpt-4o-mini:latest'])
    expect(names.fallbacksOf('qwen3:4b').map((target) => target.canonical)).toEqual(['first:latest', 'qwen3:8b'])
  })
})
