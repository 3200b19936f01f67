import { describe, expect, it } from 'vitest'
import type { JobOrder } from '../admin/job-desk.ts'
import { createManualTime, settle } from '../routing/__fixtures__/manual-time.ts'
import { createScriptedUpstream, type Reply, type ScriptedUpstream } from '../routing/__fixtures__/scripted-upstream.ts'
import { createFleet } from '../routing/fleet/fleet-state.ts'
import { createModelJobs } from './model-jobs.ts'

const SUCCESS = { text: '{"status":"success"}\n' }

function bed(replies: Readonly<Record<string, Readonly<Record<string, Reply>>>>) {
  const time = createManualTime()
  const upstreams = Object.entries(replies).map(([name, each]) => createScriptedUpstream(name, each))
  const member = { priority: 1, enabled: true, maxResponseTimeMs: null }
  const fleet = createFleet(upstreams.map((upstream) => ({ ...member, upstream })))
  const wrote: string[] = []
  let number = 0
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const jobs = createModelJobs({
    core: { fleet, modelsChanged: (name) => void wrote.push(name) },
    ...time,
    randomId: () => String((number += 1)),
    log,
  })
  return { time, jobs, wrote, fleet, upstream: (name: string) => upstreams.find(({ id }) => id === name) }
}

function order(steps: readonly string[], kind: JobOrder['kind'] = 'pull'): JobOrder {
  return {
    ...{ kind, model: 'tiny', user: 'ada', keyName: 'laptop', keyId: 'key_1' },
    steps: steps.map((text) => {
      const [upstream = '', action = 'pull', model = 'tiny'] = text.split(' ')
      return { upstream, action: action === 'remove' ? 'remove' : 'pull', model }
    }),
  }
}

describe('a job', () => {
  it('runs upstreams side by side and the steps of each in order', async () => {
    const { jobs, wrote, upstream } = bed({
      a: { '/api/delete': { status: 200, text: '' }, '/api/pull': SUCCESS },
      b: { '/api/pull': 'hang' },
    })
    const { id } = jobs.start(order(['a remove old', 'a pull new', 'b pull new'], 'sync'))
    await settle()
    await settle()
    expect(upstream('a')?.paths()).toEqual(['/api/delete', '/api/pull'])
    expect(jobs.list()[0]).toMatchObject({ id, state: 'running', steps: [{ state: 'done' }, {}, { state: 'running' }] })
    expect(wrote).toEqual(['a', 'a'])
    jobs.cancel(id)
    await settle()
    expect(jobs.list()[0]).toMatchObject({ state: 'cancelled', steps: [{}, { state: 'done' }, { state: 'cancelled' }] })
    expect(upstream('b')?.aborts).toEqual(['client-gone'])
  })

  it('is done only where every server said so itself', async () => {
    const { jobs } = bed({
      cut: { '/api/pull': { text: '{"status":"pulling manifest"}\n' } },
      odd: { '/api/pull': { status: 302, text: '' } },
      gone: { '/api/pull': { error: { kind: 'unreachable', executed: 'no' } } },
      none: { '/api/delete': { status: 404, json: { error: 'model not found' } } },
      full: { '/api/delete': { status: 500, json: { error: 'read-only file system' } } },
    })
    jobs.start(order(['cut', 'odd', 'gone', 'none remove', 'full remove', 'nowhere']))
    await settle()
    await settle()
    expect(jobs.list()[0]?.state).toBe('failed')
    expect(jobs.list()[0]?.steps.map(({ state, error }) => [state, error])).toEqual([
      ['failed', 'its answer ended before it was done'],
      ['failed', 'it answered 302'],
      ['failed', 'it could not be reached'],
      ['done', null],
      ['failed', 'read-only file system'],
      ['failed', 'it is not there any more'],
    ])
  })

  it('begins nothing at an upstream that was disabled meanwhile, and no pull after a full disk', async () => {
    const { jobs, fleet, upstream } = bed({
      a: { '/api/pull': { json: { error: 'write /x: no space left on device' } }, '/api/delete': { text: '' } },
      b: {},
    })
    fleet.setMembers(
      fleet.all().map((state) => ({
        ...state,
        enabled: state.name !== 'b',
        provider: undefined,
        wake: undefined,
        agent: undefined,
      })),
    )
    jobs.start(order(['a pull one', 'a pull two', 'a remove three', 'b pull one']))
    await settle()
    await settle()
    expect(jobs.list()[0]?.steps.map(({ state }) => state)).toEqual(['failed', 'skipped', 'done', 'failed'])
    expect((upstream('b') as ScriptedUpstream).requests).toEqual([])
  })
})

describe('the jobs of a gateway', () => {
  it('tell of many changes a few times a second', async () => {
    const text = Array.from({ length: 200 }, (_, at) => `{"status":"s","digest":"d","total":200,"completed":${at}}`)
    const { time, jobs } = bed({ a: { '/api/pull': { text: `${text.join('\n')}\n{"status":"success"}` } } })
    let told = 0
    const unlisten = jobs.onChange(() => void (told += 1))
    jobs.start(order(['a']))
    await time.advance(199)
    expect(told).toBe(0)
    await time.advance(1)
    expect(told).toBe(1)
    await time.advance(60_000)
    expect(told).toBe(1)
    unlisten()
    jobs.start(order(['a']))
    await time.advance(1000)
    expect(told).toBe(1)
    expect(time.waiting()).toEqual([])
  })

  it('end with the key that they were begun with', async () => {
    const { jobs } = bed({ a: { '/api/pull': 'hang' } })
    jobs.start(order(['a']))
    jobs.start({ ...order(['a']), keyId: 'key_2' })
    await settle()
    jobs.endKey('key_1')
    await settle()
    expect(jobs.list().map(({ state }) => state)).toEqual(['running', 'cancelled'])
  })

  it('are bounded: those that run, and those that are remembered', async () => {
    const { time, jobs } = bed({ a: { '/api/pull': 'hang' }, b: { '/api/pull': SUCCESS } })
    for (let count = 0; count < 32; count++) {
      jobs.checkRoom()
      jobs.start(order(['a']))
    }
    expect(() => jobs.checkRoom()).toThrow('32 jobs run already: wait for one, or cancel it')
    for (let count = 0; count < 60; count++) jobs.start(order(['b']))
    await time.advance(1000)
    const states = jobs.list().map(({ state }) => state)
    expect(states.filter((state) => state === 'running')).toHaveLength(32)
    expect(states.filter((state) => state === 'done')).toHaveLength(50)
    expect(jobs.list()[0]?.id).toBe('job_92')
    jobs.stop()
    await settle()
    expect(jobs.list().some(({ state }) => state === 'running')).toBe(false)
    expect(time.waiting()).toEqual([])
  })
})
