import { describe, expect, it } from 'vitest'
import { createScriptedUpstream } from '../routing/__fixtures__/scripted-upstream.ts'
import type { ServerLoad } from '../routing/dispatch/server-load.ts'
import { parseModelEntries } from '../routing/models/model-entry.ts'
import { newUpstreamState, type UpstreamState } from '../routing/fleet/upstream-state.ts'
import { gatewayStatus } from './gateway-status.ts'

type StatusRouting = Parameters<typeof gatewayStatus>[0]

function stateOf(loaded: readonly object[], more: Partial<UpstreamState> = {}): UpstreamState {
  const upstream = createScriptedUpstream('a')
  const member = { upstream, priority: 1, enabled: true, maxResponseTimeMs: null }
  return { ...newUpstreamState(member), loaded: parseModelEntries('ps', { models: loaded }) ?? [], ...more }
}

function shown(state: UpstreamState, models: ServerLoad['models'], more: Partial<StatusRouting> = {}) {
  const routing = {
    // Only what is read here.
    fleet: { all: () => [state] } as unknown as StatusRouting['fleet'],
    loads: () => [{ server: 'a', models, waiting: 2 }],
    queues: () => [],
    learnt: {
      server: () => ({ roundTripMs: 1.5, loadBytesPerSecond: null }),
      pair: () => ({ prefillTokensPerSecond: 2000, decodeTokensPerSecond: null }),
    },
    ...more,
  }
  const ledger = {
    policy: 'best-effort' as const,
    written: 3,
    waiting: 2,
    lagMs: 12.7,
    lost: 1,
    failingSince: 0,
    problem: 'the disk is full',
  }
  return gatewayStatus(routing, {
    startedAt: 0,
    storeProblem: () => null,
    agents: { agents: () => [], isConnected: () => false },
    ledger: { status: () => ledger },
    desk: { factsOf: () => ({ url: 'http://a', isAdded: false, held: null }) },
    core: { waker: { isWaking: () => false } },
  })
}

describe('the status of an upstream', () => {
  it('joins what it says of its models with what was sent to them', () => {
    const loaded = [
      { name: 'm', size: 7, expires_at: '2026-11-21T12:04:12.5+01:00' },
      { name: 'idle', size: 'big' },
    ]
    const [upstream] = shown(stateOf(loaded), [
      { model: 'm:latest', state: 'loaded', running: 1, slots: 2 },
      { model: 'cold:latest', state: 'loading', running: 1, slots: 1 },
    ]).upstreams
    const speeds = { prefill_tokens_per_second: 2000, decode_tokens_per_second: null }
    expect(upstream?.loaded).toEqual([
      {
        ...{ model: 'm:latest', state: 'loaded', memory_bytes: 7, expires_at: '2026-11-21T11:04:12.500Z' },
        ...{ running: 1, slots: 2, ...speeds },
      },
      {
        ...{ model: 'cold:latest', state: 'loading', memory_bytes: null, expires_at: null },
        ...{ running: 1, slots: 1, ...speeds },
      },
      {
        ...{ model: 'idle:latest', state: 'loaded', memory_bytes: null, expires_at: null },
        ...{ running: 0, slots: null, ...speeds },
      },
    ])
    expect(upstream).toMatchObject({ waiting: 2, round_trip_ms: 1.5, load_bytes_per_second: null })
  })

  it('shows nothing loaded at a provider, which has no memory that anybody could see', () => {
    const provider = stateOf([], { provider: { models: null } })
    const [upstream] = shown(provider, [{ model: 'gpt', state: 'loaded', running: 3, slots: Infinity }]).upstreams
    expect(upstream?.loaded).toEqual([])
  })
})

describe('the queue', () => {
  it('is counted over its models, and as old as the oldest of them', () => {
    const queues = [
      { model: 'a', waiting: 2, longestWaitMs: 10 },
      { model: 'b', waiting: 1, longestWaitMs: 90 },
    ]
    expect(shown(stateOf([]), [], { queues: () => queues }).queue).toEqual({
      waiting: 3,
      longest_wait_ms: 90,
      models: [
        { model: 'a', waiting: 2, longest_wait_ms: 10 },
        { model: 'b', waiting: 1, longest_wait_ms: 90 },
      ],
    })
    expect(shown(stateOf([]), []).queue).toEqual({ waiting: 0, longest_wait_ms: 0, models: [] })
  })

  it('says how the ledger is', () => {
    expect(shown(stateOf([]), []).ledger).toEqual({
      policy: 'best-effort',
      written: 3,
      waiting: 2,
      lag_ms: 13,
      lost: 1,
      failing_since: '1970-01-01T00:00:00.000Z',
      problem: 'the disk is full',
    })
  })
})
