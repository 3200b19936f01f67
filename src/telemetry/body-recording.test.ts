import { describe, expect, it } from 'vitest'
import { createRecordingClient } from '../proxy/__fixtures__/recording-client.ts'
import { CHAT } from '../proxy/__fixtures__/routes.ts'
import { createBodyBudget } from '../proxy/body-budget.ts'
import { ExchangeTrace } from '../proxy/exchange-trace.ts'
import type { BodyReceiver, BodyStream } from '../proxy/upstream.ts'
import { BodyCapture } from './body-capture.ts'
import { type BodyRecording, recordBodies } from './body-recording.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const principal = {
  user: 'u',
  keyId: 'k',
  keyName: 'n',
  scopes: new Set<never>(),
  models: null,
  upstreams: null,
  pools: null,
}

function record(body: BodyStream | null = null, route = CHAT) {
  const inner = createRecordingClient()
  const over: BodyRecording[] = []
  const budget = createBodyBudget(1e6)
  const admitted = {
    route,
    principal,
    params: {},
    target: '/',
    body,
    trace: new ExchangeTrace('x', 'POST'),
    extraHeaders: [],
  }
  const watched = recordBodies(inner, admitted, {
    createCapture: () => new BodyCapture(1e5, budget),
    over: (recording) => void over.push(recording),
  })
  const told = () =>
    over.map(({ end, status, request, answer }) => [end, status, request.capture.take(), answer.capture.take()])
  return { inner, watched, over, told }
}

function streamOf(): { body: BodyStream; receiver: () => BodyReceiver; calls: string[] } {
  let to: BodyReceiver | undefined
  const calls: string[] = []
  const body: BodyStream = {
    length: 7,
    start(receiver) {
      to = receiver
      return { resume: () => void calls.push('resume'), stop: () => void calls.push('stop') }
    },
  }
  return { body, receiver: () => to as BodyReceiver, calls }
}

describe('recordBodies', () => {
  it('passes everything on in the same order and the same pieces', () => {
    const { inner, watched } = record()
    const { client } = watched
    expect(client.request).toBe(inner.request)
    client.info(103, [])
    client.head(200, ['content-type', 'text/plain', 'a', 'b'])
    expect(client.data(bytes('one'))).toBe(true)
    inner.room = false
    expect(client.data(bytes('two'))).toBe(false)
    const events: string[] = []
    client.onDrain(() => events.push('drained'))
    inner.drain()
    client.end(['t', '1'])
    expect([inner.infos, inner.headers, inner.chunks, inner.events, events]).toEqual([
      [103],
      ['content-type', 'text/plain', 'a', 'b'],
      ['one', 'two'],
      ['head', 'data', 'end'],
      ['drained'],
    ])
  })

  it('tells once how it ended, and what the client had until then', () => {
    const whole = record()
    whole.watched.client.head(200, [])
    whole.watched.client.data(bytes('{}'))
    whole.watched.client.end()
    expect(whole.told()).toMatchObject([['whole', 200, { bytes: 0 }, { text: '{}' }]])

    const broken = record()
    broken.watched.client.head(502, [])
    broken.watched.client.reset()
    expect(broken.told()).toMatchObject([['broken', 502, {}, { text: '' }]])

    const left = record()
    const events: string[] = []
    left.watched.client.onGone(() => events.push(`gone ${left.over.length}`))
    left.inner.leave()
    expect([events, left.told()]).toEqual([['gone 0'], [['client-gone', null, expect.anything(), expect.anything()]]])
  })

  it('sees the request on its way, and leaves its flow to those who read it', () => {
    const { body, receiver, calls } = streamOf()
    const { watched, told } = record(body)
    const read: string[] = []
    const control = watched.body?.start({
      data: (chunk) => read.push(Buffer.from(chunk).toString()) < 2,
      end: () => void read.push('end'),
      fail: (reason) => void read.push(String(reason)),
    })
    expect(watched.body?.length).toBe(7)
    expect([receiver().data(bytes('abc')), receiver().data(bytes('defg'))]).toEqual([true, false])
    receiver().end()
    receiver().fail('bad_body')
    control?.resume()
    control?.stop()
    expect([read, calls]).toEqual([
      ['abc', 'defg', 'end', 'bad_body'],
      ['resume', 'stop'],
    ])
    watched.client.reset()
    expect(told()).toMatchObject([['broken', null, { bytes: 7, text: 'abcdefg' }, {}]])
  })

  it('keeps nothing of what is no text', () => {
    const { body, receiver } = streamOf()
    const { watched, over, told } = record(body, { ...CHAT, body: 'multipart' })
    watched.body?.start({ data: () => true, end: () => undefined, fail: () => undefined })
    receiver().data(bytes('\u0000\u0001'))
    watched.client.head(200, ['Content-Type', 'audio/mpeg'])
    watched.client.data(bytes('ID3'))
    watched.client.end()
    expect([over[0]?.request.unreadable, over[0]?.answer.unreadable]).toEqual(['a form with files', 'audio/mpeg'])
    expect(told()).toMatchObject([['whole', 200, { bytes: 2, text: '' }, { bytes: 3, text: '' }]])
    for (const type of [
      'application/json; charset=utf-8',
      'application/x-ndjson',
      'text/event-stream',
      'application/problem+json',
    ]) {
      const readable = record()
      readable.watched.client.head(200, ['content-type', type])
      readable.watched.client.end()
      expect(readable.over[0]?.answer.unreadable).toBeNull()
    }
  })
})
