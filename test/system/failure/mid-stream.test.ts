import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { FaultRule } from '../../fakes/fake-ollama/faults.ts'
import { parseResponse } from '../harness/parse-response.ts'
import { rawExchange } from '../harness/raw-exchange.ts'
import { rawRequest } from '../harness/raw-request.ts'
import {
  asked,
  type AskedRoute,
  errorText,
  isTerminator,
  payloads,
  type Scene,
  startScene,
  streams,
  wholes,
} from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene[Symbol.asyncDispose]())

const AFTER = { afterChunks: 3 }

/** How a stream may die after its client has seen some of it, and what the client is told. */
const deaths: readonly (readonly [name: string, fault: FaultRule, told: RegExp])[] = [
  ['is reset inside a line', { kind: 'reset-mid-line', ...AFTER }, /broke off/],
  ['is closed inside a line', { kind: 'reset-mid-line', ...AFTER, ending: 'fin' }, /broke off/],
  ['ends in good order inside a line', { kind: 'reset-mid-line', ...AFTER, ending: 'clean' }, /before it was complete/],
  ['is cut inside a character', { kind: 'cut-mid-utf8', ...AFTER }, /broke off/],
  [
    'ends in good order inside a character',
    { kind: 'cut-mid-utf8', ...AFTER, ending: 'clean' },
    /before it was complete/,
  ],
  ['ends in good order without its last word', { kind: 'clean-end', ...AFTER }, /before it was complete/],
]

/** Whole payloads, the last of them the only error; throws where something is no JSON. */
function expectTold(route: AskedRoute, result: Awaited<ReturnType<Scene['ask']>>, told: RegExp): void {
  expect([result.status, result.ending, result.rest]).toEqual([200, 'complete', ''])
  const said = payloads(route, result)
  expect(said.length).toBeGreaterThan(1)
  expect(said.filter(isTerminator)).toEqual([])
  expect(said.filter((payload) => errorText(payload) !== undefined)).toEqual([said.at(-1)])
  expect(errorText(said.at(-1))).toMatch(told)
}

describe.each(deaths)('a stream that %s', (_name, fault, told) => {
  it.each(streams)('ends with an error in its dialect: $name', async (route) => {
    scene.a.faults.add(fault)
    const result = await scene.ask(route)
    expectTold(route, result, told)
    expect(asked(scene, route.path)).toEqual([1, 0])
  })
})

describe('a stream that stalls', () => {
  it('ends with an error in its dialect after the idle timeout, and the upstream is let go', async () => {
    scene.a.faults.add({ kind: 'stall-mid-stream', ...AFTER })
    const results = await Promise.all(streams.map(async (route) => ({ route, result: await scene.ask(route) })))
    for (const { route, result } of results) expectTold(route, result, /took too long/)
    await scene.a.counters.until((counters) => counters.aborted === streams.length)
  })
})

describe('a stream whose length is wrong', () => {
  it.each(streams)('is never taken for whole: $name', async (route) => {
    for (const kind of ['content-length-too-long', 'content-length-too-short'] as const) {
      await scene.reset()
      scene.a.faults.add({ kind })
      const result = await scene.ask(route, 'solo').catch((error: Error) => error.message)
      // What came before may be one whole line or nothing, or where writes take their time (Deno) not even a head.
      if (typeof result === 'string') expect(result).toMatch(/socket hang up|ECONNRESET/)
      else if (result.status === 200) expect(result.ending).toBe('broken')
      else
        expect([result.status, errorText(JSON.parse(result.text))]).toEqual([
          502,
          expect.stringContaining('not its API'),
        ])
    }
  })
})

describe('an error that the upstream tells itself', () => {
  it.each(streams)('is told once: $name', async (route) => {
    scene.a.faults.add({ kind: 'error-line', ...AFTER })
    const result = await scene.ask(route)
    const own = /an error was encountered while running the model/
    // Ollama loses it on /v1, where the stream just ends.
    expectTold(route, result, route.dialect === 'ollama' ? own : /before it was complete/)
    const lines = result.text.split('\n').filter((line) => /error was enc|before it was complete/.test(line))
    expect(lines).toHaveLength(1)
  })
})

describe('a complete stream', () => {
  it.each(streams)('gets nothing added: $name', async (route) => {
    const direct = await fetch(scene.a.url + route.path, { method: 'POST', body: JSON.stringify(route.body('tiny')) })
    const expected = (await direct.text()).replaceAll(
      /\d{4}-\d\d-\d\dT[\d:.]+Z|_duration":\d+|created(_at)?":\d+|completed_at":\d+/g,
      '',
    )
    const result = await scene.ask(route)
    expect(result.ending).toBe('complete')
    expect(
      result.text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z|_duration":\d+|created(_at)?":\d+|completed_at":\d+/g, ''),
    ).toBe(expected)
    expect(payloads(route, result).filter(isTerminator)).toHaveLength(1)
  })
})

describe('a whole answer that dies', () => {
  const cuts: readonly FaultRule[] = [
    { kind: 'reset-mid-line' },
    { kind: 'reset-mid-line', ending: 'fin' },
    { kind: 'cut-mid-utf8' },
    { kind: 'content-length-too-long', bytes: 10 },
  ]

  it.each(wholes)('is a 502, or a cut that nobody takes for whole: $name', async (route) => {
    for (const fault of cuts) {
      await scene.reset()
      scene.a.faults.add(fault)
      const result = await scene.ask(route, 'solo')
      if (result.status === 502) expect(errorText(JSON.parse(result.text))).toMatch(/broke off/)
      else expect([fault.kind, result.status, result.ending]).toEqual([fault.kind, 200, 'broken'])
    }
  })

  it('in silence is cut, too', async () => {
    scene.a.faults.add({ kind: 'stall-mid-stream', afterChunks: 0 })
    const results = await Promise.all(wholes.map((route) => scene.ask(route, 'solo')))
    for (const result of results) expect([504, 200]).toContain(result.status)
    expect(results.filter((result) => result.status === 200 && result.ending === 'complete')).toEqual([])
  })
})

describe('characters of several bytes', () => {
  it.each(streams)('arrive whole in every chunk, however the upstream cuts them: $name', async (route) => {
    scene.a.faults.add({ kind: 'slow-drip', bytes: 1, delayMs: 0 })
    const body = JSON.stringify(route.body('tiny'))
    const bytes = rawRequest(route.path, { key: scene.gateway.adminKey, body })
    const { received } = await rawExchange(scene.gateway.port, bytes, {
      until: (all) => parseResponse(all)?.complete === true,
    })
    const response = parseResponse(received)
    const strict = new TextDecoder('utf-8', { fatal: true })
    const texts = response?.chunks.map((chunk) => strict.decode(chunk)) ?? []
    expect(texts.join('')).toMatch(/[\u0080-\u{10ffff}]/u)
    expect(texts.filter((text) => !text.endsWith('\n'))).toEqual([])
  })
})
