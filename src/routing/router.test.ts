import { describe, expect, it } from 'vitest'
import type { Dialect } from '../dialects/dialect.ts'
import type { Route } from '../proxy/route.ts'
import type { AttemptOutcome } from '../proxy/router.ts'
import { type Asked, createFleetBed, PRINCIPAL, testMember } from './__fixtures__/fleet-bed.ts'
import { CHAT } from '../proxy/__fixtures__/routes.ts'
import { settle } from './__fixtures__/manual-time.ts'
import { createScriptedUpstream } from './__fixtures__/scripted-upstream.ts'

const m = ['m:latest']
const roomy = { member: { slots: 9 } }
const show: Route = { ...CHAT, kind: 'model', pattern: '/api/show' }
const write = (pattern: string): Route => ({ ...CHAT, kind: 'write', pattern, retry: false })

/** What an exchange does with its place. */
function serve({ claim }: Asked, outcome: AttemptOutcome = 'answered'): void {
  if (outcome === 'answered') claim?.began()
  claim?.report(outcome)
  claim?.release()
}

const openai: Route = { ...CHAT, pattern: '/v1/chat/completions', dialect: 'openai' }
const ALL_DIALECTS: ReadonlySet<Dialect> = new Set(['ollama', 'openai', 'responses', 'anthropic'])

const where = ({ claim, error }: Asked): string => claim?.upstream.id ?? error?.code ?? 'waiting'

describe('a request that runs a model', () => {
  it('is granted at once and counts until the release', () => {
    const { core, ask } = createFleetBed({ a: m, b: m })
    const [first, second] = [ask(), ask()]
    expect(new Set([where(first), where(second)])).toEqual(new Set(['a', 'b']))
    expect(core.fleet.all().map((state) => state.running)).toEqual([1, 1])
    serve(first)
    first.claim?.release()
    expect(core.fleet.all().reduce((sum, state) => sum + state.running, 0)).toBe(1)
    serve(second)
    expect(core.fleet.all().map((state) => state.running)).toEqual([0, 0])
  })

  it('waits for a free slot, and knows where it stands', () => {
    const { core, ask } = createFleetBed({ a: m }, { member: { slots: 1 } })
    const [first, second, third] = [ask(), ask(), ask()]
    expect([first, second, third].map(where)).toEqual(['a', 'waiting', 'waiting'])
    expect([second.ticket.place()?.position, third.ticket.place()?.position]).toEqual([1, 2])
    expect(first.ticket.place()).toBeUndefined()
    serve(first)
    expect([second, third].map(where)).toEqual(['a', 'waiting'])
    expect(core.router.waiting()).toBe(1)
  })

  it('waits behind those that ask in other APIs', () => {
    const upstream = { ...createScriptedUpstream('a'), speaks: () => ALL_DIALECTS }
    const { core, ask } = createFleetBed({ a: m }, { members: [testMember('a', { slots: 1, upstream })] })
    const [first, ...others] = Array.from({ length: 26 }, () => ask())
    const last = ask({ route: openai })
    expect(last.ticket.place()?.position).toBe(26)
    expect(last.ticket.place()?.waitMs).toBeGreaterThan(25 * 1_000)
    if (first !== undefined) serve(first)
    for (const asked of others) serve(asked)
    expect([where(last), core.router.waiting()]).toEqual(['a', 0])
  })

  it('goes only to who speaks its API when one joins that speaks another', () => {
    const a = testMember('a', { slots: 1, upstream: { ...createScriptedUpstream('a'), speaks: () => ALL_DIALECTS } })
    const bed = createFleetBed({ a: m }, { members: [a] })
    bed.ask()
    const [modern, native] = [bed.ask({ route: openai }), bed.ask()]
    const speaks = (): ReadonlySet<Dialect> => new Set(['openai'])
    const p = testMember('p', { slots: 9, upstream: { ...createScriptedUpstream('p'), speaks } })
    bed.core.configure({ ...bed.plan, members: [a, p] })
    bed.list('p', m)
    expect([modern, native].map(where)).toEqual(['p', 'waiting'])
    expect(native.ticket.place()?.position).toBe(1)
    bed.core.configure({ ...bed.plan, members: [p] })
    expect(where(native)).toBe('dialect_not_spoken')
  })

  it('leaves the queue at once when it is cancelled, and claims nothing', async () => {
    const { core, ask } = createFleetBed({ a: m }, { member: { slots: 1 } })
    const [first, second, third] = [ask(), ask(), ask()]
    second.ticket.cancel()
    second.ticket.cancel()
    expect(third.ticket.place()?.position).toBe(1)
    serve(first)
    expect([second.calls, where(third), core.router.waiting()]).toEqual([0, 'a', 0])
  })

  it('is refused with a time to come back where too many wait', () => {
    const { ask } = createFleetBed(
      { a: m },
      { member: { slots: 1 }, dispatch: { maxLength: 1, maxWaitMs: 60_000, spillAfterMs: 1, affinity: true } },
    )
    ask()
    ask()
    const { error } = ask()
    expect([error?.code, error?.status, (error?.retryAfterSeconds ?? 0) >= 1]).toEqual(['queue_full', 503, true])
  })

  it('is refused when it has waited too long, by a timer that runs only while something waits', async () => {
    const { time, ask } = createFleetBed(
      { a: m },
      { member: { slots: 1 }, dispatch: { maxLength: 9, maxWaitMs: 2500, spillAfterMs: 1, affinity: true } },
    )
    ask()
    expect(time.waiting()).toEqual([])
    const second = ask()
    expect(time.waiting()).toEqual([1000])
    await time.advance(2000)
    expect(second.calls).toBe(0)
    await time.advance(2000)
    expect([second.error?.code, second.calls, time.waiting()]).toEqual(['queue_timeout', 1, []])
    expect(Number.isInteger(second.error?.retryAfterSeconds)).toBe(true)
  })

  it('goes elsewhere when the upstream it waits for goes down and another has the model', () => {
    const { core, list, ask } = createFleetBed({ a: m, b: [] }, { member: { slots: 1 } })
    ask()
    const second = ask()
    list('b', m)
    expect(where(second)).toBe('b')
    const third = ask()
    core.fleet.apply('b', { kind: 'outcome', at: 1, outcome: 'unreachable' })
    expect(where(third)).toBe('waiting')
    core.fleet.apply('a', { kind: 'outcome', at: 1, outcome: 'unreachable' })
    expect(third.error).toMatchObject({ code: 'no_upstream', retryAfterSeconds: 3 })
  })

  it('tells health what became of it', () => {
    const { core, ask } = createFleetBed({ a: m }, roomy)
    serve(ask(), 'cancelled')
    expect(core.fleet.get('a')?.health).toBe('up')
    serve(ask(), 'unreachable')
    expect(core.fleet.get('a')?.health).toBe('down')
  })

  it('goes to what it names', () => {
    const { ask } = createFleetBed({ a: m, b: m, c: m }, roomy)
    expect(['a', 'b', 'c'].map((name) => where(ask({ named: [name] })))).toEqual(['a', 'b', 'c'])
    expect(where(ask({ named: ['*'] }))).not.toBe('waiting')
  })

  it('is refused when all that have the model were tried', () => {
    const { ask } = createFleetBed({ a: m, b: [] })
    expect(where(ask({ tried: new Set(['a']) }))).toBe('no_upstream')
  })

  it('is refused where the key may reach none', () => {
    const { ask } = createFleetBed({ a: m })
    expect(where(ask({ principal: { ...PRINCIPAL, upstreams: ['b'] } }))).toBe('model_denied')
  })

  it('gets one chance at an upstream whose requests failed, and more after each success', async () => {
    const { time, core, lines, ask } = createFleetBed({ a: m }, roomy)
    for (let n = 0; n < 3; n++) serve(ask(), 'broken')
    core.fleet.apply('a', { kind: 'probe-answered', at: 1, tookMs: 1, version: '1' })
    const refused = ask()
    await settle()
    expect(refused.error?.message).toBe('No upstream that has model "m:latest" is available')
    await time.advance(1000)
    const asked = Array.from({ length: 8 }, () => ask())
    const running = (): number => asked.filter(({ claim }) => claim !== undefined).length
    expect(running()).toBe(1)
    const finish = (): void => {
      const next = asked.shift()
      if (next !== undefined) serve(next)
    }
    finish()
    expect(running()).toBe(2)
    finish()
    finish()
    expect(running()).toBe(5)
    finish()
    expect(lines).toEqual([
      'requests to an upstream failed: few are sent there now',
      'requests to an upstream succeed again',
    ])
  })

  it('goes elsewhere when the model failed on an upstream, and is tried there where nobody else has it', () => {
    const { lines, ask } = createFleetBed({ a: m, b: m }, roomy)
    for (let n = 0; n < 3; n++) serve(ask({ named: ['a'] }), 'failed-model')
    expect(Array.from({ length: 6 }, () => where(ask()))).toEqual(Array(6).fill('b'))
    expect(where(ask({ tried: new Set(['b']) }))).toBe('a')
    expect(lines).toEqual(['a model failed on an upstream: others that have it are preferred now'])
  })
})

describe('a request that finds nobody', () => {
  it('is told when to come back', () => {
    const { error } = createFleetBed({}).ask()
    expect(error).toMatchObject({ code: 'no_upstream', status: 503, retryAfterSeconds: 3 })
  })

  it('looks for an unknown model again, and then goes through the queue', async () => {
    const bed = createFleetBed({ a: [], b: [] }, { member: { slots: 1 }, learn: () => bed.list('b', m) })
    const first = bed.ask()
    expect(first.calls).toBe(0)
    await settle()
    expect([first, bed.ask()].map(where)).toEqual(['b', 'waiting'])
  })

  it('lets the first upstream name a model that stays unknown', async () => {
    const { ask, learnt } = createFleetBed({ a: [], b: [] })
    const asked = ask()
    await settle()
    expect([where(asked), learnt]).toEqual(['a', m])
  })

  it('names the model whose upstreams are all down', async () => {
    const { core, ask } = createFleetBed({ a: m, b: [] })
    core.fleet.apply('a', { kind: 'outcome', at: 1, outcome: 'unreachable' })
    const asked = ask()
    await settle()
    expect(asked.error?.message).toBe('No upstream that has model "m:latest" is available')
  })

  it('looks only once in an exchange', () => {
    const { ask, learnt } = createFleetBed({ a: [], b: [] })
    expect([where(ask({ tried: new Set(['a']) })), learnt]).toEqual(['b', []])
  })

  it('waits for an agent, and for its turn there', async () => {
    const { time, core, plan, list, ask } = createFleetBed({}, { agentWaitMs: 5000 })
    const asked = [ask(), ask(), ask(), ask()]
    asked[0]?.ticket.cancel()
    await settle()
    core.fleet.setMembers([...plan.members, testMember('a', { slots: 1 })])
    list('a', m)
    await settle()
    expect(asked.map(where)).toEqual(['waiting', 'a', 'waiting', 'waiting'])
    expect(core.router.waiting()).toBe(2)
    const late = ask({ model: 'other:latest' })
    await time.advance(1)
    expect(where(late)).toBe('a')
  })

  it('gives up waiting for an agent in time, and when it is cancelled keeps no timer', async () => {
    const { time, ask } = createFleetBed({}, { agentWaitMs: 5000 })
    const [first, second] = [ask(), ask()]
    await settle()
    second.ticket.cancel()
    expect(time.waiting()).toEqual([5000])
    await time.advance(5000)
    expect([where(first), second.calls, time.waiting()]).toEqual(['no_upstream', 0, []])
  })

  it('waits for a sleeping machine, and goes through the queue when it is awake', async () => {
    const wake = { waitMs: 10_000, send: () => {} }
    const { time, core, list, ask } = createFleetBed({ a: m }, { member: { wake, slots: 1 } })
    core.fleet.apply('a', { kind: 'outcome', at: 1, outcome: 'unreachable' })
    const asked = [ask(), ask()]
    await time.advance(2000)
    expect(asked.map(where)).toEqual(['waiting', 'waiting'])
    list('a', m)
    await time.advance(1000)
    expect([asked.map(where), core.router.waiting()]).toEqual([['a', 'waiting'], 1])
  })

  it('names upstreams that are not there, or that the key may not reach, and is told those it may', () => {
    const { ask } = createFleetBed({ a: m, b: m }, { pools: ['home'] })
    const { error } = ask({ named: ['a', 'c'] })
    expect([error?.code, error?.status]).toEqual(['bad_upstream_choice', 400])
    expect(error?.message).toBe('corral-upstream names "c", which is none of a, b, home')
    const mine = { ...PRINCIPAL, upstreams: ['a'] }
    expect(ask({ named: ['b'], principal: mine }).error?.message).toBe('corral-upstream names "b", which is none of a')
    expect(where(ask({ named: ['home'] }))).toBe('bad_upstream_choice')
  })
})

describe('a request that runs no model', () => {
  it('lets idle equals take turns, whatever waits for slots', () => {
    const { ask } = createFleetBed({ a: m, b: m }, { member: { slots: 1 } })
    const asked = Array.from({ length: 4 }, () => ask({ route: show }))
    expect(asked.map(where)).toEqual(['a', 'b', 'a', 'b'])
  })

  it.each(['/api/pull', '/api/create'])('does not look for what %s is about to bring', (pattern) => {
    const { ask, learnt } = createFleetBed({ a: [] })
    expect([where(ask({ route: write(pattern) })), learnt]).toEqual(['a', []])
  })

  it('writes to all that it names, down ones included, and gives every place back once', () => {
    const { core, ask } = createFleetBed({ a: m, b: m, c: m })
    core.fleet.apply('b', { kind: 'outcome', at: 1, outcome: 'unreachable' })
    const asked = ask({ route: write('/api/pull'), named: ['a', 'b'] })
    expect(where(asked)).toBe('a,b')
    expect(core.fleet.all().map((state) => state.running)).toEqual([1, 1, 0])
    serve(asked)
    asked.claim?.release()
    expect(core.fleet.all().map((state) => state.running)).toEqual([0, 0, 0])
    expect(where(ask({ route: write('/api/delete'), named: ['*'] }))).toBe('a,b,c')
    expect(where(ask({ route: write('/api/delete'), named: ['*'], tried: new Set(['a,b,c']) }))).toBe('no_upstream')
  })

  it('creates where the uploads of its key went', () => {
    const { core, ask } = createFleetBed({ a: [], b: [] })
    const blob = { model: null, route: write('/api/blobs/:digest') }
    const create = { route: write('/api/create') }
    const down = (name: string): void => core.fleet.apply(name, { kind: 'outcome', at: 1, outcome: 'unreachable' })
    const up = (name: string): void =>
      core.fleet.apply(name, { kind: 'probe-answered', at: 1, tookMs: 1, version: '1' })
    down('a')
    serve(ask(blob))
    up('a')
    expect(where(ask({ ...create, principal: { ...PRINCIPAL, keyId: 'other' } }))).toBe('a')
    down('b')
    expect([blob, create].map((each) => where(ask(each)))).toEqual(['no_upstream', 'no_upstream'])
    up('b')
    const created = ask(create)
    expect(where(created)).toBe('b')
    serve(created)
    down('b')
    expect([blob, create].map((each) => where(ask(each)))).toEqual(['a', 'a'])
  })

  it('creates elsewhere when the upstream with the uploads has left', () => {
    const { core, plan, ask } = createFleetBed({ a: [], b: [] })
    serve(ask({ model: null, route: write('/api/blobs/:digest') }))
    core.configure({ ...plan, members: plan.members.slice(1) })
    expect(where(ask({ route: write('/api/create') }))).toBe('b')
  })
})

describe('a reload', () => {
  it('keeps what runs and waits, and what an upstream that left still ran is given back', () => {
    const { core, plan, list, ask } = createFleetBed({ a: m, b: m }, { member: { slots: 1 } })
    const running = [ask(), ask()]
    const waiting = [ask(), ask()]
    const [a] = plan.members
    const c = testMember('c', { slots: 1 })
    core.configure({ ...plan, members: a === undefined ? [] : [a, c] })
    list('c', m)
    expect(waiting.map(where)).toEqual(['c', 'waiting'])
    running.forEach((each) => serve(each))
    expect(waiting.map(where)).toEqual(['c', 'a'])
    waiting.forEach((each) => serve(each))
    expect(core.fleet.all().map(({ name, running }) => [name, running])).toEqual([
      ['a', 0],
      ['c', 0],
    ])
    expect(core.dispatcher.loads().flatMap(({ models }) => models.map((each) => each.running))).toEqual([0, 0])
  })

  it('changes who may take what waits', () => {
    const { core, plan, ask } = createFleetBed(
      { a: m, b: m },
      { member: { slots: 1 }, assignments: new Map([['m:latest', ['a']]]) },
    )
    ask()
    const second = ask()
    expect(where(second)).toBe('waiting')
    core.configure({ ...plan, assignments: new Map() })
    expect(where(second)).toBe('b')
  })

  it('gives nothing of one upstream to another of its name', () => {
    const { core, plan, list, ask } = createFleetBed({ a: m }, roomy)
    const first = ask()
    core.configure({ ...plan, members: [testMember('a', { slots: 9 })] })
    list('a', m)
    const second = ask()
    serve(first, 'unreachable')
    expect(core.fleet.get('a')).toMatchObject({ health: 'up', running: 1 })
    serve(second)
    expect(core.fleet.get('a')).toMatchObject({ running: 0 })
  })
})
