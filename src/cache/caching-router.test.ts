import { describe, expect, it } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import { ann, asking, type Asker, type CacheScene, HELLO, openScene, turn } from './__fixtures__/cache-scene.ts'
import type { ScriptedAttempt } from '../proxy/__fixtures__/scripted-fleet.ts'

function attempt(scene: CacheScene, index = -1): ScriptedAttempt {
  const found = scene.fleet.attempts.at(index)
  if (found === undefined) throw new Error('nothing was attempted')
  return found
}

/** What an upstream says to the one attempt that it got. */
async function answer(scene: CacheScene, ...chunks: string[]): Promise<void> {
  const { sink, head, data, end } = attempt(scene)
  sink.accepted()
  head(200, ['x', 'y'])
  for (const chunk of chunks) data(chunk)
  end()
  await turn()
}

const heardAll = ['granted', 'accepted', 'head 200', 'data', 'end', 'released']
const outcomes = (...askers: Asker[]): unknown[] => askers.map(({ claim }) => claim?.shared?.cached)

describe('an answer that is kept', () => {
  it('is given again, byte for byte, and nobody works for it', async () => {
    const scene = openScene()
    const first = scene.ask(asking(HELLO))
    await answer(scene, 'a\n', 'b\n')
    const second = scene.ask(asking(HELLO))
    await turn()
    expect([first.events, second.events]).toEqual([heardAll, heardAll])
    expect([first.text(), second.text()]).toEqual(['a\nb\n', 'a\nb\n'])
    expect(outcomes(first, second)).toEqual(['miss', 'hit'])
    expect(scene.fleet.attempts).toHaveLength(1)
    expect(attempt(scene).told).toEqual(['answered', 'released'])
    expect(second.claim?.shared).toMatchObject({ worker: null })
    expect([first, second].map(({ claim }) => claim?.shared?.charged()?.usage?.promptTokens)).toEqual([1, undefined])
    expect(second.claim?.upstream.id).toBe('one')
  })

  it('comes at the pace of its reader, and stops when it leaves', async () => {
    const scene = openScene()
    scene.ask(asking(HELLO))
    // Lines longer than a block each, so that each is a piece.
    const lines = ['a', 'b', 'c'].map((letter) => `${letter.repeat(20_000)}\n`)
    await answer(scene, ...lines)
    const slow = Object.assign(scene.ask(asking(HELLO)), { room: false })
    await turn()
    expect(slow.text()).toBe(lines[0])
    slow.attempt?.resume()
    expect(slow.text()).toBe(lines.slice(0, 2).join(''))
    slow.leave()
    slow.attempt?.resume()
    await turn()
    expect(slow.events).toEqual(['granted', 'accepted', 'head 200', 'data', 'released'])
  })

  it('is asked for anew once it is too old, or the client wants it so', async () => {
    const scene = openScene({ ttlMs: 500 })
    scene.ask(asking(HELLO))
    await answer(scene, 'old')
    scene.now += 499
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['hit'])
    expect(outcomes(scene.ask(asking(HELLO, { cacheWish: 'fresh' })))).toEqual(['miss'])
    await answer(scene, 'new')
    const again = scene.ask(asking(HELLO))
    await turn()
    expect([outcomes(again), again.text()]).toEqual([['hit'], 'new'])
    scene.now += 500
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['miss'])
  })

  it('is another one where its model is another one, and none where nobody says which it is', async () => {
    const scene = openScene()
    scene.ask(asking(HELLO))
    await answer(scene, 'a')
    scene.digest = 'd2'
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['miss'])
    scene.digest = null
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual([undefined])
    scene.digest = 'd1'
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['hit'])
    scene.cache.dropUnless((digest) => digest !== 'd1')
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['miss'])
  })

  it('goes when the cache is switched off, and stays when it is made larger or smaller', async () => {
    const scene = openScene()
    const settings = { mode: 'all', ttlMs: 60_000, share: 'user' } as const
    scene.ask(asking(HELLO))
    await answer(scene, 'a')
    scene.cache.configure({ ...settings, maxBytes: 2 ** 21 })
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['hit'])
    scene.cache.configure({ ...settings, maxBytes: 100 })
    expect(scene.cache.isEmpty()).toBe(true)
    scene.cache.configure({ ...settings, maxBytes: 2 ** 20 })
    scene.ask(asking(HELLO))
    await answer(scene, 'a')
    expect(scene.cache.isEmpty()).toBe(false)
    scene.cache.configure({ ...settings, maxBytes: 2 ** 20, mode: 'off' })
    expect(scene.cache.isEmpty()).toBe(true)
  })
})

describe('an answer is not kept', () => {
  const endings: Readonly<Record<string, (given: ScriptedAttempt) => void>> = {
    'that is an error': (given) => {
      given.head(404)
      given.data('no')
      given.end()
    },
    'that says itself that it is cut': (given) => {
      given.head(200)
      given.data('a cut')
      given.end()
    },
    'that breaks off': (given) => {
      given.head(200)
      given.data('a')
      given.fail({ kind: 'reset', executed: 'maybe' })
    },
    'that is larger than an eighth of the cache': (given) => {
      given.head(200)
      for (let i = 0; i < 10; i += 1) given.data('x'.repeat(16 * 1024))
      given.end()
    },
  }
  it.each(Object.entries(endings))('%s', async (_name, end) => {
    const scene = openScene()
    const first = scene.ask(asking(HELLO))
    end(attempt(scene))
    await turn()
    expect(first.events.at(-1)).toBe('released')
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['miss'])
    expect(scene.fleet.attempts).toHaveLength(2)
  })

  it('whose client has left', async () => {
    const scene = openScene()
    const first = scene.ask(asking(HELLO))
    attempt(scene).head(200)
    first.leave()
    await turn()
    expect(attempt(scene)).toMatchObject({ aborts: ['client-gone'], told: ['cancelled', 'released'] })
    expect(first.events.at(-1)).toBe('released')
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['miss'])
  })

  it('whose model was pulled again meanwhile', async () => {
    const scene = openScene()
    scene.ask(asking(HELLO))
    scene.digest = 'd2'
    await answer(scene, 'a')
    expect(scene.cache.isEmpty()).toBe(true)
  })

  it('where the client wants none kept, and none of another', async () => {
    const scene = openScene()
    expect(outcomes(scene.ask(asking(HELLO, { cacheWish: 'none' })))).toEqual([undefined])
    await answer(scene, 'a')
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['miss'])
    await answer(scene, 'a')
    expect(outcomes(scene.ask(asking(HELLO, { cacheWish: 'none' })))).toEqual([undefined])
  })
})

it('keeps no more than it may, and lets go what nobody asked for the longest time', async () => {
  const scene = openScene()
  const nth = (seed: number) => asking({ ...HELLO, options: { seed } })
  for (let seed = 0; seed < 20; seed += 1) {
    scene.ask(nth(seed))
    await answer(scene, ...Array.from({ length: 100 }, () => 'x'.repeat(1000)))
    scene.ask(nth(0))
  }
  const kept = []
  for (let seed = 0; seed < 20; seed += 1) {
    const asker = scene.ask(nth(seed))
    if (outcomes(asker)[0] === 'hit') kept.push(seed)
    else asker.leave()
  }
  expect(kept).toEqual([0, 11, 12, 13, 14, 15, 16, 17, 18, 19])
})

describe('those who ask the same at once', () => {
  it('share one attempt, whenever they come, and hear all of it', async () => {
    const scene = openScene()
    const first = scene.ask(asking(HELLO))
    const second = scene.ask(asking(HELLO))
    const { sink, head, data, end } = attempt(scene)
    sink.accepted()
    head(200)
    const third = scene.ask(asking(HELLO))
    data('a')
    const fourth = scene.ask(asking(HELLO))
    await turn()
    expect(fourth.text()).toBe('a')
    data('b')
    end()
    await turn()
    for (const asker of [first, second, third, fourth]) {
      expect([asker.events, asker.text()]).toEqual([heardAll, 'ab'])
    }
    expect(outcomes(first, second, third, fourth)).toEqual(['miss', 'coalesced', 'coalesced', 'coalesced'])
    expect(scene.fleet.attempts).toHaveLength(1)
    expect(attempt(scene)).toMatchObject({ told: ['answered', 'released'], aborts: [] })
    expect(attempt(scene).learnt).toHaveLength(2)
  })

  it('are not disturbed when the first one leaves: the next one answers for what it took', async () => {
    const scene = openScene()
    const [first, second, third] = [scene.ask(asking(HELLO)), scene.ask(asking(HELLO)), scene.ask(asking(HELLO))]
    attempt(scene).head(200)
    attempt(scene).data('a')
    expect(first?.claim?.shared?.charged()).toBeNull()
    first?.leave()
    expect(attempt(scene).aborts).toEqual([])
    attempt(scene).data('b')
    attempt(scene).end()
    await turn()
    expect([first, second, third].map((asker) => asker?.claim?.shared?.charged()?.usage?.completionTokens)).toEqual([
      undefined,
      2,
      undefined,
    ])
    expect([second?.text(), third?.text()]).toEqual(['ab', 'ab'])
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['hit'])
  })

  it('end it when the last one leaves, who answers for what it took', async () => {
    const scene = openScene()
    const [first, second] = [scene.ask(asking(HELLO)), scene.ask(asking(HELLO))]
    attempt(scene).head(200)
    attempt(scene).data('a')
    first.leave()
    second.leave()
    await turn()
    expect(attempt(scene)).toMatchObject({ aborts: ['client-gone'], told: ['cancelled', 'released'] })
    expect(second.claim?.shared?.charged()?.usage?.completionTokens).toBe(1)
    expect([first.events.at(-1), second.events.at(-1)]).toEqual(['released', 'released'])
  })

  it('tell routing what the last one makes of an upstream that says nothing', () => {
    const scene = openScene()
    const [first, second] = [scene.ask(asking(HELLO)), scene.ask(asking(HELLO))]
    first.leave()
    second.claim?.report('broken')
    second.attempt?.abort('timed-out')
    expect(attempt(scene)).toMatchObject({ aborts: ['timed-out'], told: ['broken', 'released'] })
  })

  it('all hear that it failed before its first byte, and share the next attempt', async () => {
    const scene = openScene()
    const askers = [scene.ask(asking(HELLO)), scene.ask(asking(HELLO))]
    attempt(scene).fail({ kind: 'unreachable', executed: 'no' })
    await turn()
    expect(attempt(scene).told).toEqual(['unreachable', 'released'])
    for (const { events } of askers) expect(events).toEqual(['granted', 'fail unreachable', 'released'])
    const again = asking(HELLO, { tried: new Set(['one']) })
    expect(outcomes(scene.ask(again), scene.ask(again))).toEqual(['miss', 'coalesced'])
    expect(attempt(scene).upstream).toBe('two')
  })

  it('all hear that it failed after its first byte, once they have heard what came', async () => {
    const scene = openScene()
    const [first, slow] = [scene.ask(asking(HELLO)), scene.ask(asking(HELLO))]
    slow.room = false
    attempt(scene).head(200)
    attempt(scene).data('a')
    attempt(scene).data('b')
    attempt(scene).fail({ kind: 'reset', executed: 'maybe' })
    expect(first.events.slice(-2)).toEqual(['fail reset', 'released'])
    expect([first.text(), slow.text()]).toEqual(['ab', 'a'])
    slow.room = true
    slow.attempt?.resume()
    expect([slow.text(), slow.events.slice(-2)]).toEqual(['ab', ['fail reset', 'released']])
    expect(attempt(scene).told).toEqual(['broken', 'released'])
  })

  it('join no failure: who comes later asks for itself', () => {
    const scene = openScene()
    scene.ask(asking(HELLO))
    attempt(scene).head(500)
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['miss'])
    expect(scene.fleet.attempts).toHaveLength(2)
  })

  it('never wait for a slow one: the upstream waits only where nobody has room', () => {
    const scene = openScene()
    const [slow, quick] = [scene.ask(asking(HELLO)), scene.ask(asking(HELLO))]
    slow.room = false
    attempt(scene).head(200)
    expect([attempt(scene).data('a'), attempt(scene).data('b')]).toEqual([true, true])
    expect([slow.text(), quick.text()]).toEqual(['a', 'ab'])
    quick.room = false
    expect(attempt(scene).data('c')).toBe(false)
    slow.room = true
    slow.attempt?.resume()
    expect([slow.text(), attempt(scene).resumed]).toEqual(['abc', 1])
  })

  it('lose one who falls further behind than what can be kept for it, and nobody else', async () => {
    const scene = openScene()
    const [slow, quick] = [scene.ask(asking(HELLO)), scene.ask(asking(HELLO))]
    slow.room = false
    attempt(scene).head(200)
    const lines = Array.from({ length: 20 }, (_, i) => `${String(i % 10).repeat(16_383)}\n`)
    for (const line of lines) attempt(scene).data(line)
    expect(outcomes(scene.ask(asking(HELLO)))).toEqual(['miss'])
    attempt(scene, 0).end()
    await turn()
    expect(slow.events.slice(-2)).toEqual(['fail reset', 'released'])
    expect(quick.text()).toBe(lines.join(''))
    expect(quick.events.slice(-2)).toEqual(['end', 'released'])
  })

  it('share a place in the queue; the first one may leave it to the others', async () => {
    const scene = openScene()
    scene.fleet.hold = true
    scene.fleet.place = { position: 3, waitMs: 1000 }
    const [first, second, third] = [scene.ask(asking(HELLO)), scene.ask(asking(HELLO)), scene.ask(asking(HELLO))]
    expect(second.ticket.place()).toEqual({ position: 3, waitMs: 1000 })
    first.leave()
    third.leave()
    expect(scene.fleet.cancelled).toBe(0)
    scene.fleet.grant()
    await answer(scene, 'a')
    expect([first.events, third.events]).toEqual([[], []])
    expect([second.events, second.text()]).toEqual([heardAll, 'a'])
    expect(second.claim?.shared?.charged()?.usage?.completionTokens).toBe(1)
  })

  it('give that place up when the last one leaves', () => {
    const scene = openScene()
    scene.fleet.hold = true
    const [first, second] = [scene.ask(asking(HELLO)), scene.ask(asking(HELLO))]
    first.leave()
    second.leave()
    second.leave()
    expect(scene.fleet.cancelled).toBe(1)
    scene.fleet.grant()
    expect(scene.fleet.attempts).toHaveLength(0)
  })

  it('ask for themselves where the first one is refused', async () => {
    const scene = openScene()
    scene.fleet.hold = true
    const [first, second, third] = [scene.ask(asking(HELLO)), scene.ask(asking(HELLO)), scene.ask(asking(HELLO))]
    scene.fleet.refuse(new GatewayError('no_upstream'))
    expect([first.events, second.events]).toEqual([['refused no_upstream'], []])
    expect(scene.fleet.requests).toHaveLength(2)
    third.leave()
    scene.fleet.grant()
    await answer(scene, 'a')
    expect([second.text(), third.events]).toEqual(['a', []])
  })

  it('do not wait in the queue behind a batch, unless they are one', () => {
    const scene = openScene()
    scene.fleet.hold = true
    const batch = { ...ann, queue: { class: 'batch', weight: 1 } } as const
    scene.ask(asking(HELLO, { principal: batch }))
    scene.ask(asking(HELLO, { principal: batch }))
    expect(scene.fleet.requests).toHaveLength(1)
    scene.ask(asking(HELLO))
    scene.ask(asking(HELLO))
    expect(scene.fleet.requests).toHaveLength(2)
  })

  it('pass on what comes before the head', () => {
    const scene = openScene()
    const first = scene.ask(asking(HELLO))
    return turn().then(() => {
      attempt(scene).sink.accepted()
      attempt(scene).sink.info(103, [])
      expect(first.events).toEqual(['granted', 'accepted', 'info 103'])
    })
  })
})
