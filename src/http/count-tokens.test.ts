import { describe, expect, it } from 'vitest'
import { countTokens } from './count-tokens.ts'

const count = (body: string): ReturnType<typeof countTokens> => countTokens(new TextEncoder().encode(body))

describe('countTokens', () => {
  it('counts a quarter of the bytes of messages, system and tools, rounded up', () => {
    const messages = '[{"role":"user","content":"hi"}]'
    expect(count(`{"model":"m","messages":${messages}}`)).toEqual({
      tokens: Math.ceil(messages.length / 4),
      models: ['m'],
    })
    const system = '"be brief"'
    const tools = '[{"name":"t"}]'
    const all = count(`{"messages":${messages},"system":${system},"tools":${tools},"max_tokens":99999}`)
    expect(all.tokens).toBe(Math.ceil((messages.length + system.length + tools.length) / 4))
  })

  it('counts bytes, not characters', () => {
    expect(count('{"messages":"東京"}').tokens).toBe(2)
  })

  it('names the models, so that they can be judged', () => {
    expect(count('{"model":"a","messages":[]}').models).toEqual(['a'])
    expect(count('{"messages":[]}').models).toEqual([])
  })

  it('wants messages', () => {
    for (const body of ['', '{}', 'no json', '[]', '{"model":"m"}']) expect(() => count(body)).toThrow('"messages"')
  })

  it('refuses what Go would read otherwise', () => {
    expect(() => count('{"messages":[],"Messages":[]}')).toThrow('spell it so')
  })
})
