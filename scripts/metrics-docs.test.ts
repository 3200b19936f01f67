import { expect, it } from 'vitest'
import { metricsDocs } from './metrics-docs.ts'

it('the table of metrics has a row for each, with its labels', () => {
  const table = metricsDocs({
    corral_a_total: { type: 'counter', labels: ['x', 'y'], help: 'One | two.' },
    corral_b: { type: 'gauge', labels: [], help: 'Three.' },
  })
  expect(table.split('\n').slice(2)).toEqual([
    '| `corral_a_total` | counter | `x`, `y` | One \\| two. |',
    '| `corral_b` | gauge |  | Three. |',
  ])
})
