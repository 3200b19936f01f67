import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { FaultRule } from '../../fakes/fake-ollama/faults.ts'
import {
  asked,
  type AskedRoute,
  errorText,
  isTerminator,
  payloads,
  routes,
  type Scene,
  startScene,
  wholes,
} from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene[Symbol.asyncDispose]())

/** Faults that show before a client has seen a byte, and what a client is told where nobody else can answer. */
const faults: readonly (readonly [name: string, fault: FaultRule | 'refuse', status: number, told: RegExp])[] = [
  ['refuses the connection', 'refuse', 502, /^No upstream could be reached$/],
  ['resets before the head', { kind: 'reset-before-headers' }, 502, /broke off/],
  ['resets after the head', { kind: 'reset-after-headers' }, 502, /broke off/],
  ['answers with a page', { kind: 'html-200' }, 502, /not its API/],
  ['is busy', { kind: 'busy-503' }, 503, /server busy/],
]

/** Their kin, for which a few routes will do. */
const kin: typeof faults = [
  ['resets before it has read the body', { kind: 'reset-before-headers', readBody: false }, 502, /broke off/],
  ['says goodbye before the head', { kind: 'reset-before-headers', ending: 'fin' }, 502, /broke off/],
  ['says goodbye after the head', { kind: 'reset-after-headers', ending: 'fin' }, 502, /broke off/],
]
const some = routes.filter(({ name }) => ['a native stream', 'a response', 'a whole chat completion'].includes(name))

async function breakA(fault: FaultRule | 'refuse'): Promise<void> {
  if (fault === 'refuse') await scene.a.setDoor('refuse')
  else scene.a.faults.add(fault)
}

function expectWhole(route: AskedRoute, result: Awaited<ReturnType<Scene['ask']>>): void {
  expect([result.status, result.ending]).toEqual([200, 'complete'])
  const said = payloads(route, result)
  expect(said.filter((payload) => errorText(payload) !== undefined)).toEqual([])
  if (route.streams) expect(said.filter(isTerminator)).toHaveLength(1)
}

const matrix = [...faults.map((each) => [...each, routes] as const), ...kin.map((each) => [...each, some] as const)]

describe.each(matrix)('when an upstream %s', (_name, fault, status, told, affected) => {
  it.each(affected)('$name comes from another one, once', async (route) => {
    await breakA(fault)
    const result = await scene.ask(route)
    expectWhole(route, result)
    expect(result.headers['corral-upstream']).toBe('b')
    const [atA, atB] = asked(scene, route.path)
    expect(atB).toBe(1)
    // A connection that was kept is tried once more on a fresh one: a closed one cannot be told from a broken one.
    expect(atA).toBeLessThanOrEqual(fault === 'refuse' ? 0 : 2)
  })

  it.each(affected)('and no other has the model, $name is an error in its dialect', async (route) => {
    await breakA(fault)
    const result = await scene.ask(route, 'solo')
    const body = JSON.parse(result.text) as object
    // A probe may have found out first that nobody listens.
    const isKnownDown = fault === 'refuse' && result.headers['corral-error'] === 'no_upstream'
    expect([result.status, result.ending]).toEqual([isKnownDown ? 503 : status, 'complete'])
    expect(errorText(body)).toMatch(isKnownDown ? /solo:latest" is available/ : told)
    const shape = { ollama: ['error'], openai: ['error'], responses: ['error'], anthropic: ['error', 'type'] }[
      route.dialect
    ]
    expect(Object.keys(body)).toEqual(expect.arrayContaining(shape))
    if (result.status === 502) expect(result.headers['corral-error']).toMatch(/^upstream_/)
    expect(result.headers['x-should-retry']).toBeUndefined()
  })
})

describe('when an upstream sends more than it promised', () => {
  it.each(wholes)('$name comes from another one', async (route) => {
    scene.a.faults.add({ kind: 'content-length-too-short' })
    expectWhole(route, await scene.ask(route))
  })

  it.each(wholes)('and no other has the model, $name is an error', async (route) => {
    scene.a.faults.add({ kind: 'content-length-too-short' })
    const result = await scene.ask(route, 'solo')
    expect([result.status, errorText(JSON.parse(result.text))]).toEqual([502, expect.stringContaining('not its API')])
  })
})

describe('when an upstream is silent', () => {
  it('every route comes from another one after the first-byte timeout', async () => {
    scene.a.faults.add({ kind: 'stall-before-first-byte' })
    const results = await Promise.all(routes.map(async (route) => ({ route, result: await scene.ask(route) })))
    for (const { route, result } of results) expectWhole(route, result)
    expect(scene.b.counters.snapshot().opened).toBeGreaterThanOrEqual(routes.length)
    await scene.a.counters.until((counters) => counters.aborted === routes.length)
  })

  it('and no other has the model, every route says so in its dialect', async () => {
    scene.a.faults.add({ kind: 'stall-before-first-byte' })
    const results = await Promise.all(routes.map((route) => scene.ask(route, 'solo')))
    expect(results.map((result) => result.status)).toEqual(routes.map(() => 504))
    for (const result of results) expect(errorText(JSON.parse(result.text))).toBe('The upstream took too long')
  })
})

describe('when both upstreams fail', () => {
  it.each(routes)('$name says what failed last', async (route) => {
    scene.a.faults.add({ kind: 'html-200' })
    scene.b.faults.add({ kind: 'reset-before-headers' })
    const result = await scene.ask(route)
    expect([result.status, result.headers['corral-error']]).toEqual([502, 'upstream_reset'])
  })

  it('a busy one is the better news, and is passed on in its own words', async () => {
    for (const fake of [scene.a, scene.b]) fake.faults.add({ kind: 'busy-503' })
    const result = await scene.post('/api/chat', { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] })
    expect([result.status, JSON.parse(result.text)]).toEqual([
      503,
      { error: 'server busy, please try again.  maximum pending requests exceeded' },
    ])
  })
})

describe('a connection that the upstream closes when it is used again', () => {
  it('costs nobody an answer', async () => {
    scene.a.faults.add({ kind: 'close-after-reuse' })
    for (const route of [...routes, ...routes]) {
      const result = await scene.ask(route)
      expect([result.status, result.ending, result.headers['corral-upstream']]).toEqual([200, 'complete', 'a'])
    }
  })
})
