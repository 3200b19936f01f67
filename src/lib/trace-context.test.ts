import { describe, expect, it } from 'vitest'
import { addTraceHeaders, createBeginTrace, createHexPool } from './trace-context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

function begin(headers: readonly string[], samples = (_id: string, parent: boolean | null) => parent ?? false) {
  let drawn = 0
  const takeHex = (digits: number): string => String((drawn += 1)).padStart(digits, 'a')
  return createBeginTrace({ takeHex, samples })(headers)
}

describe('the trace of a request', () => {
  it('goes on where the caller began it, with a span of its own', () => {
    expect(begin(['Host', 'x', 'Traceparent', `00-${TRACE}-${SPAN}-01`, 'tracestate', 'a=1'])).toEqual({
      traceId: TRACE,
      spanId: '1'.padStart(16, 'a'),
      parentId: SPAN,
      sampled: true,
      state: 'a=1',
    })
  })

  it.each([
    ['none', []],
    ['two', ['traceparent', `00-${TRACE}-${SPAN}-01`, 'traceparent', `00-${TRACE}-${SPAN}-01`]],
    ['capitals', ['traceparent', `00-${TRACE.toUpperCase()}-${SPAN}-01`]],
    ['version ff', ['traceparent', `ff-${TRACE}-${SPAN}-01`]],
    ['more than version 00 has', ['traceparent', `00-${TRACE}-${SPAN}-01-x`]],
    ['a trace of zeros', ['traceparent', `00-${'0'.repeat(32)}-${SPAN}-01`]],
    ['a span of zeros', ['traceparent', `00-${TRACE}-${'0'.repeat(16)}-01`]],
    ['short ids', ['traceparent', `00-${TRACE.slice(1)}-${SPAN}-01`]],
    ['a later version without a dash', ['traceparent', `01-${TRACE}-${SPAN}-01x`]],
    ['something else', ['traceparent', 'x'.repeat(5000)]],
  ])('begins here where there is no valid one: %s', (_name, headers) => {
    const context = begin([...headers, 'tracestate', 'a=1'])
    expect(context).toMatchObject({ parentId: null, state: null, sampled: false })
    expect(context.traceId).not.toBe(TRACE)
  })

  it('reads what a later version adds as far as it is known', () => {
    expect(begin(['traceparent', `cc-${TRACE}-${SPAN}-03-more`])).toMatchObject({ traceId: TRACE, sampled: true })
  })

  it('joins the state of several fields, and drops one that is not fit', () => {
    const parent = ['traceparent', `00-${TRACE}-${SPAN}-00`]
    expect(begin([...parent, 'tracestate', 'a=1', 'TraceState', 'b=2']).state).toBe('a=1,b=2')
    expect(begin([...parent, 'tracestate', `a=${'1'.repeat(600)}`]).state).toBeNull()
    expect(begin([...parent, 'tracestate', 'a=\u00e9']).state).toBeNull()
    expect(begin([...parent, 'tracestate', Array.from({ length: 33 }, (_, i) => `a${i}=1`).join()]).state).toBeNull()
  })

  it('is sampled as the sampler says, who hears what the caller decided', () => {
    const heard: unknown[] = []
    const samples = (id: string, parent: boolean | null): boolean => heard.push(id, parent) > 0
    expect(begin(['traceparent', `00-${TRACE}-${SPAN}-00`], samples).sampled).toBe(true)
    begin([], samples)
    expect(heard).toEqual([TRACE, false, '2'.padStart(32, 'a'), null])
  })

  it('is told to the next with its own span as the parent', () => {
    const headers = ['accept', '*/*']
    addTraceHeaders(headers, { traceId: TRACE, spanId: SPAN, parentId: null, sampled: true, state: 'a=1' })
    expect(headers).toEqual(['accept', '*/*', 'traceparent', `00-${TRACE}-${SPAN}-01`, 'tracestate', 'a=1'])
  })
})

describe('a pool of hex digits', () => {
  it('gives each digit once, and is filled when it is empty', () => {
    let filled = 0
    const take = createHexPool((bytes) => String((filled += 1)).repeat(bytes * 2))
    const taken = Array.from({ length: 300 }, () => take(32))
    expect(new Set(taken.map((text) => text.length))).toEqual(new Set([32]))
    expect(taken.filter((text) => text.startsWith('1'))).toHaveLength(256)
    expect(filled).toBe(2)
  })
})
