import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { maskedLines } from '../../contract/masked.ts'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FaultRule } from '../../fakes/fake-ollama/faults.ts'
import { type AskedRoute, isTerminator, streams, wholes } from '../failure/scene.ts'
import { startGatewayVia, type Via, vias } from '../harness/agent-before.ts'
import { headerOf, parseResponse } from '../harness/parse-response.ts'
import { rawExchange } from '../harness/raw-exchange.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { loggedExchange } from '../harness/request-log.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'
import { untilTrusted } from '../harness/until-trusted.ts'

let fake: FakeOllama
const gateways = new Map<Via, RunningGateway>()
beforeAll(async () => {
  fake = await startFakeOllama({ parallel: 16, models: [{ name: 'tiny' }] })
  for (const via of vias) gateways.set(via, await startGatewayVia(via, fake.url))
})
afterAll(async () => {
  for (const gateway of gateways.values()) await gateway[Symbol.asyncDispose]()
  await fake.stop()
})

/** What a client is sent of one answer, byte for byte but for what no two answers have alike, and what is logged of it. */
interface Outcome {
  readonly status: number | undefined
  readonly lines: readonly string[]
  /** By the framing of the answer. */
  readonly isWhole: boolean
  readonly logged: { readonly ending: string; readonly error: string | null }
}

function gatewayVia(via: Via): RunningGateway {
  const gateway = gateways.get(via)
  if (gateway === undefined) throw new Error(`No gateway serves ${via}`)
  return gateway
}

function postRaw(gateway: RunningGateway, path: string, body: object): ReturnType<typeof rawExchange> {
  const bytes = rawRequest(path, { key: gateway.adminKey, body: JSON.stringify(body) })
  return rawExchange(gateway.port, bytes, { until: (all) => parseResponse(all)?.complete === true })
}

async function struck(via: Via, route: AskedRoute, fault: FaultRule): Promise<Outcome> {
  const gateway = gatewayVia(via)
  fake.faults.clear()
  await untilTrusted(async () => {
    const { received } = await postRaw(gateway, '/api/generate', { model: 'tiny', stream: false })
    return { status: parseResponse(received)?.status ?? 0 }
  })
  fake.faults.add({ ...fault, route: route.path })
  const { received, ending } = await postRaw(gateway, route.path, route.body('tiny'))
  const response = parseResponse(received)
  if (response === undefined) throw new Error(`No answer via ${via}: ${received.length} bytes, ${ending}`)
  const { ending: how, error } = await loggedExchange(gateway.folder, headerOf(response, 'x-request-id') ?? '')
  const { status, complete } = response
  return { status, lines: maskedLines(response), isWhole: complete, logged: { ending: how, error } }
}

async function struckVia(route: AskedRoute, fault: FaultRule): Promise<Record<Via, Outcome>> {
  const outcomes: [Via, Outcome][] = []
  for (const via of vias) outcomes.push([via, await struck(via, route, fault)])
  return Object.fromEntries(outcomes) as Record<Via, Outcome> // one of each
}

const AFTER = { afterChunks: 3 }

describe('an upstream that announces more than it sends', () => {
  it.each(streams)('is heard to its last byte, and found out: $name', async (route) => {
    const { direct, ws, sse } = await struckVia(route, { kind: 'content-length-too-long' })
    expect(direct).toMatchObject({
      status: 200,
      isWhole: false,
      logged: { ending: 'upstream-failed', error: 'upstream_reset' },
    })
    expect(direct.lines.filter(saysItsLastWord)).toHaveLength(1)
    expect([ws, sse]).toEqual([direct, direct])
  })
})

describe('an answer that is one whole', () => {
  it.each(wholes)('comes to its last byte where its length is too long: $name', async (route) => {
    const { direct, ws, sse } = await struckVia(route, { kind: 'content-length-too-long' })
    expect(direct).toMatchObject({ status: 200, isWhole: false, logged: { ending: 'upstream-failed' } })
    expect(() => JSON.parse(direct.lines.join('\n'))).not.toThrow()
    expect([ws, sse]).toEqual([direct, direct])
  })

  it.each(wholes)('comes as far as it came where it is cut: $name', async (route) => {
    // Times stand in it, so that half of it is not always as long.
    for (const outcome of Object.values(await struckVia(route, { kind: 'reset-mid-line' }))) {
      expect(outcome).toMatchObject({ status: 200, isWhole: false, logged: { ending: 'upstream-failed' } })
      expect(outcome.lines.join('')).toMatch(/^\{"\w+":["[]/)
    }
  })
})

describe('an upstream that sends more than it announced', () => {
  it.each(streams)('is not believed a word of what is too much: $name', async (route) => {
    // A first line that fits has passed, or not, as the packets fall.
    for (const outcome of Object.values(await struckVia(route, { kind: 'content-length-too-short' }))) {
      expect(outcome.logged).toEqual({ ending: 'upstream-failed', error: 'upstream_bad_response' })
      expect([200, 502]).toContain(outcome.status)
      expect(outcome.isWhole).toBe(outcome.status === 502)
      expect(outcome.lines.filter(saysItsLastWord)).toEqual([])
    }
  })
})

describe.each<readonly [string, FaultRule, string]>([
  ['is reset inside a line', { kind: 'reset-mid-line', ...AFTER }, 'upstream_reset'],
  ['is closed inside a line', { kind: 'reset-mid-line', ...AFTER, ending: 'fin' }, 'upstream_reset'],
  ['ends inside a line', { kind: 'reset-mid-line', ...AFTER, ending: 'clean' }, 'upstream_truncated'],
  ['ends without its last word', { kind: 'clean-end', ...AFTER }, 'upstream_truncated'],
  ['is cut inside a character', { kind: 'cut-mid-utf8', ...AFTER }, 'upstream_reset'],
])('a stream that %s', (_name, fault, error) => {
  it.each(streams)('is the same through an agent, error and all: $name', async (route) => {
    const { direct, ws, sse } = await struckVia(route, fault)
    expect(direct).toMatchObject({ status: 200, isWhole: true, logged: { ending: 'upstream-failed', error } })
    expect(direct.lines.filter(saysItsLastWord)).toEqual([])
    expect(direct.lines.filter((line) => /"error":(\{|")/.test(line))).toHaveLength(1)
    expect([ws, sse]).toEqual([direct, direct])
  })
})

function saysItsLastWord(line: string): boolean {
  const text = line.startsWith('data: ') ? line.slice('data: '.length) : line
  if (text === '[DONE]') return true
  return text.startsWith('{') && isTerminator(JSON.parse(text))
}
