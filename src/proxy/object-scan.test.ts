import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ObjectScan, rawValue, scanObject, stringValue } from './object-scan.ts'

const encoder = new TextEncoder()

function scan(text: string | Uint8Array, keep: (name: string) => boolean = () => true): ObjectScan & { steps: number } {
  const run = scanObject(typeof text === 'string' ? Buffer.from(text) : text, keep)
  for (let steps = 0; ; steps++) {
    const step = run.next()
    if (step.done === true) return { ...step.value, steps }
  }
}

function fieldsOf(text: string): Array<[string, string]> {
  const result = scan(text)
  if (result.kind !== 'object') throw new Error(`not an object: ${text}`)
  return result.fields.map((field) => [field.name, rawValue(result, field)])
}

describe('scanObject', () => {
  it('finds the top-level names and the ranges of their values', () => {
    expect(fieldsOf(' { "model" : "a\\"b" , "n":[1,{"model":"x"},"]"], "o":{"a":"}"} ,"s":-1.5e3,"t":true }')).toEqual([
      ['model', '"a\\"b"'],
      ['n', '[1,{"model":"x"},"]"]'],
      ['o', '{"a":"}"}'],
      ['s', '-1.5e3'],
      ['t', 'true'],
    ])
  })

  it('agrees with JSON.parse on every object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.nat(2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const expected = Object.entries(JSON.parse(text) as object).map(([name, field]) => [
          name,
          JSON.stringify(field),
        ])
        const seen = fieldsOf(text).map(([name, raw]) => [name, JSON.stringify(JSON.parse(raw))])
        expect(seen).toEqual(expected)
      }),
      { numRuns: 1000 },
    )
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const braced = new Uint8Array([0x7b, ...bytes])
        expect(['object', 'malformed']).toContain(scan(braced).kind)
      }),
      { numRuns: 5000 },
    )
  })

  it('accepts whatever JSON.parse accepts, with anything behind it', () => {
    expect(scan('{"a":1} trailing {').kind).toBe('object')
    expect(scan('{}').kind).toBe('object')
  })

  it.each([
    '',
    '[]',
    'null',
    '"x"',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":"x}',
    '{"a":[1}',
    '{a:1}',
    '{"a" 1}',
    '{"a":1,}',
    '{"\\x":1}',
    '{"a\u0001":1}',
    '\ufeff{}',
  ])('calls %j malformed', (text) => expect(scan(text).kind).toBe('malformed'))

  it('decodes escapes in names and strings', () => {
    const result = scan('{"mo\\u0064el":"\\ud83d\\ude00"}')
    if (result.kind !== 'object' || result.fields[0] === undefined) throw new Error('no field')
    expect(result.fields[0].name).toBe('model')
    expect(stringValue(result, result.fields[0])).toBe('😀')
  })

  it('finds the end of strings that end in runs of backslashes, short and long', () => {
    for (const length of [0, 1, 45, 46, 47, 48, 49, 50, 100]) {
      for (const slashes of [0, 1, 2, 3, 4]) {
        const value = 'x'.repeat(length) + '\\'.repeat(slashes) + '"tail'
        expect(fieldsOf(JSON.stringify({ value, model: 'm' }))[1]).toEqual(['model', '"m"'])
      }
    }
  })

  it('passes a long string at once and yields between short ones', () => {
    const image = scan(`{"images":["${'A'.repeat(4_000_000)}"],"model":"m"}`)
    expect(image.steps).toBe(0)
    const many = scan(`{"input":[${'"ab",'.repeat(600_000)}"z"],"model":"m"}`)
    expect(many.kind).toBe('object')
    expect(many.steps).toBeGreaterThan(3)
  })

  it('keeps only the fields that were asked for', () => {
    const text = `{${Array.from({ length: 10_000 }, (_, i) => `"k${i}":${i}`).join(',')},"model":"m"}`
    const result = scan(encoder.encode(text), (name) => name === 'model')
    expect(result.kind === 'object' && result.fields.length).toBe(1)
  })

  it('walks nesting without recursion', () => {
    const depth = 200_000
    expect(scan(`{"a":${'['.repeat(depth)}${']'.repeat(depth)},"model":"m"}`).kind).toBe('object')
  })
})
