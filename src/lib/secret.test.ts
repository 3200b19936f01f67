import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from './secret.ts'

describe('Secret', () => {
  const secret = new Secret('hunter2')

  it('prints as [redacted] however it is printed', () => {
    const printed = [
      String(secret),
      secret.toString(),
      JSON.stringify({ secret }),
      inspect({ deep: { secret } }),
      inspect(secret, { showHidden: true, depth: 9 }),
      JSON.stringify(Object.entries(secret)),
      JSON.stringify({ ...secret }),
    ]
    expect(printed.join('\n')).not.toContain('hunter2')
    expect(printed.slice(0, 4).every((text) => text.includes('[redacted]'))).toBe(true)
  })

  it('gives its value to who asks for it', () => {
    expect(secret.reveal()).toBe('hunter2')
  })
})
