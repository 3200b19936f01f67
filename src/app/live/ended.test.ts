import { describe, expect, it } from 'vitest'
import { exchangeRecord } from '../../telemetry/__fixtures__/exchange-record.ts'
import { createEndedExchanges } from './ended.ts'

const idsOf = (records: readonly { readonly id: string }[]): string[] => records.map(({ id }) => id)

describe('exchanges that have ended', () => {
  it('are told of from a round on, the oldest first', () => {
    const ended = createEndedExchanges()
    for (const [id, round] of Object.entries({ a: 1, b: 1, c: 2, d: 3 })) ended.add(exchangeRecord({ id }), round)
    expect(idsOf(ended.since(0))).toEqual(['a', 'b', 'c', 'd'])
    expect(idsOf(ended.since(1))).toEqual(['c', 'd'])
    expect(ended.since(3)).toEqual([])
    expect(ended.forgottenRound).toBe(0)
  })

  it('are the last five hundred, and it is known what was forgotten', () => {
    const ended = createEndedExchanges()
    for (let each = 1; each <= 503; each++) ended.add(exchangeRecord({ id: `x${each}`, time: 10 * each }), each)
    expect(ended.since(0)).toHaveLength(500)
    expect(ended.since(0)[0]?.id).toBe('x4')
    expect(ended.forgottenRound).toBe(3)
  })

  it('are the first five hundred of a second, and those that somebody stopped', () => {
    const ended = createEndedExchanges()
    for (let each = 1; each <= 600; each++) ended.add(exchangeRecord({ id: `x${each}`, time: 5000, totalMs: 1 }), 7)
    expect([ended.since(0).length, ended.since(0).at(-1)?.id, ended.forgottenRound]).toEqual([500, 'x500', 7])
    ended.add(exchangeRecord({ id: 'stopped', time: 5000, totalMs: 2, ending: 'stopped' }), 8)
    ended.add(exchangeRecord({ id: 'later', time: 6000, totalMs: 2 }), 9)
    expect(idsOf(ended.since(7))).toEqual(['stopped', 'later'])
  })

  it('are not pushed out by strangers, whose are among them in their order', () => {
    const ended = createEndedExchanges()
    const at = (id: string, time: number, user: string | null): void =>
      ended.add(exchangeRecord({ id, user, kind: user === null ? null : 'generate', time, totalMs: 1 }), 1)
    at('first', 1000, 'ann')
    for (let each = 0; each < 2000; each++) at(`stranger-${each}`, 2000 + 50 * each, null)
    at('last', 200_000, 'ann')
    const all = idsOf(ended.since(0))
    expect(all).toHaveLength(102)
    expect([all[0], all[1], all.at(-1)]).toEqual(['first', 'stranger-1900', 'last'])
  })

  it('are none where the gateway answered by itself', () => {
    const ended = createEndedExchanges()
    ended.add(exchangeRecord({ kind: 'own', route: '/admin/status' }), 1)
    expect(ended.since(0)).toEqual([])
  })
})
