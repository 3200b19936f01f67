import { describe, expect, it } from 'vitest'
import { parseExposition, total } from './parse-exposition.ts'

const COUNTER = '# HELP a_total help\n# TYPE a_total counter\n'
const HISTOGRAM = '# HELP h help\n# TYPE h histogram\n'

describe('the strict reader of metrics', () => {
  it('reads labels, escapes and numbers', () => {
    const read = parseExposition(`${COUNTER}a_total{x="q\\"\\\\\\n",y="2"} 1.5e3\na_total 2\n`)
    expect(read.get('a_total')).toEqual({
      name: 'a_total',
      type: 'counter',
      help: 'help',
      samples: [
        { name: 'a_total', labels: { x: 'q"\\\n', y: '2' }, value: 1500 },
        { name: 'a_total', labels: {}, value: 2 },
      ],
    })
    expect([total(read, 'a_total'), total(read, 'a_total', { y: '2' })]).toEqual([1502, 1500])
  })

  it('reads a histogram', () => {
    const text = `${HISTOGRAM}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 3\nh_sum 4.5\nh_count 3\n`
    expect(total(parseExposition(text), 'h_count')).toBe(3)
  })

  it.each([
    ['no end of the last line', `${COUNTER}a_total 1`],
    ['a sample without its type', 'a_total 1\n'],
    ['a sample of another family', `${COUNTER}b_total 1\n`],
    ['a family twice', `${COUNTER}a_total 1\n${COUNTER}a_total{x="1"} 1\n`],
    ['a series twice', `${COUNTER}a_total{x="1",y="2"} 1\na_total{y="2",x="1"} 1\n`],
    ['a label twice', `${COUNTER}a_total{x="1",x="2"} 1\n`],
    ['a family without samples', COUNTER],
    ['an open label', `${COUNTER}a_total{x="1} 1\n`],
    ['a trailing comma', `${COUNTER}a_total{x="1",} 1\n`],
    ['a raw quote', `${COUNTER}a_total{x="1"2"} 1\n`],
    ['an unknown escape', `${COUNTER}a_total{x="\\t"} 1\n`],
    ['no number', `${COUNTER}a_total null\n`],
    ['undefined', `${COUNTER}a_total undefined\n`],
    ['an empty line', `${COUNTER}\na_total 1\n`],
    ['a counter by another name', '# HELP a help\n# TYPE a counter\na 1\n'],
    ['a counter below zero', `${COUNTER}a_total -1\n`],
    ['buckets that fall', `${HISTOGRAM}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`],
    [
      'buckets out of order',
      `${HISTOGRAM}h_bucket{le="2"} 0\nh_bucket{le="1"} 0\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    ],
    ['no last bucket', `${HISTOGRAM}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`],
    ['another count', `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`],
    ['no sum', `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_count 1\n`],
  ])('takes nothing odd: %s', (_name, text) => {
    expect(() => parseExposition(text)).toThrow(Error)
  })
})
