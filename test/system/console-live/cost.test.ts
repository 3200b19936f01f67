import { expect, it } from 'vitest'
import { createLive } from '../../../src/app/live/live.ts'
import { createEndedExchanges } from '../../../src/app/live/ended.ts'
import { createLogRing } from '../../../src/app/live/log-ring.ts'
import type { Principal } from '../../../src/auth/principal.ts'
import type { RunningExchange } from '../../../src/proxy/exchange-request.ts'
import { ExchangeTrace } from '../../../src/proxy/exchange-trace.ts'

const ROUNDS = 100
const ROUND_MS = 500
/** At 200 exchanges a second that take a second each. */
const RUNNING = 200
const ENDED_PER_ROUND = 100

function startExchange(number: number): RunningExchange & { readonly trace: ExchangeTrace } {
  const trace = new ExchangeTrace(`exchange-${number}`, 'POST')
  Object.assign(trace, { path: '/api/chat', user: 'ann', userId: 'user_1', keyName: 'laptop', model: 'qwen3:8b' })
  trace.granted('gpu-1')
  return {
    ...{ keyId: 'key_1', trace, stop: () => undefined, checkDeadline: () => undefined },
    watched: { trace, stage: 'streaming', tokens: 5, status: 200, position: () => null },
  }
}

it('takes less than a twentieth of a core to tell one page of 200 exchanges a second', async () => {
  const ended = createEndedExchanges()
  const running = Array.from({ length: RUNNING }, (_, number) => startExchange(number))
  let beat = (): void => undefined
  let bytes = 0
  const encoder = new TextEncoder()
  const live = createLive({
    ...{ startedAt: 0, logs: createLogRing(), ended, running: () => running },
    clock: { now: () => Date.now() },
    startTimer(_delayMs, run) {
      beat = run
      return () => undefined
    },
    log: { error: (fields) => expect(fields).toBeUndefined() },
    status: () => Promise.resolve({ upstreams: [] }),
    jobs: () => ({ jobs: [] }),
    isLive: () => true,
  })
  const principal = { user: 'admin', keyId: 'key_0' } as Principal
  const port = { send: (text: string) => (bytes += encoder.encode(text).length) > 0, end() {}, abandon() {} }
  live.open({ principal, role: 'admin', sight: 'all', logs: false })(port)
  await new Promise((resolve) => setImmediate(resolve))
  let number = RUNNING
  const cpu = { spent: 0 }
  for (let round = 0; round < ROUNDS; round++) {
    const time = round * ROUND_MS
    for (const { trace } of running.splice(0, ENDED_PER_ROUND))
      ended.add({ ...trace.record(200, 'complete', null), time }, live.nextRound)
    for (let each = 0; each < ENDED_PER_ROUND; each++) running.push(startExchange((number += 1)))
    for (const { trace } of running) trace.sent(100)
    const before = process.cpuUsage()
    beat()
    const { user, system } = process.cpuUsage(before)
    cpu.spent += (user + system) / 1000
  }
  // All of it was told, in so many bytes, and nothing twice.
  const told = ROUNDS * (ENDED_PER_ROUND + RUNNING)
  expect(bytes).toBeGreaterThan(told * 400)
  expect(bytes).toBeLessThan(told * 800)
  expect(cpu.spent / (ROUNDS * ROUND_MS)).toBeLessThan(0.05)
})
