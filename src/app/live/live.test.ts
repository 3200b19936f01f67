import { describe, expect, it } from 'vitest'
import { liveEvents, type LiveEvents } from '../../admin/live-schemas.ts'
import type { LiveViewer, Sight } from '../../admin/live-viewer.ts'
import type { Principal } from '../../auth/principal.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { RunningExchange, WatchedExchange } from '../../proxy/exchange-request.ts'
import { ExchangeTrace } from '../../proxy/exchange-trace.ts'
import { createManualTime, settle } from '../../routing/__fixtures__/manual-time.ts'
import { createLive, type LiveDeps } from './live.ts'
import { createEndedExchanges } from './ended.ts'
import { createLogRing } from './log-ring.ts'

interface FakeExchange extends RunningExchange {
  readonly trace: ExchangeTrace
  stage: WatchedExchange['stage']
  place: number | null
}

/** What the proxy shows of an exchange, as the test says that it stands. */
function runs(id: string, userId = 'user_1'): FakeExchange {
  const trace = new ExchangeTrace(id, 'POST')
  trace.path = '/api/chat'
  trace.user = 'ann'
  trace.userId = userId
  return {
    ...{ keyId: 'key_1', trace, stage: 'queued', place: null },
    stop: () => undefined,
    checkDeadline: () => undefined,
    get watched(): WatchedExchange {
      return { trace, stage: this.stage, tokens: trace.chunks, status: null, position: () => this.place }
    },
  }
}

function setUp(changes: Partial<LiveDeps> = {}) {
  const time = createManualTime()
  const running: FakeExchange[] = []
  const ended = createEndedExchanges()
  const logs = createLogRing()
  const state = { status: { upstreams: 0 }, looks: 0, live: true, jobs: { jobs: [] as string[] } }
  const failures: object[] = []
  const live = createLive({
    ...time,
    ...{ startedAt: 0, logs, ended, running: () => running },
    log: { error: (fields) => void failures.push(fields) },
    status: async () => {
      state.looks += 1
      return { ...state.status }
    },
    jobs: () => state.jobs,
    isLive: () => state.live,
    ...changes,
  })
  return {
    ...{ time, running, ended, logs, state, live, failures },
    end(exchange: FakeExchange): void {
      const at = running.indexOf(exchange)
      if (at >= 0) running.splice(at, 1)
      ended.add(exchange.trace.record(200, 'complete', null), live.nextRound)
    },
  }
}

function listener(live: ReturnType<typeof setUp>['live'], sight: Sight = 'all', logs = false) {
  const principal = { user: 'ann', keyId: 'key_1' } as Principal
  const viewer: LiveViewer = { principal, role: sight === 'all' ? 'admin' : 'member', sight, logs }
  const told: string[] = []
  const page = { room: true, ended: '' }
  const heard = live.open(viewer)({
    send(text) {
      told.push(text)
      return page.room
    },
    end: () => void (page.ended = 'end'),
    abandon: () => void (page.ended = 'abandon'),
  })
  return {
    ...{ page, heard },
    /** What came since this was asked last, by name. */
    take(): { readonly [Name in keyof LiveEvents]?: LiveEvents[Name] } & { readonly asides?: number } {
      const events = told.splice(0).join('').split('\n\n').slice(0, -1)
      const parsed = events.flatMap((event) => {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? []
        return name === undefined ? [] : [[name, JSON.parse(data ?? '')]]
      })
      return { asides: events.length - parsed.length, ...Object.fromEntries(parsed) }
    },
  }
}

const idsOf = (list: readonly { readonly id: string }[] = []): string[] => list.map(({ id }) => id)

function changesOf({ exchanges }: { readonly exchanges?: LiveEvents['exchanges'] }) {
  if (exchanges === undefined) return undefined
  liveEvents.exchanges.parse(exchanges)
  const { whole, began, changed, ended } = exchanges
  return { whole, began: idsOf(began), changed: idsOf(changed), ended: idsOf(ended) }
}

describe('who listens', () => {
  it('is greeted, told everything once, and then what is different', async () => {
    const { live, running, time, end } = setUp()
    const [first, second] = [runs('a'), runs('b')]
    running.push(first)
    const page = listener(live)
    await settle()
    const begin = page.take()
    expect(begin.hello).toMatchObject({ user: 'ann', role: 'admin' })
    expect(begin).toMatchObject({ status: { upstreams: 0 }, jobs: { jobs: [] } })
    expect(changesOf(begin)).toEqual({ whole: true, began: ['a'], changed: [], ended: [] })
    running.push(second)
    first.trace.sent(3)
    await time.advance(500)
    expect(changesOf(page.take())).toEqual({ whole: false, began: ['b'], changed: ['a'], ended: [] })
    await time.advance(500)
    expect(page.take()).toEqual({ asides: 0 })
    second.place = 3
    end(first)
    end(runs('c'))
    await time.advance(500)
    expect(changesOf(page.take())).toEqual({ whole: false, began: [], changed: ['b'], ended: ['a', 'c'] })
  })

  it('hears of the status at most every second, and when it is another', async () => {
    const { live, state, time } = setUp()
    const page = listener(live)
    await settle()
    page.take()
    await time.advance(2000)
    expect(page.take().status).toBeUndefined()
    state.status = { upstreams: 1 }
    await time.advance(1500)
    expect(page.take().status).toEqual({ upstreams: 1 })
    const before = state.looks
    await time.advance(10_000)
    expect(state.looks - before).toBe(10)
  })

  it('hears of jobs when they have changed, of log lines if it wants them, and something every 15 seconds', async () => {
    const { live, state, logs, time } = setUp()
    const page = listener(live, 'all', true)
    const other = listener(live)
    await settle()
    page.take()
    state.jobs = { jobs: ['pull'] }
    await time.advance(500)
    expect(page.take().jobs).toBeUndefined()
    live.jobsChanged()
    logs.add('{"level":"warn","time":"2026-11-21T12:00:00.000Z","msg":"slow"}')
    other.take()
    await time.advance(500)
    expect(page.take()).toMatchObject({ jobs: { jobs: ['pull'] }, log: { missed: 0, lines: [{ message: 'slow' }] } })
    expect(other.take().log).toBeUndefined()
    await time.advance(15_000)
    expect(page.take()).toEqual({ asides: 1 })
  })

  it('as a member hears of its own exchanges and of nothing else', async () => {
    const { live, running, time, end, state } = setUp()
    const [own, other] = [runs('own', 'user_1'), runs('other', 'user_2')]
    running.push(own, other)
    const page = listener(live, { userId: 'user_1' })
    await settle()
    const begin = page.take()
    expect(changesOf(begin)).toEqual({ whole: true, began: ['own'], changed: [], ended: [] })
    expect([begin.status, begin.jobs, state.looks]).toEqual([undefined, undefined, 0])
    own.trace.sent(1)
    other.trace.sent(1)
    await time.advance(500)
    expect(changesOf(page.take())).toEqual({ whole: false, began: [], changed: ['own'], ended: [] })
    end(other)
    await time.advance(500)
    expect(page.take()).toEqual({ asides: 0 })
    end(own)
    await time.advance(500)
    expect(changesOf(page.take())?.ended).toEqual(['own'])
  })

  it('and reads slowly is told once what has become of it all, and everything anew where that is not known', async () => {
    const { live, running, time, end } = setUp()
    const page = listener(live)
    await settle()
    page.take()
    const [stays, goes] = [runs('stays'), runs('goes')]
    running.push(stays)
    page.page.room = false
    await time.advance(500)
    expect(changesOf(page.take())?.began).toEqual(['stays'])
    for (let each = 0; each < 50; each++) {
      stays.trace.sent(1)
      await time.advance(500)
    }
    running.push(goes)
    end(goes)
    expect(page.take()).toEqual({ asides: 0 })
    page.page.room = true
    page.heard.drained()
    await time.advance(500)
    expect(changesOf(page.take())).toEqual({ whole: false, began: [], changed: ['stays'], ended: ['goes'] })
    page.page.room = false
    stays.trace.sent(1)
    await time.advance(500)
    page.take()
    for (let each = 0; each < 700; each++) {
      const short = runs(`short-${each}`)
      running.push(short)
      end(short)
    }
    page.page.room = true
    page.heard.drained()
    await time.advance(500)
    const anew = changesOf(page.take())
    expect(anew).toMatchObject({ whole: true, began: ['stays'], changed: [] })
    expect(anew?.ended).toHaveLength(500)
  })

  it('and reads nothing for a minute is given up', async () => {
    const { live, time } = setUp()
    const page = listener(live)
    page.page.room = false
    live.jobsChanged()
    await time.advance(20_000)
    expect(page.page.ended).toBe('')
    await time.advance(60_000)
    expect(page.page.ended).toBe('abandon')
  })

  it('and may not any more hears nothing more', async () => {
    const { live, state } = setUp()
    const page = listener(live)
    await settle()
    live.recheck()
    expect(page.page.ended).toBe('')
    state.live = false
    live.recheck()
    expect(page.page.ended).toBe('end')
  })
})

describe('while nobody listens', () => {
  it('nothing is looked at', async () => {
    const { live, state, time, running } = setUp()
    const exchange = runs('a')
    running.push(exchange)
    const page = listener(live)
    await settle()
    page.heard.left()
    await time.advance(500)
    const { looks } = state
    expect(time.waiting()).toEqual([])
    exchange.trace.watched = null
    await time.advance(10_000)
    expect([state.looks, exchange.trace.watched]).toEqual([looks, null])
  })

  it('what runs is not watched from the start either', () => {
    const { time } = setUp()
    expect(time.waiting()).toEqual([])
  })
})

it('somebody listens so often and no more, until one has gone', () => {
  const { live } = setUp()
  const pages = Array.from({ length: 32 }, () => listener(live))
  expect(() => listener(live)).toThrow(GatewayError)
  pages[0]?.heard.left()
  expect(() => listener(live)).not.toThrow()
})

it('a gateway that stops ends all of it, and lets nobody begin', async () => {
  const { live, time } = setUp()
  const page = listener(live)
  await settle()
  live.stop()
  expect(page.page.ended).toBe('end')
  expect(time.waiting()).toEqual([])
  expect(() => listener(live)).toThrow('shutting down')
})

it('what cannot be told now is said once in the log, and told later', async () => {
  let isBroken = false
  const { live, failures, time } = setUp({
    status: async () => {
      if (isBroken) throw new Error('no status')
      return { upstreams: 7 }
    },
  })
  isBroken = true
  const page = listener(live)
  await settle()
  expect(page.take().status).toBeUndefined()
  expect(failures).toHaveLength(1)
  isBroken = false
  await time.advance(1500)
  expect(page.take().status).toEqual({ upstreams: 7 })
})
