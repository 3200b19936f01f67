import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BodyReceiver, BodyStream, UpstreamRequest } from '../../src/proxy/upstream.ts'
import { startFarSide, type FarRequest, type FarSide } from './far-side.ts'
import { record, type Recorded, type SinkScript } from './recording-sink.ts'
import { subjects, type OpenSubject } from './subjects.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

/** An agent gathers bodies of up to a megabyte. */
const LARGE = 2_000_000

function get(target = '/'): UpstreamRequest {
  return { method: 'GET', target, headers: [], body: null }
}

function post(body: UpstreamRequest['body'] = [encode('{"model":"tiny"}')]): UpstreamRequest {
  return { method: 'POST', target: '/api/chat', headers: ['Content-Type', 'application/json'], body }
}

/** A body in the hands of the test. */
function heldBody(length?: number): { body: BodyStream; to(): BodyReceiver; log: string[]; started: Promise<void> } {
  const log: string[] = []
  let receiver: BodyReceiver | undefined
  let start: () => void = () => undefined
  const started = new Promise<void>((resolve) => (start = resolve))
  const body: BodyStream = {
    ...(length === undefined ? {} : { length }),
    start(to) {
      receiver = to
      log.push('start')
      start()
      return { resume: () => void log.push('resume'), stop: () => void log.push('stop') }
    },
  }
  return {
    body,
    log,
    started,
    to() {
      if (receiver === undefined) throw new Error('nobody has started the body')
      return receiver
    },
  }
}

describe.each(subjects)('$name, as an Upstream,', (subject) => {
  let far: FarSide
  let open: OpenSubject
  let records: Recorded[] = []

  beforeEach(async () => {
    far = await startFarSide()
    open = await subject.open(far.url)
    records = []
  })
  afterEach(async () => {
    const violations = records.flatMap((each) => each.violations())
    await open.close()
    await far[Symbol.asyncDispose]()
    if (violations.length > 0) throw new Error(violations.join('\n'))
  })

  function send(request: UpstreamRequest, script?: SinkScript): Recorded {
    const recorded = record(open.upstream, request, script)
    records.push(recorded)
    return recorded
  }

  async function answered(request: UpstreamRequest, bytes: string): Promise<Recorded> {
    const recorded = send(request)
    ;(await far.request()).write(bytes)
    await recorded.released
    return recorded
  }

  describe('tells one answer in order', () => {
    it('of known length', async () => {
      const recorded = await answered(get(), OK)
      expect(recorded.events()).toEqual(['accepted', 'head 200', 'data', 'end', 'released'])
      expect(recorded.text()).toBe('ok')
    })

    it('in chunks, with trailers and early hints', async () => {
      const bytes = `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${CHUNKED}${chunk('a')}${chunk('b')}0\r\nCount: 2\r\n\r\n`
      const recorded = await answered(get(), bytes)
      expect(recorded.events()).toEqual(['accepted', 'info 103', 'head 200', 'data', 'end', 'released'])
      expect(recorded.text()).toBe('ab')
      expect(recorded.trailers()).toEqual(['Count', '2'])
    })

    it('that ends with the connection', async () => {
      const recorded = send(get())
      const request = await far.request()
      request.write('HTTP/1.1 200 OK\r\n\r\nall of it')
      request.end()
      expect((await recorded.released).slice(-2)).toEqual(['end', 'released'])
      expect(recorded.text()).toBe('all of it')
    })

    it('without a body', async () => {
      expect((await answered(get(), 'HTTP/1.1 204 No Content\r\n\r\n')).events()).toEqual([
        'accepted',
        'head 204',
        'end',
        'released',
      ])
      const head = await answered({ ...get(), method: 'HEAD' }, 'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n')
      expect(head.events()).toEqual(['accepted', 'head 200', 'end', 'released'])
    })

    it('cut into single bytes', async () => {
      const recorded = send(get())
      const request = await far.request()
      for (const byte of `${CHUNKED}${chunk('é\n')}0\r\n\r\n`) {
        request.write(byte)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await recorded.released
      expect(recorded.text()).toBe('é\n')
    })

    it('again and again, each with its own sink', async () => {
      for (let i = 0; i < 5; i += 1) expect((await answered(post(), OK)).events().at(-1)).toBe('released')
    })

    it('when the next request is sent from inside its end', async () => {
      let second: Recorded | undefined
      const first = send(get('/first'), { on: (event) => void (event === 'end' && (second = send(get('/second')))) })
      ;(await far.request()).write(OK)
      await first.released
      const next = await far.request()
      expect(next.head).toMatch(/^GET \/second /)
      next.write(OK)
      expect(await second?.released).toEqual(['accepted', 'head 200', 'data', 'end', 'released'])
    })
  })

  describe('says what failed, and whether anything was executed:', () => {
    it('nothing, where nobody listens', async () => {
      await far.stopListening()
      const recorded = send(post())
      const accepted = subject.acceptedBy === 'agent' ? ['accepted'] : []
      expect(await recorded.released).toEqual([...accepted, 'fail unreachable no', 'released'])
    })

    const breaks: readonly [string, string, (request: FarRequest) => void, string][] = [
      ['a reset before the head', '', (request) => request.reset(), 'fail reset maybe'],
      ['a goodbye before the head', '', (request) => request.end(), 'fail reset maybe'],
      ['a goodbye inside the head', 'HTTP/1.1 200 OK\r\nContent', (request) => request.end(), 'fail reset maybe'],
      [
        'a goodbye inside a known length',
        'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf',
        (request) => request.end(),
        'fail reset maybe',
      ],
      ['a goodbye inside a chunk', `${CHUNKED}9\r\nhalf`, (request) => request.end(), 'fail reset maybe'],
      ['a goodbye before the last chunk', `${CHUNKED}${chunk('half')}`, (request) => request.end(), 'fail reset maybe'],
      ['something that is not HTTP', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', () => undefined, 'fail bad-response maybe'],
      ['a chunk that is longer than its size', `${CHUNKED}2\r\nabc\r\n`, () => undefined, 'fail bad-response maybe'],
      [
        'two different lengths',
        'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na',
        () => undefined,
        'fail bad-response maybe',
      ],
      [
        'a length and chunks',
        `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
        () => undefined,
        'fail bad-response maybe',
      ],
      [
        'more than its length',
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\noksmuggled',
        () => undefined,
        'fail bad-response maybe',
      ],
    ]
    it.each(breaks)('%s', async (...given) => {
      const [, bytes, act, failure] = given
      const recorded = send(post())
      const request = await far.request()
      if (bytes !== '') request.write(bytes)
      if (bytes !== '') await new Promise((resolve) => setTimeout(resolve, 10))
      act(request)
      expect((await recorded.released).slice(-2)).toEqual([failure, 'released'])
    })

    it('and never lends its connection to the next one after that', async () => {
      const first = await answered(get(), `${CHUNKED}2\r\nabc\r\n`)
      expect(first.error()?.kind).toBe('bad-response')
      const second = send(get())
      const request = await far.request()
      expect(request.connection).toBe(2)
      request.write(OK)
      await second.released
      expect(second.text()).toBe('ok')
    })
  })

  describe('passes all that came before it failed', () => {
    const lines = Array.from({ length: 3 }, (_, i) => `{"response":"${i}"}\n`)
    const known = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'
    const soon: readonly [string, string, string][] = [
      ['a goodbye inside a known length', `${known}${lines.join('')}`, 'fail reset maybe'],
      ['a goodbye before the last chunk', `${CHUNKED}${lines.map(chunk).join('')}`, 'fail reset maybe'],
      ['a mistake in the same packet', `${CHUNKED}${lines.map(chunk).join('')}x\r\n`, 'fail bad-response maybe'],
    ]
    it.each(soon)('by %s, however soon it follows', async (_name, bytes, failure) => {
      for (let i = 0; i < 5; i += 1) {
        const recorded = send(post())
        const request = await far.request()
        request.write(bytes)
        request.end()
        expect(await recorded.released).toEqual(['accepted', 'head 200', 'data', failure, 'released'])
        expect(recorded.text()).toBe(lines.join(''))
      }
    })

    it('to a reader that takes its time', async () => {
      const line = 'x'.repeat(64 * 1024)
      let room = false
      const recorded = send(get(), { room: () => room })
      const request = await far.request()
      request.write(CHUNKED)
      for (let i = 0; i < 32; i += 1) request.write(chunk(line))
      request.end()
      await recorded.until('data')
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(recorded.error()).toBeUndefined()
      room = true
      recorded.attempt.resume()
      expect((await recorded.released).slice(-3)).toEqual(['data', 'fail reset maybe', 'released'])
      expect(recorded.text().length).toBe(32 * line.length)
    })

    it('and is released when nobody waits for the rest of it', async () => {
      const recorded = send(get(), { room: () => false })
      const request = await far.request()
      request.write(CHUNKED)
      for (let i = 0; i < 32; i += 1) request.write(chunk('x'.repeat(64 * 1024)))
      request.end()
      await recorded.until('data')
      await new Promise((resolve) => setTimeout(resolve, 50))
      recorded.attempt.abort('client-gone')
      expect((await recorded.released).at(-1)).toBe('released')
      expect(recorded.error()).toBeUndefined()
    })
  })

  describe('on a connection that was kept and is closed under it', () => {
    it('sends again what may be sent twice', async () => {
      await answered(get(), OK)
      const second = send(post())
      ;(await far.request()).reset()
      const again = await far.request()
      expect(again.head).toMatch(/^POST /)
      again.write(OK)
      expect(await second.released).toEqual(['accepted', 'head 200', 'data', 'end', 'released'])
    })

    it('never sends again what may be sent once', async () => {
      await answered(get(), OK)
      const second = send({ ...post(), once: true })
      ;(await far.request()).reset()
      expect((await second.released).slice(-2)).toEqual(['fail reset maybe', 'released'])
      const again = await Promise.race([far.request(), new Promise((resolve) => setTimeout(resolve, 30, 'nothing'))])
      expect(again).toBe('nothing')
    })
  })

  describe('after an abort says nothing but that it is released', () => {
    it('before the connection stands', async () => {
      const recorded = send(post())
      recorded.attempt.abort('client-gone')
      await recorded.released
      expect(recorded.events().at(-1)).toBe('released')
    })

    it('while it waits for the head, and lets the far side know', async () => {
      const recorded = send(post())
      const [request] = await Promise.all([far.request(), recorded.until('accepted')])
      recorded.attempt.abort('client-gone')
      await Promise.all([recorded.released, request.closed])
      expect(recorded.events()).toEqual(['accepted', 'released'])
    })

    it('in the middle of a body, and lets the far side know', async () => {
      const recorded = send(post())
      const request = await far.request()
      request.write(`${CHUNKED}${chunk('first')}`)
      await recorded.until('data')
      recorded.attempt.abort('client-gone')
      request.write(chunk('second'))
      await Promise.all([recorded.released, request.closed])
      expect(recorded.text()).toBe('first')
    })

    it.each(['accepted', 'info 103', 'head 200', 'data'])('from inside "%s"', async (when) => {
      const recorded = send(get(), { on: (event, attempt) => void (event === when && attempt.abort('refused-answer')) })
      void far.request().then((request) => {
        request.write(`HTTP/1.1 103 Early Hints\r\n\r\n${CHUNKED}${chunk('a')}${chunk('b')}0\r\n\r\n`)
      })
      await recorded.released
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect(recorded.events().slice(-2)).toEqual([when, 'released'])
    })

    it('twice, or after the end: once', async () => {
      const recorded = send(post())
      await far.request()
      recorded.attempt.abort('client-gone')
      recorded.attempt.abort('timed-out')
      await recorded.released
      const whole = await answered(get(), OK)
      whole.attempt.abort('client-gone')
      whole.attempt.resume()
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect(whole.events().filter((event) => event === 'released')).toHaveLength(1)
    })

    it('while it is paused', async () => {
      const recorded = send(get(), { room: () => false })
      const request = await far.request()
      request.write(`${CHUNKED}${chunk('a')}`)
      await recorded.until('data')
      recorded.attempt.abort('client-gone')
      await Promise.all([recorded.released, request.closed])
    })
  })

  it('stops where there is no room, and goes on where it stopped', async () => {
    const lines = 64
    const line = 'x'.repeat(64 * 1024)
    let room = false
    const recorded = send(get(), { room: () => room })
    const request = await far.request()
    request.write(CHUNKED)
    for (let i = 0; i < lines; i += 1) request.write(chunk(line))
    request.write('0\r\n\r\n')
    await recorded.until('data')
    await new Promise((resolve) => setTimeout(resolve, 50))
    const held = recorded.text().length
    expect(held).toBeLessThan((lines * line.length) / 2)
    expect(recorded.events()).not.toContain('end')
    room = true
    recorded.attempt.resume()
    await recorded.released
    expect(recorded.text().length).toBe(lines * line.length)
  })

  describe('sends a body', () => {
    it('of chunks as one length', async () => {
      const recorded = send(post([encode('{"a":'), encode('1}')]))
      const request = await far.request()
      expect(request.head.toLowerCase()).toContain('content-length: 7\r\n')
      expect(await request.bodyUntil('}')).toBe('{"a":1}')
      request.write(OK)
      await recorded.released
    })

    it('as it comes, and ends it', async () => {
      const held = heldBody(LARGE)
      const recorded = send(post(held.body))
      const request = await far.request()
      if (/^expect: 100-continue/im.test(request.head)) request.write('HTTP/1.1 100 Continue\r\n\r\n')
      await held.started
      held.to().data(encode('abc'))
      expect(await request.bodyUntil('abc')).toBe('abc')
      held.to().data(encode(`${'-'.repeat(LARGE - 6)}def`))
      held.to().end()
      expect(await request.bodyUntil('-def')).toHaveLength(LARGE)
      request.write(OK)
      expect(await recorded.released).toEqual(['accepted', 'head 200', 'data', 'end', 'released'])
    })

    it('that fails: says so, and the far side never sees it whole', async () => {
      const held = heldBody()
      const recorded = send(post(held.body))
      const request = await far.request()
      if (/^expect: 100-continue/im.test(request.head)) request.write('HTTP/1.1 100 Continue\r\n\r\n')
      await held.started
      held.to().data(encode('half'))
      await request.bodyUntil('half')
      held.to().fail('body_timeout')
      expect((await recorded.released).slice(-2)).toEqual(['fail body-failed maybe', 'released'])
      await request.closed
      expect(request.body()).not.toContain('0\r\n\r\n')
    })

    it('no further than an answer that did not wait for it', async () => {
      const held = heldBody(LARGE)
      const recorded = send(post(held.body))
      const request = await far.request()
      if (/^expect: 100-continue/im.test(request.head)) request.write('HTTP/1.1 100 Continue\r\n\r\n')
      await held.started
      held.to().data(encode('some'))
      await request.bodyUntil('some')
      request.write(OK)
      await recorded.released
      expect(recorded.events()).toEqual(['accepted', 'head 200', 'data', 'end', 'released'])
      expect(held.log).toContain('stop')
      const next = send(get('/next'))
      const second = await far.request()
      expect(second.connection).toBe(2)
      second.write(OK)
      await next.released
    })

    it('no further than an abort', async () => {
      const held = heldBody()
      const recorded = send(post(held.body))
      const request = await far.request()
      if (/^expect: 100-continue/im.test(request.head)) request.write('HTTP/1.1 100 Continue\r\n\r\n')
      await held.started
      recorded.attempt.abort('client-gone')
      await Promise.all([recorded.released, request.closed])
      expect(held.log).toEqual(['start', 'stop'])
    })

    it('with the pace of the far side', async () => {
      const held = heldBody()
      const recorded = send(post(held.body))
      const request = await far.request()
      request.pause()
      if (/^expect: 100-continue/im.test(request.head)) request.write('HTTP/1.1 100 Continue\r\n\r\n')
      await held.started
      let sent = 0
      while (held.to().data(new Uint8Array(256 * 1024)) && sent < 64) sent += 1
      expect(sent).toBeLessThan(64)
      recorded.attempt.abort('client-gone')
      await recorded.released
    })
  })
})
