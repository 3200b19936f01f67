import { describe, expect, it } from 'vitest'
import type { RunningExchange } from './exchange-request.ts'
import { createRunningExchanges, type RunningExchanges } from './running-exchanges.ts'

function addExchange(to: RunningExchanges, keyId: string): RunningExchange & { stopped: number; checked: number } {
  const exchange = {
    keyId,
    stopped: 0,
    checked: 0,
    stop() {
      this.stopped++
      to.remove(this)
    },
    checkDeadline() {
      this.checked++
    },
  }
  to.add(exchange)
  return exchange
}

describe('createRunningExchanges', () => {
  it('ends what runs with a key, all of it, while that leaves', () => {
    const running = createRunningExchanges()
    const ended = [addExchange(running, 'a'), addExchange(running, 'a')]
    const other = addExchange(running, 'b')
    ended.push(addExchange(running, 'a'))
    running.endKey('a')
    expect(ended.map((exchange) => exchange.stopped)).toEqual([1, 1, 1])
    expect(other.stopped).toBe(0)
    expect(running.size).toBe(1)
  })

  it('forgets exactly the one that is removed, and one removed twice only once', () => {
    const running = createRunningExchanges()
    const [first, second, third] = [addExchange(running, 'a'), addExchange(running, 'a'), addExchange(running, 'a')]
    running.remove(first)
    running.remove(first)
    running.checkDeadlines(0)
    expect([first, second, third].map((exchange) => exchange.checked)).toEqual([0, 1, 1])
    running.remove(third)
    running.checkDeadlines(0)
    expect([first, second, third].map((exchange) => exchange.checked)).toEqual([0, 2, 1])
    expect(running.size).toBe(1)
  })

  it('is idle once the last one has left', async () => {
    const running = createRunningExchanges()
    await running.idle()
    const exchanges = [addExchange(running, 'a'), addExchange(running, 'a')]
    let isIdle = false
    const idle = running.idle().then(() => (isIdle = true))
    running.endAll()
    expect(isIdle).toBe(false)
    await idle
    expect(exchanges.map((exchange) => exchange.stopped)).toEqual([1, 1])
  })
})
