import { describe, expect, it } from 'vitest'
import { createManualTime } from '../__fixtures__/manual-time.ts'
import {
  createScriptedUpstream,
  ollamaReplies,
  refused,
  type ScriptedUpstream,
} from '../__fixtures__/scripted-upstream.ts'
import { createAskJson } from './ask-json.ts'
import { createFleet } from '../fleet/fleet-state.ts'
import { createHealthMonitor } from './health.ts'
import { createInspector } from './inspector.ts'
import { createModelRefresh } from './model-refresh.ts'

const INTERVAL_MS = 5000

function setUp(upstreams: ScriptedUpstream[]) {
  const time = createManualTime()
  const member = (upstream: ScriptedUpstream) => ({ upstream, priority: 1, enabled: true, maxResponseTimeMs: null })
  const fleet = createFleet(upstreams.map(member))
  const lines: string[] = []
  const write = (fields: object, message: string): void => void lines.push(`${JSON.stringify(fields)} ${message}`)
  const log = { debug: write, info: write, warn: write, error: write }
  const ask = createAskJson(time)
  const inspector = createInspector({ ask, clock: time.clock })
  const models = createModelRefresh({ fleet, inspector, clock: time.clock })
  const probed: number[] = []
  const deps = {
    ...time,
    fleet,
    models,
    inspector,
    log,
    random: () => 1,
    probed: (_name: string, ms: number) => void probed.push(ms),
  }
  const monitor = createHealthMonitor(deps, { healthIntervalMs: INTERVAL_MS, modelTtlMs: 30_000 })
  const health = (): string[] => fleet.all().map((state) => state.health)
  return { time, fleet, monitor, lines, probed, health, member }
}

describe('createHealthMonitor', () => {
  it('leaves an agent that is well to its heartbeat, until something changes there', async () => {
    const a = createScriptedUpstream('a', ollamaReplies(['tiny']))
    const { time, fleet, monitor, member } = setUp([])
    fleet.setMembers([{ ...member(a), agent: { pool: 'home', serves: () => true } }])
    monitor.start()
    await time.advance(0)
    a.paths()
    await time.advance(20_000)
    expect(a.paths()).toEqual([])
    monitor.changed('a')
    monitor.changed('a')
    await time.advance(0)
    expect(a.paths()).toEqual(['/api/version', '/api/ps'])
    monitor.changed('a')
    await time.advance(INTERVAL_MS - 1)
    expect(a.paths()).toEqual([])
    await time.advance(1)
    expect(a.paths()).toContain('/api/version')
  })

  it('asks every upstream at once and reads what it has', async () => {
    const a = createScriptedUpstream('a', ollamaReplies(['tiny'], '0.24.0'))
    const { time, fleet, monitor } = setUp([a])
    monitor.start()
    await time.advance(0)
    await monitor.firstRound()
    expect(a.paths()).toEqual(['/api/version', '/api/tags', '/api/ps'])
    expect(fleet.get('a')).toMatchObject({ health: 'up', version: '0.24.0' })
    expect(fleet.knows('tiny:latest')).toBe(true)
  })

  it('asks every interval, and for the models only when they are old', async () => {
    const a = createScriptedUpstream('a', ollamaReplies([]))
    const { time, monitor } = setUp([a])
    monitor.start()
    await time.advance(INTERVAL_MS * 5)
    const paths = a.paths()
    expect(paths.filter((path) => path === '/api/version')).toHaveLength(6)
    expect(paths.filter((path) => path === '/api/tags')).toHaveLength(1)
    await time.advance(INTERVAL_MS)
    expect(a.paths()).toContain('/api/tags')
  })

  it('says once that it asks itself, even of one that was down before the gateway could answer', async () => {
    const a = createScriptedUpstream('a', { '/api/version': refused })
    const { time, monitor, lines } = setUp([a])
    monitor.start()
    await time.advance(0)
    a.replies = { '/api/version': { status: 508, text: '' } }
    await time.advance(INTERVAL_MS * 5)
    expect(lines).toEqual([
      '{"upstream":"a","fault":"ECONNREFUSED"} upstream is down',
      '{"upstream":"a","fault":"it is this gateway itself: point it at Ollama"} upstream is down',
    ])
  })

  it('finds a recovered one within an interval, reads its models again, and logs each turn once', async () => {
    const a = createScriptedUpstream('a', ollamaReplies([]))
    const b = createScriptedUpstream('b', ollamaReplies([]))
    const { time, monitor, health, lines } = setUp([a, b])
    monitor.start()
    await time.advance(0)
    b.replies = { '/api/version': refused }
    await time.advance(INTERVAL_MS * 3)
    expect(health()).toEqual(['up', 'down'])
    b.replies = ollamaReplies(['tiny'])
    b.paths()
    await time.advance(INTERVAL_MS)
    expect(health()).toEqual(['up', 'up'])
    expect(b.paths()).toContain('/api/tags')
    expect(lines.filter((line) => line.includes('"b"'))).toEqual([
      '{"upstream":"b"} upstream is up',
      '{"upstream":"b","fault":"ECONNREFUSED"} upstream is down',
      '{"upstream":"b"} upstream is up again',
    ])
  })

  it('looks every second while nothing is up, from the moment the last one goes down', async () => {
    const a = createScriptedUpstream('a', ollamaReplies([]))
    const { time, fleet, monitor, health } = setUp([a])
    monitor.start()
    await time.advance(100)
    a.replies = { '/api/version': refused }
    fleet.apply('a', { kind: 'outcome', at: 1, outcome: 'unreachable' })
    a.paths()
    await time.advance(3000)
    expect(a.paths()).toHaveLength(3)
    a.replies = ollamaReplies([])
    await time.advance(1000)
    expect(health()).toEqual(['up'])
  })

  it('is not held up by a silent one, and never asks that one twice at a time', async () => {
    const dead = createScriptedUpstream('a', { '/api/version': 'hang' })
    const b = createScriptedUpstream('b', ollamaReplies([]))
    const { time, monitor, health } = setUp([dead, b])
    monitor.start()
    await time.advance(0)
    expect(health()).toEqual(['unknown', 'up'])
    await time.advance(1999)
    expect(dead.paths()).toHaveLength(1)
    await time.advance(1)
    expect(health()).toEqual(['down', 'up'])
  })

  it('keeps to one question at a time when a request brings the news while it asks', async () => {
    const a = createScriptedUpstream('a', ollamaReplies([]))
    const { time, fleet, monitor } = setUp([a])
    monitor.start()
    await time.advance(INTERVAL_MS - 1)
    a.replies['/api/version'] = 'hang'
    a.paths()
    await time.advance(1)
    fleet.apply('a', { kind: 'outcome', at: 1, outcome: 'unreachable' })
    await time.advance(1999)
    expect(a.paths()).toEqual(['/api/version'])
  })

  it('asks at one pace after a stop and a start', async () => {
    const a = createScriptedUpstream('a', { '/api/version': 'hang' })
    const { time, monitor } = setUp([a])
    monitor.start()
    await time.advance(1000)
    monitor.stop()
    monitor.start()
    a.replies = ollamaReplies([])
    await time.advance(INTERVAL_MS)
    a.paths()
    await time.advance(INTERVAL_MS * 2)
    expect(a.paths().filter((path) => path === '/api/version')).toHaveLength(2)
  })

  it('makes sure of one that was late before it calls it down', async () => {
    const a = createScriptedUpstream('a', ollamaReplies([]))
    const { time, fleet, monitor } = setUp([a])
    monitor.start()
    await time.advance(0)
    a.replies['/api/version'] = 'hang'
    await time.advance(INTERVAL_MS + 2000)
    expect(fleet.get('a')).toMatchObject({ health: 'up', slow: true, consecutiveFailures: 1 })
    await time.advance(2 * 2250)
    expect(fleet.get('a')).toMatchObject({ health: 'down', fault: 'no answer within 2000 ms' })
  })

  it('does not call one down whose ps hangs behind a load', async () => {
    const a = createScriptedUpstream('a', { ...ollamaReplies([]), '/api/ps': 'hang' })
    const { time, monitor, health } = setUp([a])
    monitor.start()
    await time.advance(INTERVAL_MS * 6)
    expect(health()).toEqual(['up'])
    expect(a.paths().filter((path) => path === '/api/version').length).toBeGreaterThanOrEqual(5)
  })

  it('keeps what it knows of one whose lists hang', async () => {
    const a = createScriptedUpstream('a', ollamaReplies(['tiny']))
    const { time, monitor, health, fleet } = setUp([a])
    monitor.start()
    await time.advance(0)
    a.replies = { ...ollamaReplies(['tiny']), '/api/tags': 'hang', '/api/ps': 'hang' }
    await time.advance(120_000)
    expect(a.paths().filter((path) => path === '/api/tags').length).toBeGreaterThan(2)
    expect([health(), fleet.knows('tiny:latest')]).toEqual([['up'], true])
  })

  it('tells how long probes took', async () => {
    const { time, monitor, probed } = setUp([createScriptedUpstream('a', ollamaReplies([]))])
    monitor.start()
    await time.advance(0)
    expect(probed).toEqual([0])
  })

  it.each([
    ['a page', { text: '<html>' }, 'GET /api/version answered 200 without a version'],
    ['a refusal', { status: 401, json: {} }, 'GET /api/version answered 401'],
    ['itself', { status: 508, json: {} }, 'it is this gateway itself: point it at Ollama'],
  ])('says what is wrong with an upstream that is %s', async (_, reply, fault) => {
    const { time, fleet, monitor } = setUp([createScriptedUpstream('a', { '/api/version': reply })])
    monitor.start()
    await time.advance(0)
    expect(fleet.get('a')).toMatchObject({ health: 'down', fault })
  })

  it('watches new members, forgets old ones, and stops', async () => {
    const [a, b] = [createScriptedUpstream('a', ollamaReplies([])), createScriptedUpstream('b', ollamaReplies([]))]
    const { time, fleet, monitor, health, member, lines } = setUp([a])
    monitor.start()
    await time.advance(0)
    fleet.setMembers([member(b)])
    monitor.membersChanged()
    await time.advance(0)
    expect(health()).toEqual(['up'])
    a.paths()
    await time.advance(INTERVAL_MS * 2)
    expect(a.paths()).toEqual([])
    monitor.stop()
    expect(time.waiting()).toEqual([])
    const said = lines.length
    fleet.apply('b', { kind: 'outcome', at: 1, outcome: 'unreachable' })
    expect(lines).toHaveLength(said)
  })

  it('comes back to a member that was switched off and on', async () => {
    const a = createScriptedUpstream('a', ollamaReplies([]))
    const { time, fleet, monitor, member } = setUp([a])
    monitor.start()
    await time.advance(0)
    fleet.setMembers([{ ...member(a), enabled: false }])
    monitor.membersChanged()
    await time.advance(INTERVAL_MS * 2)
    a.paths()
    fleet.setMembers([member(a)])
    monitor.membersChanged()
    await time.advance(0)
    expect(a.paths()).toContain('/api/version')
  })
})
