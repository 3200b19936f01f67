import { describe, expect, it } from 'vitest'
import { addField, removeField, replaceValue, spliceBody } from './body-edits.ts'
import { peekSmallBody } from './body-facts.ts'
import { createPolicyEdits } from './model-policy.ts'

const peek = (text: string, readTools = false): ReturnType<typeof peekSmallBody> =>
  peekSmallBody(Buffer.from(text), { readTools })

describe('peekSmallBody', () => {
  it('reads the model, or its old alias where the CLI leaves the model empty', () => {
    expect(peek('{"model":"a"}').model?.name).toBe('a')
    expect(peek('{"model":"","name":"b"}').model?.name).toBe('b')
    expect(peek('{"source":"a","destination":"b"}').models).toEqual(['a', 'b'])
    expect(peek('{"source":"a","destination":"b"}').model?.name).toBe('a')
  })

  it.each([
    '{"model":"a","Model":"b"}',
    '{"MODEL":"b"}',
    '{"model":"a","model":"b"}',
    '{"\u212aeep_alive":0}',
    '{"\u017ftream":false}',
    '{"me\u017f\u017fages":[]}',
    '{"Mo\\u0064el":"b"}',
    '{"model":"a","mod\\u0065l":"b"}',
  ])('refuses %s, which Go reads in a way of its own', (text) => {
    expect(() => peek(text)).toThrow(expect.objectContaining({ code: 'ambiguous_field' }))
  })

  it('leaves unknown fields alone, however they are spelled', () => {
    expect(peek('{"model":"a","X-Extra":1,"X-Extra":2}').model?.name).toBe('a')
  })

  it('has no facts of what is no object', () => {
    expect(peek('[1]').model).toBeNull()
    expect(peek('{"model":').models).toEqual([])
    expect(peek('{"model":5}').model).toBeNull()
  })

  it('reads stream as Go does: true or false only', () => {
    expect(peek('{"stream":false}').stream).toBe(false)
    expect(peek('{"stream":"false"}').stream).toBeUndefined()
  })

  it('sees a web search tool in any spelling that Go folds', () => {
    expect(peek('{"tools":[{"type":"function"},{"type":"web_search"}]}', true).webSearch).toBe(true)
    expect(peek('{"tools":[{"Type":"web\\u005fsearch_20250305"}]}', true).webSearch).toBe(true)
    expect(peek('{"tools":[{"type":"function","name":"search"}]}', true).webSearch).toBe(false)
  })
})

describe('spliceBody', () => {
  const edited = (text: string, edit: (facts: ReturnType<typeof peek>) => Parameters<typeof spliceBody>[1]): string => {
    const facts = peek(text)
    return Buffer.concat(spliceBody(facts.bytes, edit(facts))).toString()
  }
  const field = (facts: ReturnType<typeof peek>, name: string): Parameters<typeof replaceValue>[0] => {
    const found = facts.fields.get(name)
    if (found === undefined) throw new Error(`no ${name}`)
    return found
  }

  it('changes only the range of a value', () => {
    expect(edited('{ "x":1, "model" : "a" , "y":"é" }', (f) => [replaceValue(field(f, 'model'), '"qwen3:8b"')])).toBe(
      '{ "x":1, "model" : "qwen3:8b" , "y":"é" }',
    )
  })

  it('removes a field with its comma, first, middle, last and only', () => {
    const remove = (text: string): string => edited(text, (f) => [removeField(f.bytes, field(f, 'stream'))])
    expect(remove('{"stream":true,"a":1}')).toBe('{"a":1}')
    expect(remove('{"a":1, "stream":true , "b":2}')).toBe('{"a":1,  "b":2}')
    expect(remove('{"a":1 , "stream":true}')).toBe('{"a":1 }')
    expect(remove('{"stream":true}')).toBe('{}')
  })

  it('adds a field to a full and to an empty object', () => {
    expect(edited(' {"a":1}', (f) => [addField(f, 'stream', 'false')])).toBe(' {"stream":false,"a":1}')
    expect(edited('{ }', (f) => [addField(f, 'stream', 'false')])).toBe('{"stream":false }')
  })

  it('adds several fields to a full and to an empty object', () => {
    const add = (text: string): unknown =>
      JSON.parse(edited(text, (f) => [addField(f, 'model', '"m"'), addField(f, 'stream', 'false')]))
    expect(add('{"a":1}')).toEqual({ model: 'm', stream: false, a: 1 })
    expect(add('{ }')).toEqual({ model: 'm', stream: false })
  })
})

describe('createPolicyEdits', () => {
  const apply = (
    text: string,
    numCtx: 'allow' | 'strip' | number,
    keepAlive: 'allow' | 'strip' | string | number,
  ): string => {
    const facts = peek(text)
    const edits = createPolicyEdits([{ match: '*', numCtx, keepAlive }])(facts, 'a:latest')
    return Buffer.concat(spliceBody(facts.bytes, edits)).toString()
  }
  const body = '{"model":"a","keep_alive":-1,"options":{"seed":1,"num_ctx":99,"num_gpu":0}}'

  it('changes nothing by default', () => {
    expect(apply(body, 'allow', 'allow')).toBe(body)
  })

  it('strips what pins or reloads a model and keeps the rest', () => {
    expect(JSON.parse(apply(body, 'strip', 'strip'))).toEqual({ model: 'a', options: { seed: 1 } })
    expect(apply('{"model":"a"}', 'strip', 'strip')).toBe('{"model":"a"}')
  })

  it('sets values of its own', () => {
    expect(JSON.parse(apply(body, 8192, '10m'))).toEqual({
      model: 'a',
      keep_alive: '10m',
      options: { seed: 1, num_ctx: 8192 },
    })
    expect(JSON.parse(apply('{"model":"a"}', 8192, 300))).toEqual({
      model: 'a',
      keep_alive: 300,
      options: { num_ctx: 8192 },
    })
  })

  it('lets the first policy that matches govern', () => {
    const facts = peek(body)
    const edits = createPolicyEdits([
      { match: 'a:*', numCtx: 'allow', keepAlive: 'allow' },
      { match: '*', numCtx: 'strip', keepAlive: 'strip' },
    ])(facts, 'a:latest')
    expect(edits).toEqual([])
  })
})
