import { expect, it } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Log } from '../lib/log.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import { createAgentRefusals, type AgentRefusals } from './agent-refusals.ts'

function scene(): { readonly lines: string[]; readonly refusals: AgentRefusals; pass(ms: number): void } {
  const lines: string[] = []
  let now = 0
  const note = (_fields: object, line: string): void => void lines.push(line)
  const log: Log = { debug: note, info: note, warn: note, error: note }
  return { lines, refusals: createAgentRefusals({ log, clock: { now: () => now } }), pass: (ms) => void (now += ms) }
}

const record = (path: string, status: number): ExchangeRecord =>
  // Only these are looked at.
  ({ path, status, error: status < 400 ? null : 'wrong_credential' }) as ExchangeRecord

it('tells at both doors why, and the same again after a while only', () => {
  const { lines, refusals, pass } = scene()
  refusals.refused(new GatewayError('wrong_credential'), '10.0.0.1')
  refusals.refused(new GatewayError('wrong_credential'), '10.0.0.1')
  refusals.recorded(record('/agent/v1/sse', 401))
  expect(lines).toEqual(['agent refused: The key is not valid', 'agent refused: The key is not valid'])
  pass(50_000)
  refusals.refused(new GatewayError('wrong_credential'), '10.0.0.1')
  expect(lines).toHaveLength(3)
})

it('tells nothing of agents that got in, or of clients', () => {
  const { lines, refusals } = scene()
  refusals.recorded(record('/agent/v1/sse', 200))
  refusals.recorded(record('/api/chat', 401))
  expect(lines).toEqual([])
})

it('does not let strangers fill the log', () => {
  const { lines, refusals } = scene()
  for (let i = 0; i < 10_000; i++) refusals.refused(new GatewayError('wrong_credential'), `10.0.${i >> 8}.${i & 255}`)
  expect(lines).toHaveLength(20)
})
