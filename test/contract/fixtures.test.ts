import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadFixtures, NO_FIXTURES, requestBytes, type Fixture } from '../fakes/fixtures.ts'
import { parseResponse, type ParsedResponse } from '../system/harness/parse-response.ts'
import { vias } from '../system/harness/agent-before.ts'
import { rawExchange } from '../system/harness/raw-exchange.ts'
import { asSent, asUpstreamSeesIt } from './asked-for-counts.ts'
import { contentHeaders, relayedHeaders } from './content-headers.ts'
import { exceptions } from './exceptions.ts'
import { startRecordedUpstream, type RecordedUpstream } from './recorded-upstream.ts'

const fixtures = loadFixtures()
/** Recorded against the list of models as it stands in the recordings. */
const LISTS = new Set([
  'tags',
  'ps',
  'v1-models',
  'v1-model',
  'v1-model-slash',
  'origin-ok',
  'host-denied',
  'origin-denied',
])
const OTHER_MODELS = ['tinythink:latest', 'tiny3:latest', 'ns/tiny2:v1']

describe('recorded exchanges', () => {
  it('have no exception of another name', ({ skip }) => {
    skip(fixtures.length === 0, NO_FIXTURES)
    const names = new Set(fixtures.map((fixture) => fixture.name))
    expect(Object.keys(exceptions).filter((name) => !names.has(name))).toEqual([])
  })
})

const ways = vias.flatMap((via) => [
  { via, keepAlive: false },
  { via, keepAlive: true },
])

describe.for(ways)('through the gateway, upstream $via with keep-alive $keepAlive', ({ via, keepAlive }) => {
  let lists: RecordedUpstream
  let models: RecordedUpstream
  beforeAll(async () => {
    if (fixtures.length === 0) return
    lists = await startRecordedUpstream(fixtures, { via, keepAlive })
    models = await startRecordedUpstream(fixtures, { via, keepAlive, alsoModels: OTHER_MODELS })
  })
  afterAll(async () => {
    await lists?.[Symbol.asyncDispose]()
    await models?.[Symbol.asyncDispose]()
  })

  it('has recordings to replay', ({ skip }) => {
    skip(fixtures.length === 0, NO_FIXTURES)
    expect(fixtures).toHaveLength(68)
  })

  it.for(fixtures)('$name', async (fixture) => {
    const upstream = LISTS.has(fixture.name) ? lists : models
    const exception = exceptions[fixture.name]
    upstream.replay.select(
      exception?.upstream === 'asked-otherwise' ? asOllamaSeesIt(fixture) : asUpstreamSeesIt(fixture),
    )
    const response = await ask(upstream, fixture, keepAlive)
    expectAnswer(response, fixture)
    if (exception?.upstream !== 'asked-otherwise') expectAsked(upstream, fixture)
  })

  it.for(fixtures.filter((fixture) => fixture.response.chunks.length > 1))(
    '$name is relayed chunk by chunk, each before the next one exists',
    async (fixture) => {
      models.replay.select(asUpstreamSeesIt(fixture), { stepwise: true })
      const lengths = fixture.response.chunks.map((_, index, all) =>
        Buffer.byteLength(all.slice(0, index + 1).join('')),
      )
      let seen = 0
      const bytes = requestBytes(fixture, 'localhost', credentials(models, false))
      const { received } = await rawExchange(models.gateway.port, bytes, {
        until(sofar) {
          const length = parseResponse(sofar)?.body.length ?? 0
          while (seen < lengths.length - 1 && length >= (lengths[seen] ?? Infinity)) {
            seen += 1
            models.replay.advance()
          }
          return false
        },
      })
      expect(seen).toBe(lengths.length - 1)
      expect(parseResponse(received)?.complete).toBe(true)
    },
  )
})

/** The list that Ollama gives to whoever asks with its own Host and without an Origin. */
function asOllamaSeesIt(fixture: Fixture): Fixture {
  if (!['host-denied', 'origin-denied'].includes(fixture.name)) return fixture
  return fixtures.find((candidate) => candidate.name === 'tags') ?? fixture
}

async function ask(upstream: RecordedUpstream, fixture: Fixture, keepAlive: boolean): Promise<ParsedResponse> {
  const host = fixture.name === 'host-denied' ? 'evil.example' : 'localhost:11434'
  const bytes = requestBytes(fixture, host, credentials(upstream, keepAlive))
  const { method } = fixture.request
  const { received, ending } = await rawExchange(upstream.gateway.port, bytes, {
    until: (sofar) => keepAlive && parseResponse(sofar, { method })?.complete === true,
  })
  const response = parseResponse(received, { method, closed: ending === 'closed' })
  if (response === undefined) throw new Error(`no answer, ${ending}`)
  return response
}

function credentials(upstream: RecordedUpstream, keepAlive: boolean): [string, string][] {
  const close: [string, string][] = keepAlive ? [] : [['Connection', 'close']]
  return [['Authorization', `Bearer ${upstream.key}`], ...close]
}

function expectAnswer(response: ParsedResponse, fixture: Fixture): void {
  const exception = exceptions[fixture.name]
  const recorded = fixture.response.chunks.join('')
  const body = response.body.toString('utf8')
  expect(response.status).toBe(exception?.status ?? fixture.response.status)
  if (exception?.body === undefined) expect(body).toBe(recorded)
  else expect([exception.body(body, recorded), body]).toEqual([true, body])
  const without = exception?.otherHeaders ?? []
  expect(relayedHeaders(response.headers, without)).toEqual(contentHeaders(fixture.response.headers, without))
  expect(response.complete).toBe(true)
  expect(response.rest.length).toBe(0)
}

/** The client's bytes, asked for counts where they stream without, with a length, and nothing of the client's that is not Ollama's business. */
function expectAsked(upstream: RecordedUpstream, fixture: Fixture): void {
  const received = upstream.replay.received()
  if (exceptions[fixture.name]?.upstream === 'unasked') return expect(received).toEqual([])
  expect(received).toHaveLength(1)
  const [request] = received
  const body = asSent(fixture.request.path, fixture.request.body ?? '')
  expect(request?.body.toString('utf8')).toBe(body)
  const mayHaveBody = !['GET', 'HEAD'].includes(fixture.request.method)
  expect(request?.framing).toBe(mayHaveBody ? 'length' : 'none')
  const headers = new Map(request?.headers.map(([name, value]) => [name.toLowerCase(), value]))
  expect(headers.get('host')).toBe('localhost:11434')
  expect(headers.get('accept-encoding')).toBe('identity')
  if (mayHaveBody) expect(headers.get('content-length')).toBe(String(Buffer.byteLength(body)))
  expect(headers.has('authorization')).toBe(false)
  expect(headers.has('origin')).toBe(false)
}
