import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redact } from './redact.ts'

const ours = `crl_${'aZ9'.repeat(11)}`
const secret = 'verySecret123'

describe('redact', () => {
  it.each([
    `a ${ours} b`,
    `GET /k/${ours}/api/chat`,
    `http://gw:11435/k/${secret}/api/chat?x=1`,
    `GET /k/${secret} HTTP/1.1`,
    `Authorization: Bearer ${secret}`,
    `authorization: bearer  ${secret}`,
    `Authorization: ${secret}`,
    `{"authorization":"Basic ${secret}"}`,
    `{"x-api-key":"${secret}"}`,
    `["Host","x","X-Api-Key","${secret}"]`,
    `["authorization","${secret}"]`,
    `"{\\"apikey\\":\\"${secret}\\"}"`,
    `api-key=${secret}`,
    `AUTH_TOKEN=${secret}`,
    `password: "${secret}"`,
    `http://user:${secret}@host/`,
    `https://${secret}@host`,
    `sk-proj-${secret}${secret}`,
    `hf_${secret}${secret}`,
    `OLLAMA-0b5f8c1e-1111-4222-8333-444455556666`,
  ])('hides the key of %s', (text) => {
    const result = redact(text)
    expect(result).toContain('[redacted]')
    expect(result).not.toContain(secret)
    expect(result).not.toContain('aZ9')
    expect(result).not.toContain('444455556666')
  })

  it('hides a signature of the ollama command', () => {
    const key = `AAAAC3NzaC1lZDI1NTE5AAAAI${'a'.repeat(43)}`
    expect(redact(`authorization ${key}:${'b'.repeat(86)}==`)).toBe('authorization [redacted]')
  })

  it.each([
    'The key is not valid',
    'This gateway needs a key: send it as "Authorization: Bearer KEY"',
    'GET /api/tags took 3 ms at http://127.0.0.1:11434/api',
    'sha256:29fdb92e57cf0827ded04ae6461b5931d01fa595843f55d36f5b275a52087dd2',
    '{"secret":null,"password":[],"salt":12}',
    '',
  ])('leaves %s alone', (text) => {
    expect(redact(text)).toBe(text)
  })

  it('leaves a line of JSON a line of JSON', () => {
    const name = fc.constantFrom('authorization', 'password', 'path', 'err', 'x-api-key')
    const text = fc.oneof(
      fc.constantFrom(`/k/${ours}/x`, `Bearer ${ours}`, `password="${secret}"`, `{"apikey":"${secret}"}`, '\\', '"'),
      fc.string({ unit: 'grapheme' }),
    )
    const value = fc.oneof(
      text,
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(text),
      fc.dictionary(name, text),
    )
    fc.assert(
      fc.property(fc.dictionary(name, value), (fields) => {
        const once = JSON.stringify(fields)
        expect(() => JSON.parse(redact(once))).not.toThrow()
        expect(() => JSON.parse(redact(JSON.stringify({ once })))).not.toThrow()
        expect(redact(redact(once))).toBe(redact(once))
      }),
      { numRuns: 500 },
    )
  })

  it('takes time in proportion to the text', () => {
    const hostile = [':/', 'authorization', 'Bearer ', '://', 'OLLAMA-00000000-', 'a.b.c-', '",'].map((part) =>
      part.repeat(20_000),
    )
    const startedAt = performance.now()
    for (const text of hostile) redact(text)
    // Quadratic would be minutes.
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })
})
