import { describe, expect, it } from 'vitest'
import { createBodyRedaction } from './body-redaction.ts'

const redactBody = createBodyRedaction({
  fields: ['phone'],
  patterns: ['[\\w.]+@[\\w.]+'],
  secrets: ['own/secret"1', 'abc'],
})
const hide = (text: string, presented: string[] = []): string => redactBody({ text, bytes: 0, isCut: false }, presented)

describe('createBodyRedaction', () => {
  it.each([
    ['{"prompt":"crl_abcDEF123 is it"}', '{"prompt":"crl_[redacted] is it"}'],
    ['{"prompt":"curl -H \'Authorization: Bearer xyz\'"}', '{"prompt":"curl -H \'Authorization: Bearer [redacted]\'"}'],
    ['{"prompt":"write to a.b@c.de"}', '{"prompt":"write to [redacted]"}'],
    ['{"phone":"110","prompt":"Hi"}', '{"phone":"[redacted]","prompt":"Hi"}'],
    ['{"prompt":"own\\/secret\\"1"}', '{"prompt":"[redacted]"}'],
    ['own/secret"1 abc own%2Fsecret%221', '[redacted] abc [redacted]'],
  ])('hides keys, fields and the secrets of the gateway: %s', (text, hidden) => {
    expect(hide(text)).toBe(hidden)
  })

  it('hides what the request came with, in the bytes of a header and in UTF-8', () => {
    const secret = Buffer.from('schlüssel').toString('latin1')
    expect(hide('{"a":"say schlüssel"}', [secret])).toBe('{"a":"say [redacted]"}')
    expect(hide(`{"a":"say ${secret}"}`, [secret])).toBe('{"a":"say [redacted]"}')
  })

  it('leaves out the end of what was cut, where half a secret would be recognised by nobody', () => {
    const words = 'some words '.repeat(100)
    const cut = redactBody({ text: `${words}my-own-key`, bytes: 5000, isCut: true }, ['my-own-key-4711'])
    expect(words.startsWith(cut)).toBe(true)
    expect(cut.length).toBeGreaterThan(800)
    const long = 'k'.repeat(400)
    const cutInside = redactBody({ text: words + long.slice(0, 399), bytes: 5000, isCut: true }, [long])
    expect(cutInside).not.toContain('kk')
    expect(redactBody({ text: 'short', bytes: 5000, isCut: true }, [])).toBe('')
  })
})
