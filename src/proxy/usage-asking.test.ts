import { describe, expect, it } from 'vitest'
import { spliceBody } from './body-edits.ts'
import { peekSmallBody } from './body-facts.ts'
import { usageEdit } from './usage-asking.ts'

/** The body as it would be sent. */
function asked(text: string): string {
  const facts = peekSmallBody(Buffer.from(text), { readTools: false })
  const edit = usageEdit(facts)
  return Buffer.concat(spliceBody(facts.bytes, edit === undefined ? [] : [edit])).toString()
}

describe('usageEdit', () => {
  it.each([
    ['{"model":"a","stream":true}', '{"stream_options":{"include_usage":true},"model":"a","stream":true}'],
    ['{ "a":"é", "stream_options" : null }', '{ "a":"é", "stream_options" : {"include_usage":true} }'],
    ['{"stream_options":{}}', '{"stream_options":{"include_usage":true}}'],
    ['{"stream_options": { } ,"a":1}', '{"stream_options": {"include_usage":true } ,"a":1}'],
    [
      '{"stream_options":{"include_obfuscation":false}}',
      '{"stream_options":{"include_usage":true,"include_obfuscation":false}}',
    ],
    [
      '{"a":1,"stream_options":{"x":[{}], "include_usage" : false}}',
      '{"a":1,"stream_options":{"x":[{}], "include_usage" : true}}',
    ],
    ['{"stream_options":{"include\\u005fusage":null}}', '{"stream_options":{"include\\u005fusage":true}}'],
  ])('asks in %s', (text, expected) => {
    expect(asked(text)).toBe(expected)
    expect(JSON.parse(expected)).toMatchObject({ stream_options: { include_usage: true } })
  })

  it.each([
    '{"stream_options":{"include_usage":true}}',
    '{"stream_options":true}',
    '{"stream_options":"x"}',
    '{"stream_options":[]}',
    '{"stream_options":{"include_usage":"false"}}',
    '{"stream_options":{"include_usage":0}}',
    '{"stream_options":{"include_usage":[]}}',
    '{"stream_options":{"include_usage" false}}',
  ])('leaves %s as it is: the client asks itself, or is to hear what is wrong', (text) => {
    expect(asked(text)).toBe(text)
  })

  it.each([
    '{"stream_options":{"Include_Usage":false}}',
    '{"stream_options":{"include_usage":true,"INCLUDE_USAGE":false}}',
    '{"stream_options":{"include_usage":true,"include_usage":false}}',
    '{"stream_options":{"include_u\u017fage":false}}',
  ])('refuses %s, which each server reads in a way of its own', (text) => {
    expect(() => asked(text)).toThrow(expect.objectContaining({ code: 'ambiguous_field' }))
  })

  it('reads no options beyond what anybody would send', () => {
    const text = `{"stream_options":{"x":"${'y'.repeat(70_000)}"}}`
    expect(() => asked(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  })
})
