import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSecretFields, hideFields } from './hidden-fields.ts'

const isSecret = createSecretFields(['e-mail'])
const hide = (text: string): string => hideFields(text, isSecret)

describe('hideFields', () => {
  it.each([
    ['{"password":"x","prompt":"y"}', '{"password":"[redacted]","prompt":"y"}'],
    ['{ "OPENAI_API_KEY" : "x" }', '{ "OPENAI_API_KEY" : "[redacted]" }'],
    ['{"headers":{"Authorization":"Bearer x","a":1}}', '{"headers":{"Authorization":"[redacted]","a":1}}'],
    ['{"a":1,"secret":12345}', '{"a":1,"secret":"[redacted]"}'],
    ['{"cookie":["a","b]"],"b":[1]}', '{"cookie":"[redacted]","b":[1]}'],
    ['{"credentials":{"user":"}","deep":{"x":[1]}},"b":2}', '{"credentials":"[redacted]","b":2}'],
    ['{"pass\\u0077ord":"x"}', '{"pass\\u0077ord":"[redacted]"}'],
    ['{"password":"a\\"b\\\\","c":"d"}', '{"password":"[redacted]","c":"d"}'],
    [
      '{"eMail":"a@b.c","E_MAIL":"x","email":"y","mail":"z"}',
      '{"eMail":"[redacted]","E_MAIL":"[redacted]","email":"[redacted]","mail":"z"}',
    ],
    ['{"password":"cut of', '{"password":"[redacted]"'],
    ['{"password":{"a":"cut of', '{"password":"[redacted]"'],
    ['{"a":"b","password":\n', '{"a":"b","password":\n"[redacted]"'],
  ])('hides the values of fields that name a secret: %s', (text, hidden) => {
    expect(hide(text)).toBe(hidden)
  })

  it('hides them in every line and every event', () => {
    expect(hide('{"password":"a"}\n{"b":"c"}\n{"password":"d"}\n')).toBe(
      '{"password":"[redacted]"}\n{"b":"c"}\n{"password":"[redacted]"}\n',
    )
    expect(hide(': said "\n\ndata: {"secret":"a","b":"c"}\n\ndata: [DONE]\n\n')).toBe(
      ': said "\n\ndata: {"secret":"[redacted]","b":"c"}\n\ndata: [DONE]\n\n',
    )
  })

  it('looks into a text that is JSON itself, such as what a tool is called with', () => {
    const call = (value: string) => JSON.stringify({ arguments: JSON.stringify({ password: value, place: 'Ulm' }) })
    expect(hide(call('x'))).toBe(call('[redacted]'))
    expect(hide(call('x').slice(0, 40))).toBe('{"arguments":"[cut off]"')
    const deep = Array.from({ length: 8 }).reduce<string>((inner) => JSON.stringify({ a: inner }), '{"password":"x1y"}')
    expect(hide(deep)).not.toContain('x1y')
  })

  it('leaves everything else as it is', () => {
    const texts = [
      '{"max_tokens":5,"token":"Hi","logprob":-1,"passwords are":"fun","prompt":"my password: no"}',
      '{"prompt":"{a} [b]","arguments":"{\\"a\\": 1.0}"}',
      'no JSON "at all',
      '',
    ]
    for (const text of texts) expect(hide(text)).toBe(text)
  })

  it('lets no value of such a field through, wherever it stands, and keeps JSON what it is', () => {
    const withSecret = fc.jsonValue({ maxDepth: 3 }).map((value) => ({ value, password: { deep: [value, 'needle'] } }))
    fc.assert(
      fc.property(withSecret, fc.constantFrom(undefined, 2, '\t'), (body, indent) => {
        const hidden = hide(JSON.stringify([body, { a: JSON.stringify(body) }], undefined, indent))
        expect(hidden).not.toContain('needle')
        expect(JSON.parse(hidden)).toHaveLength(2)
      }),
    )
  })

  it('takes time in proportion to the text', () => {
    const worst = ['"', '"\\', '{"a":', '"password":', '"password":[', '"a":"{', '"a":"[\\"a\\":'].map((part) =>
      part.repeat(20_000),
    )
    for (const text of worst) expect(hide(text).length).toBeLessThanOrEqual(2 * text.length)
  })
})
