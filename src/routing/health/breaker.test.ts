import { describe, expect, it } from 'vitest'
import { afterFailure, afterPause, afterSuccess, type Breaker, CLOSED } from './breaker.ts'

const rules = { coolOffMs: 1000, maxCoolOffMs: 5000 }

/** `-` a failure, `+` a success, a number: what time it is now. */
function after(...events: ('-' | '+' | number)[]): Breaker {
  let now = 0
  return events.reduce<Breaker>((breaker, event) => {
    if (event === '-') return afterFailure(breaker, now, rules)
    if (event === '+') return afterSuccess(breaker)
    now = event
    return afterPause(breaker, now)
  }, CLOSED)
}

describe('a breaker', () => {
  it.each([
    ['one failure', ['-'], 'closed', Infinity],
    ['two, a success and two more', ['-', '-', '+', '-', '-'], 'closed', Infinity],
    ['three in a row', ['-', '-', '-'], 'open', 0],
    ['a success of one sent before it opened', ['-', '-', '-', '+'], 'open', 0],
    ['too early a look', ['-', '-', '-', 999], 'open', 0],
    ['its cool-off', ['-', '-', '-', 1000], 'trial', 1],
    ['a trial that succeeded', ['-', '-', '-', 1000, '+'], 'recovering', 2],
    ['a success more', ['-', '-', '-', 1000, '+', '+'], 'recovering', 4],
    ['enough successes', ['-', '-', '-', 1000, '+', '+', '+', '+'], 'closed', Infinity],
    ['a trial that failed', ['-', '-', '-', 1000, '-'], 'open', 0],
    ['a failure while it recovered', ['-', '-', '-', 1000, '+', '+', '-'], 'open', 0],
  ] as const)('after %s', (_what, events, phase, admits) => {
    expect(after(...events)).toMatchObject({ phase, admits })
  })

  it('cools off for longer each time, within bounds, until it was closed', () => {
    expect(after('-', '-', '-').until).toBe(1000)
    expect(after('-', '-', '-', 1000, '-').until).toBe(3000)
    expect(after('-', '-', '-', 1000, '-', 3000, '-').until).toBe(7000)
    expect(after('-', '-', '-', 1000, '-', 3000, '-', 7000, '-').until).toBe(12_000)
    expect(after('-', '-', '-', 1000, '+', '+', '+', '+', '-', '-', '-').until).toBe(2000)
  })

  it('is not kept open for longer by what was sent before it opened', () => {
    expect(after('-', '-', '-', 500, '-').until).toBe(1000)
  })
})
