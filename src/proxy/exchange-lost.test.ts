import { describe, expect, it } from 'vitest'
import { begin, LAST, LINE } from './__fixtures__/exchange-scene.ts'
import { PULL } from './__fixtures__/routes.ts'

describe('Exchange whose upstream is lost', () => {
  it('asks elsewhere where nothing of an answer has come', () => {
    const { exchange, fleet, attempt, client } = begin()
    exchange.checkDeadline(performance.now())
    expect(fleet.attempts).toHaveLength(1)
    attempt().isLost = true
    exchange.checkDeadline(performance.now())
    expect(fleet.attempts.map(({ upstream }) => upstream)).toEqual(['one', 'two'])
    expect(fleet.attempts[0]).toMatchObject({ aborts: ['timed-out'], told: ['broken', 'released'] })
    exchange.checkDeadline(performance.now())
    attempt().head(200)
    attempt().data(LAST)
    attempt().end()
    expect([client.status, client.text()]).toEqual([200, LAST])
  })

  it('goes on waiting for the rest of an answer that has begun', () => {
    const { exchange, fleet, attempt, client } = begin()
    attempt().head(200)
    attempt().data(LINE)
    attempt().isLost = true
    exchange.checkDeadline(performance.now())
    attempt().data(LAST)
    attempt().end()
    expect([fleet.attempts.length, client.text()]).toEqual([1, LINE + LAST])
  })

  it('never sends what changes models again, and says that it took too long', () => {
    const { exchange, fleet, attempt, client, records } = begin({ route: PULL })
    attempt().isLost = true
    exchange.checkDeadline(performance.now())
    expect([fleet.attempts.length, client.status]).toEqual([1, 504])
    expect(records).toMatchObject([{ ending: 'timed-out', error: 'upstream_timeout' }])
  })

  it('says so where the budget for second tries is spent', () => {
    const { exchange, fleet, attempt, client } = begin({ budget: 0 })
    attempt().isLost = true
    exchange.checkDeadline(performance.now())
    expect([fleet.attempts.length, client.status]).toEqual([1, 504])
  })
})
