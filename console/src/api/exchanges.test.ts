import { expect, it } from 'vitest'
import type { Exchange, LiveExchanges } from '../admin-types.ts'
import { mergeExchanges, noExchanges } from './exchanges.ts'

const exchange = (id: number, state: Exchange['state'], upstream = 'gpu-1'): Exchange =>
  ({ id: String(id), state, upstream, started_at: new Date(id * 1000).toISOString() }) as Exchange

const news = (parts: Partial<LiveExchanges>): LiveExchanges => ({
  at: '2026-01-01T00:00:00.000Z',
  whole: false,
  began: [],
  changed: [],
  ended: [],
  ...parts,
})

const ids = (all: readonly Exchange[]): string[] => all.map(({ id }) => id)

it('puts what is new on top and changes the rest where it stands', () => {
  const first = mergeExchanges(noExchanges, news({ began: [exchange(1, 'queued'), exchange(2, 'sent')] }))
  expect(ids(first)).toEqual(['2', '1'])
  const second = mergeExchanges(first, news({ began: [exchange(3, 'sent')], changed: [exchange(1, 'sent', 'gpu-2')] }))
  expect(ids(second)).toEqual(['3', '2', '1'])
  expect(second[2]).toMatchObject({ state: 'sent', upstream: 'gpu-2' })
})

it('takes one that began and ended between two messages once', () => {
  const both = news({ began: [exchange(1, 'sent')], ended: [exchange(1, 'ended')] })
  expect(mergeExchanges(noExchanges, both)).toEqual([exchange(1, 'ended')])
})

it('forgets what it knew when it is told everything anew', () => {
  const first = mergeExchanges(noExchanges, news({ began: [exchange(1, 'sent')] }))
  expect(ids(mergeExchanges(first, news({ whole: true, began: [exchange(2, 'sent')] })))).toEqual(['2'])
})

it('keeps all that run and the last 500 that ended', () => {
  const running = Array.from({ length: 20 }, (_, at) => exchange(at, 'sent'))
  const ended = Array.from({ length: 600 }, (_, at) => exchange(100 + at, 'ended'))
  const all = mergeExchanges(noExchanges, news({ changed: running, ended }))
  expect(all.filter(({ state }) => state === 'sent')).toHaveLength(20)
  expect(all.filter(({ state }) => state === 'ended')).toHaveLength(500)
  expect(ids(all)[0]).toBe('699')
})
