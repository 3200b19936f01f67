import { describe, expect, it } from 'vitest'
import type { GatewayStatus } from '../../admin/schemas.ts'
import type { WholeStatus } from '../../admin/status.ts'
import { statusLines } from './status-lines.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const plain = (_tone: string, text: string): string => text

type UpstreamStatus = GatewayStatus['upstreams'][number]

const idle: UpstreamStatus = {
  name: 'gpu-1',
  url: 'http://10.0.0.5:11434',
  ...{ origin: 'config', provider: false, held: null, wake: null, memory_bytes: null },
  fault: null,
  agent: null,
  state: 'up',
  version: '0.24.0',
  priority: 1,
  slow: false,
  running: 0,
  waiting: 0,
  round_trip_ms: null,
  load_bytes_per_second: null,
  models: [],
  loaded: [],
}

const busy: UpstreamStatus = {
  ...idle,
  running: 3,
  waiting: 2,
  round_trip_ms: 0.8,
  load_bytes_per_second: 1.5e9,
  loaded: [
    {
      model: 'qwen3:8b',
      state: 'loaded',
      memory_bytes: 5.5e9,
      expires_at: '2026-11-21T12:04:12Z',
      running: 2,
      slots: 2,
      prefill_tokens_per_second: 2947,
      decode_tokens_per_second: 78.4,
    },
    {
      model: 'llama3:70b',
      state: 'loading',
      memory_bytes: null,
      expires_at: null,
      running: 1,
      slots: 1,
      prefill_tokens_per_second: null,
      decode_tokens_per_second: null,
    },
  ],
}

const booked: GatewayStatus['ledger'] = {
  policy: 'best-effort',
  written: 1234,
  waiting: 3,
  lag_ms: 40,
  lost: 0,
  failing_since: null,
  problem: null,
}

function shown(upstreams: UpstreamStatus[], more: Partial<WholeStatus> = {}, width = 120): string[] {
  const status: WholeStatus = {
    version: '1.2.3',
    started_at: '2026-11-21T10:00:00Z',
    uptime_seconds: 7200,
    upstreams,
    queue: { waiting: 0, longest_wait_ms: 0, models: [] },
    store: { problem: null },
    ledger: booked,
    limits: [],
    ...more,
  }
  return statusLines({ status, url: 'http://gw', now }, { width, paint: plain })
}

describe('statusLines', () => {
  it('tell last what is used of limits', () => {
    const use = {
      scope: 'key',
      name: 'ci',
      limit: 'concurrent',
      most: 5,
      used: 4,
      reserved: 0,
      resets_at: null,
    } as const
    expect(shown([], { limits: [use] }).slice(-3)).toEqual([
      '',
      'LIMIT OF  WHAT                 USED  OF',
      'key ci    requests at a time  4 80%   5',
    ])
  })

  it('tell what each upstream has loaded, what runs there, and what waits', () => {
    const queue = {
      waiting: 2,
      longest_wait_ms: 12_300,
      models: [{ model: 'qwen3:8b', waiting: 2, longest_wait_ms: 12_300 }],
    }
    expect(shown([busy, { ...idle, name: 'gpu-2' }], { queue })).toEqual([
      'corral 1.2.3 at http://gw, up 2h',
      'queue: 2 waiting, the longest for 12.3 s (qwen3:8b 2)',
      '',
      'UPSTREAM      STATE    VERSION  SLOTS  MEMORY  UNLOADS IN   READS  WRITES     LOADS  ROUND TRIP',
      'gpu-1         up       0.24.0     3/3  5.1 GB                              1.4 GB/s      0.8 ms',
      '  qwen3:8b    loaded              2/2  5.1 GB       4m12s  2950/s    78/s',
      '  llama3:70b  loading             1/1',
      'gpu-2         up       0.24.0',
      '',
      'SLOTS: running/at once, +1 tries one more; READS, WRITES: tokens; LOADS: from disk to memory',
    ])
  })

  it('name what is wrong with one that is down, and mark one that is slow', () => {
    const lines = shown([
      { ...idle, state: 'down', fault: 'ECONNREFUSED' },
      { ...idle, name: 'gpu-2', slow: true },
    ])
    expect(lines.slice(-3)).toEqual(['gpu-1     down   0.24.0', 'gpu-2     slow   0.24.0', 'gpu-1: ECONNREFUSED'])
  })

  it('tell a try for one more slot from the slots there are', () => {
    const [model] = busy.loaded
    if (model === undefined) throw new Error('there is one')
    const lines = shown([{ ...busy, running: 2, loaded: [{ ...model, running: 2, slots: 1 }] }])
    expect(lines[4]).toMatch(/^gpu-1 .* 1\/1 \+1 /)
    expect(lines[5]).toMatch(/^ {2}qwen3:8b +loaded +1\/1 \+1 /)
  })

  it('claim nothing of one that is down but what still runs there', () => {
    const lines = shown([
      { ...busy, state: 'down', running: 1, loaded: busy.loaded.map((model, at) => ({ ...model, running: at })) },
    ])
    expect(lines.slice(3, 7)).toEqual([
      'UPSTREAM      STATE  VERSION  SLOTS',
      'gpu-1         down   0.24.0       1',
      '  qwen3:8b',
      '  llama3:70b                      1',
    ])
  })

  it('say what waits once, and what the headings mean only where a line has room for it', () => {
    const queue = { waiting: 2, longest_wait_ms: 5, models: [{ model: 'qwen3:8b', waiting: 2, longest_wait_ms: 5 }] }
    const text = shown([busy, { ...busy, name: 'gpu-2' }], { queue }).join('\n')
    expect(text).not.toContain('WAITING')
    expect(text.match(/SLOTS: /g)).toHaveLength(1)
    expect(shown([busy], {}, 80).join('\n')).not.toContain('SLOTS: ')
  })

  it('keep within a narrow terminal, down to names and slots', () => {
    const lines = shown([busy], {}, 34)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(34)
    expect(lines.slice(3)).toEqual([
      'UPSTREAM      STATE    SLOTS',
      'gpu-1         up         3/3',
      '  qwen3:8b    loaded     2/2',
      '  llama3:70b  loading    1/1',
    ])
  })

  it('know models that stay, models that go as soon as they may, and a provider without slots', () => {
    const [model] = busy.loaded
    if (model === undefined) throw new Error('there is one')
    const stays = { ...model, model: 'stays', expires_at: '2319-03-03T00:00:00Z', slots: null }
    const goes = { ...model, model: 'goes', expires_at: '2026-11-21T11:59:00Z' }
    const lines = shown([{ ...busy, loaded: [stays, goes] }])
    expect(lines[4]).toMatch(/ 3 /)
    expect(lines[5]).toMatch(/ {2}stays .* 2 .*never/)
    expect(lines[6]).toMatch(/ {2}goes .*when idle/)
  })

  it('say that there is nothing to show', () => {
    expect(shown([]).slice(1)).toEqual(['queue: empty', '', 'There are no upstreams'])
  })

  it('tell of the ledger while it cannot be written, and of rows that were lost', () => {
    const failing_since = new Date(now - 12_000).toISOString()
    const failing = { ...booked, waiting: 350, failing_since, problem: 'the disk is full' }
    expect(shown([], { ledger: failing }).slice(1, 3)).toEqual([
      'queue: empty',
      'ledger: not written for 12.0 s (the disk is full), 350 rows wait in memory',
    ])
    expect(shown([], { ledger: { ...failing, policy: 'required', lost: 7 } })[2]).toBe(
      'ledger: not written for 12.0 s (the disk is full), 350 rows wait in memory, 7 were lost, requests are refused',
    )
    expect(shown([], { ledger: { ...booked, lost: 7 } })[2]).toBe('ledger: 7 rows were lost')
  })
})
