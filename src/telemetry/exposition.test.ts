import { describe, expect, it } from 'vitest'
import { createExposition } from './exposition.ts'
import { Histogram } from './histogram.ts'

describe('a scrape', () => {
  it('has each metric with its help and type, in the order of the catalogue, and no empty one', () => {
    const to = createExposition()
    to.add('corral_waiting_exchanges', 2)
    to.add('corral_retries_total', 1)
    expect(to.text()).toBe(
      [
        '# HELP corral_retries_total Attempts at an upstream after the first one of an exchange.',
        '# TYPE corral_retries_total counter',
        'corral_retries_total 1',
        '# HELP corral_waiting_exchanges Exchanges that wait in the queue.',
        '# TYPE corral_waiting_exchanges gauge',
        'corral_waiting_exchanges 2',
        '',
      ].join('\n'),
    )
  })

  it('adds up what has the same labels, and escapes what they hold', () => {
    const to = createExposition()
    to.add('corral_queue_length', 2, 'a"b\\c\nd')
    to.add('corral_queue_length', 3, 'a"b\\c\nd')
    expect(to.text()).toContain('\ncorral_queue_length{model="a\\"b\\\\c\\nd"} 5\n')
  })

  it('tells a histogram from the smallest bound up', () => {
    const histogram = new Histogram([1, 2.5])
    for (const value of [0.5, 1, 2, 3, 100]) histogram.observe(value)
    const to = createExposition()
    to.distribution('corral_load_seconds', histogram, 'gpu', 'm')
    expect(to.text().split('\n').slice(2)).toEqual([
      'corral_load_seconds_bucket{upstream="gpu",model="m",le="1"} 2',
      'corral_load_seconds_bucket{upstream="gpu",model="m",le="2.5"} 3',
      'corral_load_seconds_bucket{upstream="gpu",model="m",le="+Inf"} 5',
      'corral_load_seconds_sum{upstream="gpu",model="m"} 106.5',
      'corral_load_seconds_count{upstream="gpu",model="m"} 5',
      '',
    ])
  })
})
