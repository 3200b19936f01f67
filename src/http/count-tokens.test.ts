import { describe, expect, it } from 'vitest'
import { countTokens } from './count-tokens.ts'

const count = (body: string): ReturnType<typeof countTokens> => countTokens(new TextEncoder().encode(body))

describe('countTokens', () => {
  it('counts a quarter of the bytes of messages, system and tools, rounded up', async () => {
    const messages = '[{"role":"user","content":"hi"}]'
    expect(await count(`{"model":"m","messages":${messages}}`)).toEqual({
      tokens: Math.ceil(messages.length / 4),
      models: ['m'],
    })
    const system = '"be brief"'
    const tools = '[{"name":"t"}]'
    const all = await count(`{"messages":${messages},"system":${system},"tools":${tools},"max_tokens":99999}`)
    expect(all.tokens).toBe(Math.ceil((messages.length + system.length + tools.length) / 4))
  })

  it('counts bytes, not characters', async () => {
    expect((await count('{"messages":"東京"}')).tokens).toBe(2)
  })

  it('names the models, so that they can be judged', async () => {
    expect((await count('{"model":"a","messages":[]}')).models).toEqual(['a'])
    expect((await count('{"messages":[]}')).models).toEqual([])
  })

  it('wants messages', async () => {
    for (const body of ['', '{}', 'no json', '[]', '{"model":"m"}']) {
      await expect(count(body)).rejects.toThrow('"messages"')
    }
  })

  it('refuses what Go would read otherwise', async () => {
    await expect(count('{"messages":[],"Messages":[]}')).rejects.toThrow('spell it so')
  })
})
