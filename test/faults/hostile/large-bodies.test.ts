import { describe, expect, it } from 'vitest'
import { peekSmallBody } from '../../../src/proxy/body-facts.ts'
import { isKnownName } from '../../../src/proxy/known-fields.ts'
import { createPolicyEdits } from '../../../src/proxy/model-policy.ts'
import { scanObject } from '../../../src/proxy/object-scan.ts'

const MEGABYTE = 1 << 20
const filled = (start: string, unit: string, end: string): Uint8Array =>
  Buffer.from(start + unit.repeat(Math.ceil((4 * MEGABYTE) / unit.length)) + end)

/** Looks in between, and what came out. */
function scanned(bytes: Uint8Array): { readonly pauses: number; readonly names: readonly string[] } {
  const scan = scanObject(bytes, isKnownName)
  for (let pauses = 0; ; pauses++) {
    const step = scan.next()
    if (step.done !== true) continue
    return { pauses, names: step.value.kind === 'object' ? step.value.fields.map((field) => field.name) : [] }
  }
}

describe('a large body of one hostile kind', () => {
  it.each([
    ['a string of escaped quotes', filled('{"prompt":"', '\\"', '","model":"m"}')],
    ['strings of them, nested', filled('{"messages":[["', '\\"', '"]],"model":"m"}')],
    ['a name of them', filled('{"', '\\"', '":1,"model":"m"}')],
    ['white space', filled('{', ' ', '"model":"m"}')],
    ['one number', filled('{"x":', '1', ',"model":"m"}')],
    ['short names', filled('{', '"a":1,', '"model":"m"}')],
    ['brackets', filled('{"x":', '[', `${']'.repeat(4 * MEGABYTE)},"model":"m"}`)],
  ])('%s never holds the event loop for more than a step', (_kind, bytes) => {
    const { pauses, names } = scanned(bytes)
    expect(names).toContain('model')
    expect(pauses).toBeGreaterThanOrEqual(7)
  })

  it('escaped names, which cost a thousand times more, pause far more often', () => {
    expect(scanned(filled('{', '"\\u0061":1,', '"model":"m"}')).pauses).toBeGreaterThan(300)
  })

  it('is not searched for options to take away', () => {
    const facts = peekSmallBody(filled('{"model":"m","options":{', '"a":1,', '"b":1}}'), { readTools: false })
    const edits = createPolicyEdits([{ match: '*', numCtx: 'strip', keepAlive: 'allow' }])
    expect(() => edits(facts, 'm:latest')).toThrow('too long')
  })
})

describe('a web search', () => {
  const hasSearch = (tools: string): boolean =>
    peekSmallBody(Buffer.from(`{"model":"m","tools":${tools}}`), { readTools: true }).webSearch

  it('is seen behind a null, which Go passes over', () => {
    expect(hasSearch('[{"type":"web_search_20250305","type":null,"name":"x"}]')).toBe(true)
    expect(hasSearch('[{"type":"web_search_20250305","Type":null}]')).toBe(true)
  })

  it('is seen in escapes, between other tools, and behind a list however long', () => {
    expect(hasSearch(`[${'{"type":"function"},'.repeat(1000)}{"t\\u0079pe":"\\u0077eb_search"} , {}]`)).toBe(true)
    expect(hasSearch('[1,"a",[{}],{"name":"web_search"}]')).toBe(true)
  })

  it('is not seen where only the text speaks of one', () => {
    expect(
      hasSearch('[{"type":"function","name":"f","description":"like web_search","x":{"type":"web_search"}}]'),
    ).toBe(false)
    expect(hasSearch('{"type":"web_search"}')).toBe(false)
    expect(hasSearch('[]')).toBe(false)
  })
})
