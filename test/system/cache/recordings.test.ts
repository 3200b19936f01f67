import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fixture, loadFixtures, NO_FIXTURES, requestBytes } from '../../fakes/fixtures.ts'
import { asUpstreamSeesIt } from '../../contract/asked-for-counts.ts'
import { withModels } from '../../contract/recorded-upstream.ts'
import { startReplayOllama, type ReplayOllama } from '../../fakes/replay-ollama.ts'
import { parseResponse, type ParsedResponse } from '../harness/parse-response.ts'
import { rawExchange } from '../harness/raw-exchange.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

const GENERATES =
  /^\/(?:api\/(?:chat|generate|embed|embeddings)|v1\/(?:chat\/completions|completions|embeddings|responses|messages))(?:\?|$)/
const all = loadFixtures()
const fixtures = all.filter(({ request }) => request.method === 'POST' && GENERATES.test(request.path))

let replay: ReplayOllama
let gateway: RunningGateway
const hits = new Set<string>()

beforeAll(async () => {
  if (all.length === 0) return
  const background = all
    .filter(({ name }) => ['version', 'tags', 'ps', 'show'].includes(name))
    .map((each) => (each.name === 'tags' ? withModels(each, ['tinythink:latest']) : each))
  replay = await startReplayOllama({ background, keepAlive: true })
  const config = { upstreams: [{ name: 'replay', url: replay.url }], cache: { mode: 'all' } }
  gateway = await startGateway({ config })
})
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await replay?.stop()
})

async function ask(fixture: Fixture): Promise<ParsedResponse> {
  replay.select(asUpstreamSeesIt(fixture))
  const extra = [
    ['Authorization', `Bearer ${gateway.adminKey}`],
    ['Connection', 'close'],
  ] as const
  const { received } = await rawExchange(gateway.port, requestBytes(fixture, 'localhost', extra))
  const response = parseResponse(received, { method: 'POST', closed: true })
  if (response === undefined) throw new Error('no answer')
  return response
}

const cached = ({ headers }: ParsedResponse): string | undefined =>
  headers.find(([name]) => name.toLowerCase() === 'corral-cache')?.[1]

describe('every recorded answer', () => {
  it('is there', ({ skip }) => {
    skip(fixtures.length === 0, NO_FIXTURES)
    expect(fixtures.length).toBeGreaterThan(30)
  })

  it.for(fixtures)('is given a second time as it was the first time, or asked for again: $name', async (fixture) => {
    const first = await ask(fixture)
    const second = await ask(fixture)
    expect([second.status, second.complete]).toEqual([first.status, first.complete])
    expect(second.body.toString()).toBe(first.body.toString())
    if (cached(second) === 'hit') hits.add(fixture.name)
    if (first.status !== 200) expect(cached(second)).not.toBe('hit')
  })

  it('that streams and has something to say is kept', ({ skip }) => {
    skip(fixtures.length === 0, NO_FIXTURES)
    const isStream = ({ name, response: { status, chunks } }: Fixture): boolean =>
      status === 200 && chunks.length > 2 && !name.startsWith('midstream-error-')
    expect(fixtures.filter((each) => isStream(each) && !hits.has(each.name)).map(({ name }) => name)).toEqual([])
    expect([...hits].filter((name) => name.startsWith('midstream-error-'))).toEqual([])
    expect(hits.size).toBeGreaterThan(15)
  })
})
