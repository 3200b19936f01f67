import { describe, expect, it } from 'vitest'
import { dispatchBed, GB, grantsIn, OPTIONS, serverFacts } from './__fixtures__/dispatch-bed.ts'
import type { Effect } from './effect.ts'
import type { Work } from './work.ts'

const TWO_MODELS = new Map([
  ['m', 8 * GB],
  ['other', 8 * GB],
])

describe('a free slot', () => {
  it('is taken at once, and a model that is not there is loaded for it', () => {
    const bed = dispatchBed([serverFacts('a')])
    const work = bed.work()
    expect(bed.dispatcher.arrive(work)).toEqual([{ kind: 'grant', work, server: 'a', cold: true }])
    expect(bed.dispatcher.loads()).toEqual([
      { server: 'a', models: [{ model: 'm', state: 'loading', running: 1, slots: 1 }], waiting: 0 },
    ])
    expect(bed.finish(work)).toEqual([])
    const next = bed.work()
    expect(bed.dispatcher.arrive(next)).toEqual([{ kind: 'grant', work: next, server: 'a', cold: false }])
  })

  it('is not there for a second work, which waits in front and says how long', () => {
    const bed = dispatchBed([serverFacts('a')])
    const first = bed.work()
    bed.arrive(first)
    const [second, third] = [bed.work(), bed.work({ key: 'other' })]
    expect([bed.arrive(second), bed.arrive(third)]).toEqual([undefined, undefined])
    expect(bed.dispatcher.waiting).toBe(2)
    const [near, far] = [bed.dispatcher.place(second), bed.dispatcher.place(third)]
    expect([near?.position, far?.position]).toEqual([1, 2])
    expect(near?.waitMs).toBeGreaterThan(8_000)
    expect(bed.finish(first)).toHaveLength(1)
    expect(bed.dispatcher.place(first)).toBeUndefined()
  })

  it('goes round among equals', () => {
    const bed = dispatchBed(['a', 'b', 'c'].map((name) => serverFacts(name)))
    for (const server of ['a', 'b', 'c']) bed.dispatcher.sawLoaded(server, [{ model: 'm', bytes: 8 * GB }])
    const taken = [1, 2, 3, 4, 5, 6].map(() => {
      const work = bed.work()
      const server = bed.arrive(work)
      bed.finish(work, 1_000)
      return server
    })
    expect(new Set(taken.slice(0, 3))).toEqual(new Set(['a', 'b', 'c']))
    expect(new Set(taken.slice(3))).toEqual(new Set(['a', 'b', 'c']))
  })

  it('is found again at an upstream that was away', () => {
    const servers = [serverFacts('a'), serverFacts('b')]
    const bed = dispatchBed(servers)
    bed.dispatcher.setServers([serverFacts('a')])
    const works = [1, 2, 3].map(() => bed.work({ candidates: () => ['a'] }))
    for (const work of works) bed.arrive(work)
    bed.dispatcher.setServers(servers)
    const taken = [1, 2, 3].map(() => bed.arrive(bed.work({ lane: 'm again' })))
    expect(taken).toContain('b')
  })

  it('is bounded by what an upstream that has just come back is trusted with', () => {
    const bed = dispatchBed([serverFacts('a', { slots: 4, admits: 2 })])
    expect([1, 2, 3].map(() => bed.arrive(bed.work()))).toEqual(['a', 'a', undefined])
    expect(grantsIn(bed.dispatcher.setServers([serverFacts('a', { slots: 4 })]))).toHaveLength(1)
  })
})

describe('the cheapest place', () => {
  it('may be one that is busy and fast', () => {
    const bed = dispatchBed([serverFacts('fast'), serverFacts('slow')])
    bed.pace.set('slow', { prefillMsPerToken: 60 })
    const pace = {
      fast: bed.work({ candidates: () => ['fast'], lane: 'fast' }),
      slow: bed.work({ lane: 'x', candidates: () => ['slow'] }),
    }
    for (const work of [pace.fast, pace.slow]) {
      bed.arrive(work)
      bed.finish(work, 10)
    }
    const first = bed.work()
    expect(bed.arrive(first)).toBe('fast')
    bed.dispatcher.began(first)
    bed.now += 500
    const second = bed.work()
    expect(bed.arrive(second), 'half a second of waiting against six of reading').toBeUndefined()
    expect(grantsIn(bed.dispatcher.released(first))).toEqual([{ to: second, server: 'fast' }])
  })

  it('does not evict what others want where another may wait', () => {
    const both = { memoryBytes: 12 * GB, models: TWO_MODELS }
    const bed = dispatchBed([serverFacts('a', both), serverFacts('b', both)])
    for (const [model, server] of [
      ['m', 'a'],
      ['other', 'b'],
    ] as const) {
      for (let round = 0; round < 5; round += 1) {
        const work = bed.work({ model, candidates: () => [server], lane: server })
        bed.arrive(work)
        bed.finish(work, 500)
      }
    }
    const first = bed.work()
    expect(bed.arrive(first)).toBe('a')
    bed.dispatcher.began(first)
    expect(bed.arrive(bed.work()), 'b would have to load for it').toBeUndefined()
    const reading = bed.work({ model: 'other' })
    expect(bed.arrive(reading)).toBe('b')
  })

  it('is the one that knows the conversation, unless it is much busier', () => {
    const bed = dispatchBed([serverFacts('a', { slots: 2 }), serverFacts('b', { slots: 2 })])
    for (const server of ['a', 'b']) bed.dispatcher.sawLoaded(server, [{ model: 'm', bytes: 8 * GB }])
    const blocks = Array.from({ length: 20 }, (_, index) => index + 1)
    const prompt = { tokens: 2_560, blocks: () => blocks }
    const turn = bed.work({ prompt, candidates: () => ['a'], lane: 'first turn' })
    bed.arrive(turn)
    bed.finish(turn, 3_000)
    for (let round = 0; round < 4; round += 1) {
      const next = bed.work({ prompt })
      expect(bed.arrive(next)).toBe('a')
      bed.finish(next, 100)
    }
    for (let other = 0; other < 2; other += 1) {
      const work = bed.work({ candidates: () => ['a'], lane: 'others' })
      bed.arrive(work)
    }
    bed.pace.set('a', {})
    expect(bed.arrive(bed.work({ prompt: { ...prompt, tokens: 300 } }))).toBe('b')
  })

  it('is not looked for by conversation where affinity is off', () => {
    const bed = dispatchBed([serverFacts('a')], { affinity: false })
    const blocks = (): number[] => {
      throw new Error('asked for')
    }
    const work = bed.work({ prompt: { tokens: 5_000, blocks } })
    bed.arrive(work)
    expect(bed.finish(work)).toEqual([])
  })
})

describe('tiers', () => {
  const tiers = [serverFacts('near'), serverFacts('far', { priority: 2 })]

  it('leave the worse one alone while the better one is soon free', () => {
    const bed = dispatchBed(tiers, { spillAfterMs: 20_000 })
    expect([bed.arrive(bed.work()), bed.arrive(bed.work())]).toEqual(['near', undefined])
  })

  it('spill over when the better one takes too long', () => {
    const bed = dispatchBed(tiers, { spillAfterMs: 20_000 })
    bed.arrive(bed.work())
    const waiting = bed.work()
    bed.arrive(waiting)
    expect(grantsIn(bed.pass(60_000))).toEqual([{ to: waiting, server: 'far' }])
  })

  it('use the worse one where the better one is out', () => {
    const bed = dispatchBed(tiers)
    expect(bed.arrive(bed.work({ candidates: () => ['far'] }))).toBe('far')
  })

  it('take a slow upstream only where no other of its tier is left', () => {
    const bed = dispatchBed([serverFacts('slow', { slow: true, slots: 4 }), serverFacts('quick')])
    expect([bed.arrive(bed.work()), bed.arrive(bed.work())]).toEqual(['quick', undefined])
    expect(bed.arrive(bed.work({ lane: 'slow only', candidates: () => ['slow'] }))).toBe('slow')
  })
})

describe('the queue', () => {
  it('refuses the newest of the key that has most in a full queue, not whoever comes', () => {
    const bed = dispatchBed([serverFacts('a')], { maxLength: 3 })
    bed.arrive(bed.work({ key: 'heavy' }))
    const arrive = (key: string): { readonly work: Work; readonly refused: Work[] } => {
      bed.now += 1
      const work = bed.work({ key })
      const effects = bed.dispatcher.arrive(work)
      return { work, refused: effects.flatMap((effect) => (effect.kind === 'refuse' ? [effect.work] : [])) }
    }
    const heavy = [arrive('heavy'), arrive('heavy'), arrive('heavy')].map(({ work }) => work)
    expect(arrive('light').refused).toEqual([heavy[2]])
    const second = arrive('light')
    expect(second.refused).toEqual([second.work])
    const again = arrive('heavy')
    expect(again.refused).toEqual([again.work])
    expect(arrive('other').refused).toEqual([heavy[1]])
    expect(bed.dispatcher.waiting).toBe(3)
  })

  it('refuses what it has no room for, and says when to come back', () => {
    const bed = dispatchBed([serverFacts('a')], { maxLength: 1 })
    bed.arrive(bed.work())
    bed.arrive(bed.work())
    const late = bed.work()
    const [refusal] = bed.dispatcher.arrive(late)
    expect(refusal).toMatchObject({ kind: 'refuse', work: late, reason: 'queue-full' })
    expect(retryAfterMs(refusal)).toBeGreaterThan(8_000)
    expect(bed.dispatcher.waiting).toBe(1)
  })

  it('refuses what has waited too long', () => {
    const bed = dispatchBed([serverFacts('a')], { maxWaitMs: 5_000 })
    bed.arrive(bed.work())
    const work = bed.work()
    bed.arrive(work)
    expect(bed.pass(5_000)).toEqual([])
    expect(bed.pass(1_000)).toMatchObject([{ kind: 'refuse', work, reason: 'waited-too-long' }])
  })

  it('refuses what nobody may take, now or any more', () => {
    const bed = dispatchBed([serverFacts('a')])
    let names = ['a']
    const work = bed.work({ candidates: () => names })
    bed.arrive(bed.work({ lane: 'before', candidates: () => ['a'] }))
    bed.arrive(work)
    names = []
    expect(bed.dispatcher.reconsider()).toMatchObject([{ kind: 'refuse', work, reason: 'stranded' }])
    const nobody = bed.work({ lane: 'nobody', candidates: () => [] })
    expect(bed.dispatcher.arrive(nobody)).toMatchObject([{ kind: 'refuse', work: nobody, reason: 'stranded' }])
  })

  it('forgets who leaves, and gives a second attempt the place of the first', () => {
    const bed = dispatchBed([serverFacts('a')])
    const running = bed.work()
    bed.arrive(running)
    const [left, middle] = [bed.work(), bed.work()]
    for (const work of [left, middle]) {
      bed.now += 10
      bed.arrive({ ...work })
    }
    expect(bed.dispatcher.waiting).toBe(2)
    const again = bed.work({ arrivedAt: bed.now - 10_000 })
    bed.arrive(again)
    expect(bed.dispatcher.place(again)?.position).toBe(1)
    bed.dispatcher.leave(again)
    bed.dispatcher.leave(again)
    expect(bed.dispatcher.waiting).toBe(2)
  })

  it('lets works for one model pass those that wait for another', () => {
    const one = serverFacts('a', { slots: 1, memoryBytes: 12 * GB, models: TWO_MODELS })
    const bed = dispatchBed([one])
    const first = bed.work()
    bed.arrive(first)
    bed.dispatcher.began(first)
    expect(bed.arrive(bed.work({ model: 'other' })), 'must evict what runs').toBeUndefined()
    const second = bed.work()
    bed.arrive(second)
    expect(
      grantsIn(bed.dispatcher.released(first)).map(({ to }) => to),
      'it saves two loads',
    ).toEqual([second])
  })
})

describe('keys', () => {
  const busyBed = (): ReturnType<typeof dispatchBed> => {
    const bed = dispatchBed([serverFacts('a')])
    bed.dispatcher.sawLoaded('a', [{ model: 'm', bytes: 8 * GB }])
    return bed
  }
  const order = (bed: ReturnType<typeof dispatchBed>, first: Work, count: number): string[] => {
    const keys: string[] = []
    let current = first
    for (let round = 0; round < count; round += 1) {
      bed.dispatcher.began(current)
      bed.now += 1_100
      bed.dispatcher.ended(current, 100)
      const next = grantsIn(bed.dispatcher.released(current))[0]?.to
      if (next === undefined) break
      keys.push(next.key)
      current = next
    }
    return keys
  }

  it('that ask ten times as much delay no light one', () => {
    const bed = busyBed()
    const first = bed.work({ key: 'heavy' })
    bed.arrive(first)
    for (let at = 0; at < 50; at += 1) bed.arrive(bed.work({ key: 'heavy' }))
    for (let at = 0; at < 3; at += 1) bed.arrive(bed.work({ key: 'light' }))
    expect(order(bed, first, 6).filter((key) => key === 'light')).toHaveLength(3)
  })

  it('of twice the weight get twice the service', () => {
    const bed = busyBed()
    const first = bed.work({ key: 'first' })
    bed.arrive(first)
    for (let at = 0; at < 40; at += 1) {
      bed.arrive(bed.work({ key: 'plain' }))
      bed.arrive(bed.work({ key: 'double', share: { class: 'interactive', weight: 2 } }))
    }
    const served = order(bed, first, 30)
    expect(served.filter((key) => key === 'double').length).toBe(20)
  })

  it('that wait interactively go before any batch, until the batch has waited half of what it may', () => {
    const bed = dispatchBed([serverFacts('a')], { maxWaitMs: 100_000 })
    const first = bed.work()
    bed.arrive(first)
    const batch = bed.work({ key: 'batch', share: { class: 'batch', weight: 1 } })
    bed.arrive(batch)
    bed.now += 1_000
    const chats = [1, 2].map(() => bed.work({ key: 'chat' }))
    for (const work of chats) bed.arrive(work)
    expect(bed.dispatcher.place(batch)?.position).toBe(3)
    const [next] = grantsIn(bed.dispatcher.released(first))
    expect(next?.to).toBe(chats[0])
    bed.pass(60_000)
    const [second] = grantsIn(bed.dispatcher.released(chats[0] ?? first))
    expect(second?.to).toBe(batch)
  })

  it('start even again when all is quiet', () => {
    const bed = busyBed()
    const work = bed.work({ key: 'heavy' })
    bed.arrive(work)
    bed.finish(work, 100_000)
    const first = bed.work({ key: 'third' })
    bed.arrive(first)
    for (const key of ['light', 'heavy', 'light']) bed.arrive(bed.work({ key }))
    expect(order(bed, first, 3)).toEqual(['light', 'heavy', 'light'])
  })
})

describe('what an upstream holds', () => {
  const one = serverFacts('a', { memoryBytes: 12 * GB, models: TWO_MODELS })

  it('is not believed to be gone while it runs, or was just used', () => {
    const bed = dispatchBed([one])
    const work = bed.work()
    bed.arrive(work)
    bed.dispatcher.sawLoaded('a', [])
    bed.dispatcher.began(work)
    bed.dispatcher.sawLoaded('a', [])
    bed.dispatcher.released(work)
    bed.dispatcher.sawLoaded('a', [])
    const next = bed.work()
    expect(bed.dispatcher.arrive(next)).toMatchObject([{ cold: false }])
  })

  it('is gone when it vanished idle', () => {
    const bed = dispatchBed([one])
    const work = bed.work()
    bed.arrive(work)
    bed.finish(work, 1_000)
    bed.now += 60_000
    bed.dispatcher.sawLoaded('a', [])
    expect(bed.dispatcher.loads()[0]?.models).toEqual([])
    expect(bed.dispatcher.arrive(bed.work())).toMatchObject([{ cold: true }])
  })

  it('is not what a load was for that was given up', () => {
    const bed = dispatchBed([one])
    const work = bed.work()
    bed.arrive(work)
    bed.dispatcher.released(work)
    expect(bed.dispatcher.loads()[0]?.models).toEqual([])
  })

  it('is thrown out for another model when it is idle', () => {
    const bed = dispatchBed([one])
    const work = bed.work()
    bed.arrive(work)
    bed.finish(work, 1_000)
    expect(bed.dispatcher.arrive(bed.work({ model: 'other' }))).toMatchObject([{ kind: 'grant', cold: true }])
    expect(bed.dispatcher.loads()[0]?.models.map(({ model }) => model)).toEqual(['other'])
  })

  it('is loaded besides on an idle upstream when more waits than there are slots, and nobody misses anything', () => {
    const bed = dispatchBed([serverFacts('fast'), serverFacts('spare')])
    bed.pace.set('spare', { prefillMsPerToken: 300 })
    const work = bed.work({ candidates: () => ['fast'], lane: 'fast' })
    bed.arrive(work)
    bed.dispatcher.began(work)
    const waiting = bed.work()
    expect(bed.arrive(waiting)).toBeUndefined()
    expect(bed.dispatcher.reconsider()).toEqual([{ kind: 'preload', model: 'm', server: 'spare' }])
    expect(bed.dispatcher.reconsider(), 'once').toEqual([])
  })

  it('holds three models where its memory is not known', () => {
    const models = new Map(['m', 'n', 'o', 'p'].map((model) => [model, GB]))
    const bed = dispatchBed([serverFacts('a', { memoryBytes: null, models })])
    for (const model of models.keys()) {
      const work = bed.work({ model })
      bed.arrive(work)
      bed.finish(work, 10)
    }
    expect(bed.dispatcher.loads()[0]?.models.map(({ model }) => model)).toEqual(['n', 'o', 'p'])
  })
})

describe('slots', () => {
  it('that nobody stated are learnt, and embeddings exceed them', () => {
    const heard: string[] = []
    const createSlotLimit = () => ({
      limit: () => 1,
      granted: () => void heard.push('granted'),
      began: () => void heard.push('began'),
      ended: () => void heard.push('ended'),
    })
    const bed = dispatchBed([serverFacts('a', { slots: null })], {}, { createSlotLimit })
    const brief = [1, 2, 3, 4, 5].map(() => bed.work({ brief: true, lane: 'brief' }))
    expect(brief.map((work) => bed.arrive(work))).toEqual(['a', 'a', 'a', 'a', undefined])
    expect(bed.arrive(bed.work())).toBeUndefined()
    const [first] = brief
    if (first !== undefined) bed.finish(first)
    expect(heard).toEqual(['granted', 'granted', 'granted', 'granted', 'began', 'ended', 'granted'])
  })

  it('are without end at a provider, which loads nothing', () => {
    const bed = dispatchBed([serverFacts('cloud', { slots: Number.POSITIVE_INFINITY, models: new Map() })])
    const works = Array.from({ length: 20 }, () => bed.work())
    expect(works.flatMap((work) => bed.dispatcher.arrive(work))).toEqual(
      works.map((work) => ({ kind: 'grant', work, server: 'cloud', cold: false })),
    )
  })

  it('of an upstream that left are given back to nobody, and its works can still end', () => {
    const bed = dispatchBed([serverFacts('a'), serverFacts('b')])
    const work = bed.work({ candidates: () => ['a'], lane: 'a' })
    bed.arrive(work)
    bed.dispatcher.setServers([serverFacts('b')])
    expect(bed.finish(work)).toEqual([])
    bed.dispatcher.setServers([serverFacts('a')])
    expect(bed.dispatcher.loads()).toEqual([{ server: 'a', models: [], waiting: 0 }])
  })
})

describe('an explanation', () => {
  it('says what each upstream would cost, and changes nothing', () => {
    const bed = dispatchBed([serverFacts('a'), serverFacts('b')])
    bed.dispatcher.sawLoaded('a', [{ model: 'm', bytes: 8 * GB }])
    const work = bed.work()
    const quotes = bed.dispatcher.explain(work)
    expect(quotes).toMatchObject([
      { server: 'a', queueMs: 0, loadMs: 0, prefillMs: 100, networkMs: 1, chosen: true },
      { server: 'b', queueMs: 0, loadMs: 8_000, prefillMs: 100, networkMs: 1, chosen: false },
    ])
    expect(bed.dispatcher.explain(work)).toEqual(quotes)
    expect(bed.dispatcher.waiting).toBe(0)
    expect(bed.arrive(work)).toBe('a')
  })
})

describe('works for one model that not the same upstreams may take', () => {
  /** Whatever waits for `a` alone; each takes 1.1 s. */
  function busyBed(maxLength = 100): ReturnType<typeof dispatchBed> {
    const bed = dispatchBed([serverFacts('a'), serverFacts('b')], { maxLength })
    bed.dispatcher.sawLoaded('a', [{ model: 'm', bytes: 8 * GB }])
    for (let n = 0; n < 26; n += 1) {
      bed.arrive(bed.work({ lane: 'first', candidates: () => ['a'] }))
      bed.now += 1
    }
    return bed
  }

  it('wait behind one another', () => {
    const bed = busyBed()
    const late = bed.work({ lane: 'second', candidates: () => ['a'] })
    expect(bed.arrive(late)).toBeUndefined()
    const { position, waitMs = 0 } = bed.dispatcher.place(late) ?? {}
    expect(position).toBe(26)
    expect(waitMs).toBeGreaterThan(26_000)
    const other = bed.work({ key: 'other', lane: 'third', candidates: () => ['a'] })
    bed.arrive(other)
    expect(bed.dispatcher.place(other)?.position, 'keys take turns').toBeLessThanOrEqual(2)
    expect(bed.dispatcher.place(other)?.waitMs).toBeGreaterThanOrEqual(1_100)
    const batch = bed.work({ key: 'batch', share: { class: 'batch', weight: 1 }, lane: 'x', candidates: () => ['a'] })
    bed.arrive(batch)
    expect(bed.dispatcher.place(batch)?.position).toBe(28)
    const elsewhere = bed.work({ lane: 'fourth', candidates: () => ['b'] })
    expect(bed.arrive(elsewhere), 'what waits for others counts not').toBe('b')
    const alone = bed.work({ lane: 'fourth', candidates: () => ['b'] })
    bed.arrive(alone)
    expect(bed.dispatcher.place(alone)?.position).toBe(1)
  })

  it('are told so before they ask, and when they are refused', () => {
    const bed = busyBed(25)
    const late = bed.work({ lane: 'second', candidates: () => ['a'] })
    const [quote] = bed.dispatcher.explain(late)
    expect(quote?.queueMs).toBeGreaterThan(26_000)
    const [refused] = bed.dispatcher.arrive(late)
    expect(refused).toMatchObject({ kind: 'refuse', reason: 'queue-full' })
    expect(retryAfterMs(refused)).toBeGreaterThan(26_000)
  })

  it('count by halves where another upstream takes half of them', () => {
    const bed = dispatchBed([serverFacts('a'), serverFacts('b')])
    for (const name of ['a', 'b']) bed.dispatcher.sawLoaded(name, [{ model: 'm', bytes: 8 * GB }])
    for (let n = 0; n < 22; n += 1) bed.arrive(bed.work())
    const [quote] = bed.dispatcher.explain(bed.work({ lane: 'a', candidates: () => ['a'] }))
    expect(quote?.queueMs).toBeGreaterThan(10_000)
    expect(quote?.queueMs).toBeLessThan(14_000)
  })
})

function retryAfterMs(effect: Effect | undefined): number {
  return effect?.kind === 'refuse' ? effect.retryAfterMs : 0
}

it('takes settings while works wait', () => {
  const bed = dispatchBed([serverFacts('a')], { maxWaitMs: 300_000 })
  bed.arrive(bed.work())
  const work = bed.work()
  bed.arrive(work)
  bed.now += 10_000
  expect(bed.dispatcher.configure({ ...OPTIONS, maxWaitMs: 5_000 })).toMatchObject([{ reason: 'waited-too-long' }])
})

describe('two models that do not fit beside each other', () => {
  /** One of them is asked for all the time, the other one now and then. */
  function longestWaitMs(slots: number): { wanted: number; loads: number } {
    const bed = dispatchBed([serverFacts('a', { slots, memoryBytes: 12 * GB, models: TWO_MODELS })], { maxWaitMs: 1e9 })
    const running = new Map<Work, number>()
    let [wanted, loads] = [0, 0]
    const carryOut = (effects: readonly Effect[]): void => {
      for (const effect of effects) {
        if (effect.kind !== 'grant') continue
        running.set(effect.work, bed.now + (effect.cold ? 9_000 : 1_000))
        if (effect.cold) loads += 1
        if (effect.work.model === 'other') wanted = Math.max(wanted, bed.now - effect.work.arrivedAt)
      }
    }
    for (let tick = 0; tick < 6_000; tick += 1) {
      bed.now += 100
      for (const [work, endsAt] of running) {
        if (endsAt - 900 <= bed.now) carryOut(bed.dispatcher.began(work))
        if (endsAt > bed.now) continue
        running.delete(work)
        carryOut(bed.dispatcher.ended(work, 90))
        carryOut(bed.dispatcher.released(work))
      }
      if (tick % Math.ceil(12 / slots) === 0) carryOut(bed.dispatcher.arrive(bed.work({ key: 'busy' })))
      if (tick % 1_500 === 700) carryOut(bed.dispatcher.arrive(bed.work({ model: 'other', key: 'rare' })))
      if (tick % 10 === 0) carryOut(bed.dispatcher.reconsider())
    }
    return { wanted, loads }
  }

  it.for([1, 2])('each get their turn with %d slots, and not at every request', (slots) => {
    const { wanted, loads } = longestWaitMs(slots)
    expect(wanted).toBeGreaterThan(0)
    expect(wanted).toBeLessThan(90_000)
    expect(loads).toBeLessThanOrEqual(9)
  })
})
