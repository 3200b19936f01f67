import { describe, expect, it } from 'vitest'
import type { RawHeaders } from '../lib/raw-headers.ts'
import type { Attempt, ResponseSink, UpstreamRequest } from '../proxy/upstream.ts'
import { createCountsAsking } from './counts-asking.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const ASKED = [encode('{"stream_options":{"include_usage":true}}')]
const PLAIN = [encode('{}')]
const REQUEST: UpstreamRequest = { method: 'POST', target: '/v1/completions', headers: [], body: ASKED }
const ASKING: UpstreamRequest = { ...REQUEST, bodyUnasked: () => PLAIN }
const REFUSAL = '{"error":{"message":"Extra inputs are not permitted, field: \'stream_options\'"}}'

interface Try {
  readonly body: UpstreamRequest['body']
  readonly sink: ResponseSink
  readonly did: string[]
}

interface Scene {
  readonly tries: Try[]
  readonly heard: string[]
  ask(request?: UpstreamRequest): Attempt
  /** The whole answer to the last try. */
  answer(status: number, text: string): void
}

function begin(): Scene {
  const tries: Try[] = []
  const heard: string[] = []
  const send = createCountsAsking((request, sink) => {
    const did: string[] = []
    tries.push({ body: request.body, sink, did })
    return { abort: (reason) => void did.push(reason), resume: () => void did.push('resume') }
  })
  return {
    tries,
    heard,
    ask: (request = ASKING) => send(request, recorder(heard)),
    answer(status, text) {
      const { sink } = last(tries)
      sink.accepted()
      sink.head(status, ['x', 'y'])
      for (let at = 0; at < text.length; at += 20_000) sink.data(encode(text.slice(at, at + 20_000)))
      sink.end()
      sink.released()
    },
  }
}

function last(tries: readonly Try[]): Try {
  const found = tries.at(-1)
  if (found === undefined) throw new Error('nothing was sent')
  return found
}

function recorder(heard: string[]): ResponseSink {
  return {
    accepted: () => void heard.push('accepted'),
    info: (status) => void heard.push(`info ${status}`),
    head: (status: number, headers: RawHeaders) => void heard.push(`head ${status} ${headers.join()}`),
    data(chunk) {
      heard.push(chunk.length > 100 ? `data of ${chunk.length}` : new TextDecoder().decode(chunk))
      return true
    },
    end: () => void heard.push('end'),
    fail: ({ kind }) => void heard.push(`fail ${kind}`),
    released: () => void heard.push('released'),
  }
}

describe('createCountsAsking', () => {
  it('sends what asks for counts, and the answer passes as it comes', () => {
    const scene = begin()
    scene.ask()
    expect(scene.tries.map(({ body }) => body)).toEqual([ASKED])
    scene.answer(200, 'yes')
    expect(scene.heard).toEqual(['accepted', 'head 200 x,y', 'yes', 'end', 'released'])
  })

  it('sends the client’s own bytes to who refuses, as one attempt, and from then on first', () => {
    const scene = begin()
    scene.ask()
    scene.answer(400, REFUSAL)
    expect([scene.heard, scene.tries.map(({ body }) => body)]).toEqual([['accepted'], [ASKED, PLAIN]])
    scene.answer(200, 'yes')
    expect(scene.heard).toEqual(['accepted', 'head 200 x,y', 'yes', 'end', 'released'])
    scene.ask()
    scene.answer(200, 'again')
    expect(scene.tries.map(({ body }) => body)).toEqual([ASKED, PLAIN, PLAIN])
    expect(scene.heard.slice(-2)).toEqual(['end', 'released'])
  })

  it('passes on the refusal of the client’s own bytes, and asks for counts again', () => {
    const scene = begin()
    scene.ask()
    scene.answer(422, REFUSAL)
    scene.answer(400, 'no such model')
    expect(scene.heard).toEqual(['accepted', 'head 400 x,y', 'no such model', 'end', 'released'])
    scene.ask()
    expect(last(scene.tries).body).toBe(ASKED)
  })

  it.each([
    [400, 'no such model', ['no such model']],
    [404, REFUSAL, [REFUSAL]],
    [400, 'x'.repeat(90_000), ['data of 20000', 'data of 20000', 'data of 20000', 'data of 20000', 'data of 10000']],
  ])('passes on what is no such refusal: %i %s', (status, text, data) => {
    const scene = begin()
    scene.ask()
    scene.answer(status, text)
    expect(scene.heard).toEqual(['accepted', `head ${status} x,y`, ...data, 'end', 'released'])
    expect(scene.tries).toHaveLength(1)
  })

  it('has no part in a request that asks for no counts of its own', () => {
    const scene = begin()
    scene.ask(REQUEST)
    scene.answer(400, REFUSAL)
    expect(scene.heard).toEqual(['accepted', 'head 400 x,y', REFUSAL, 'end', 'released'])
  })

  it('tells of a refusal that broke off as it came', () => {
    const scene = begin()
    scene.ask()
    const { sink } = last(scene.tries)
    sink.head(400, [])
    sink.data(encode('half'))
    sink.fail({ kind: 'reset', executed: 'maybe' })
    sink.released()
    expect(scene.heard).toEqual(['head 400 ', 'half', 'fail reset', 'released'])
  })

  it('asks nobody a second time once it was given up', () => {
    const scene = begin()
    const attempt = scene.ask()
    const { sink, did } = last(scene.tries)
    sink.head(400, [])
    sink.data(encode(REFUSAL))
    sink.end()
    attempt.abort('client-gone')
    sink.released()
    expect([scene.heard, did, scene.tries.length]).toEqual([['released'], ['client-gone'], 1])
  })

  it('aborts and resumes the try that runs', () => {
    const scene = begin()
    const attempt = scene.ask()
    scene.answer(400, REFUSAL)
    attempt.resume()
    attempt.abort('timed-out')
    expect(scene.tries.map(({ did }) => did)).toEqual([[], ['resume', 'timed-out']])
  })
})
