import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { record, type Recorded, type SinkScript } from '../../test/contract/recording-sink.ts'
import type { BodyReceiver, BodyStream, UpstreamRequest } from '../proxy/upstream.ts'
import { createSpokenPart, type SpokenPart } from './__fixtures__/several-parts.ts'
import { createSeveralUpstreams } from './several-upstreams.ts'

let a: SpokenPart
let b: SpokenPart

beforeEach(() => {
  a = createSpokenPart('a')
  b = createSpokenPart('b')
})

function send(given: Partial<UpstreamRequest> = {}, script?: SinkScript): Recorded {
  const request = { method: 'POST', target: '/api/pull', headers: [], body: null, ...given }
  return record(createSeveralUpstreams([a.upstream, b.upstream]), request, script)
}

const lines = (recorded: Recorded): Record<string, unknown>[] =>
  recorded
    .text()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const success = { status: 'success' }

it('is named after all of them, and is the one itself where there is but one', () => {
  expect(createSeveralUpstreams([a.upstream, b.upstream]).id).toBe('a,b')
  expect(createSeveralUpstreams([a.upstream])).toBe(a.upstream)
})

it('speaks what all of them speak', () => {
  const more = { ...b.upstream, speaks: () => new Set(['ollama', 'openai'] as const) }
  expect([...createSeveralUpstreams([more, a.upstream]).speaks('x')]).toEqual(['ollama'])
})

describe('progress', () => {
  it('of all ends with success when all have succeeded, and not before', async () => {
    const recorded = send()
    for (const part of [a, b]) part.begin()
    a.line({ status: 'pulling manifest' })
    a.line(success)
    a.end()
    expect(recorded.events()).toEqual(['accepted', 'head 200', 'data'])
    b.line({ status: 'pulling manifest' })
    b.line(success)
    b.end()
    await recorded.released
    expect(recorded.text().trimEnd().split('\n').at(-1)).toBe('{"status":"success"}')
    expect(recorded.events()).toEqual(['accepted', 'head 200', 'data', 'end', 'released'])
    expect(recorded.violations()).toEqual([])
  })

  it('lets the others finish when one fails, and then names it', async () => {
    const recorded = send()
    for (const part of [a, b]) part.begin()
    b.line({ status: 'pulling manifest' })
    b.line({ error: 'pull model manifest: file does not exist' })
    b.end()
    expect(recorded.events()).not.toContain('end')
    a.line({ status: 'pulling manifest' })
    a.line(success)
    a.end()
    await recorded.released
    expect(lines(recorded).slice(-2)).toEqual([
      { status: 'pulling manifest', upstreams: { b: { error: 'pull model manifest: file does not exist' } } },
      { error: 'b: pull model manifest: file does not exist (done on a)', upstreams: { a: success } },
    ])
  })

  it.each([
    ['cannot be reached', () => b.fail('unreachable'), 'b: it cannot be reached (done on a)'],
    [
      'ends before it is complete',
      () => (b.begin(), b.end()),
      'b: it broke off before its answer was complete (done on a)',
    ],
    ['refuses at once', () => b.answer(400, { error: 'invalid model name' }), 'b: invalid model name (done on a)'],
    ['says something else', () => b.answer(502), 'b: it answered 502 (done on a)'],
    [
      'answers a page',
      () => {
        b.sink().accepted()
        b.sink().head(200, ['content-type', 'text/html'])
        b.end()
      },
      'b: it does not answer as an Ollama does (done on a)',
    ],
  ])('tells when one %s', async (_what, act, sentence) => {
    const recorded = send()
    a.begin()
    a.line({ status: 'pulling manifest' })
    act()
    a.line(success)
    a.end()
    await recorded.released
    expect(lines(recorded).at(-1)).toMatchObject({ error: sentence })
    expect(recorded.violations()).toEqual([])
  })

  it('is read across chunks, and what is no line of progress is left out', async () => {
    const recorded = send()
    for (const part of [a, b]) part.begin()
    for (const byte of new TextEncoder().encode('{"status":"é"}\n')) a.sink().data(Uint8Array.of(byte))
    a.sink().data(new TextEncoder().encode('not json\n[1]\n'))
    a.sink().data(new TextEncoder().encode(`{"status":"${'x'.repeat(70_000)}"}\n`))
    a.sink().data(new TextEncoder().encode('{"status":"success"}'))
    a.end()
    b.line(success)
    b.end()
    await recorded.released
    // Said again: with it goes along that one has ended.
    expect(lines(recorded).map(({ status }) => status)).toEqual(['é', 'é', 'success'])
  })

  it('pauses all where there is no room, and is told as it stands when there is', async () => {
    let room = false
    const recorded = send({}, { room: () => room })
    for (const part of [a, b]) part.begin()
    const layer = (completed: number): object => ({ status: 'pulling aa', digest: 'aa', total: 9, completed })
    expect(a.line({ status: 'pulling manifest' })).toBe(false)
    for (const at of [1, 2, 3]) for (const part of [a, b]) expect(part.line(layer(at))).toBe(false)
    for (const part of [a, b]) {
      part.line(success)
      part.end()
    }
    expect(lines(recorded)).toHaveLength(1)
    expect(recorded.events()).not.toContain('end')
    room = true
    recorded.attempt.resume()
    await recorded.released
    expect(lines(recorded).slice(1)).toEqual([{ ...layer(9), upstreams: { a: success, b: success } }, success])
    expect(recorded.violations()).toEqual([])
  })

  it('resumes those that it paused', async () => {
    let room = false
    const recorded = send({}, { room: () => room })
    for (const part of [a, b]) part.begin()
    a.line({ status: 'pulling manifest' })
    room = true
    recorded.attempt.resume()
    await settled()
    expect([a.resumed, b.resumed]).toEqual([1, 0])
    recorded.attempt.abort('client-gone')
    await recorded.released
  })
})

describe('a whole answer', () => {
  it('is one object where no stream was asked for', async () => {
    const recorded = send()
    for (const part of [a, b]) part.answer(200, success)
    await recorded.released
    expect(recorded.text()).toBe('{"status":"success"}')
    expect(recorded.head()).toEqual({
      status: 200,
      headers: ['content-type', 'application/json; charset=utf-8', 'content-length', '20'],
    })
  })

  it.each([
    ['all did it', [200, 200], 200, ''],
    ['one lacks it', [200, 404], 200, ''],
    ['nobody has it', [404, 404], 404, '{"error":"a, b: gone"}'],
    ['one cannot', [500, 200], 500, '{"error":"a: gone (done on b)"}'],
    ['one cannot, one lacks it', [404, 500], 404, '{"error":"a, b: gone"}'],
  ])('to a delete, where %s', async (...given) => {
    const [, statuses, status, text] = given
    const recorded = send({ method: 'DELETE', target: '/api/delete' })
    for (const [index, part] of [a, b].entries()) {
      const each = statuses[index] ?? 0
      part.answer(each, each === 200 ? undefined : { error: 'gone' })
    }
    await recorded.released
    expect(recorded.head()?.status).toBe(status)
    expect(recorded.text()).toBe(text)
  })

  it.each([
    ['HEAD', [200, 200], 200],
    ['HEAD', [200, 404], 404],
    ['POST', [200, 201], 201],
    ['POST', [200, 200], 200],
  ])('to %s of a blob with %j is %i', async (method, statuses, status) => {
    const recorded = send({ method, target: '/api/blobs/sha256:aa' })
    for (const [index, part] of [a, b].entries()) part.answer(statuses[index] ?? 0)
    await recorded.released
    expect(recorded.head()?.status).toBe(status)
    expect(recorded.events()).not.toContain(method === 'HEAD' ? 'data' : 'fail')
  })

  it('names the one that broke off, and is a failure of the attempt where none answered', async () => {
    const partly = send({ target: '/api/copy' })
    a.answer(200)
    b.fail('reset')
    await partly.released
    expect(partly.head()?.status).toBe(502)
    expect(JSON.parse(partly.text())).toEqual({ error: 'b: it broke off before its answer was complete (done on a)' })
    const wholly = send({ target: '/api/copy' })
    a.fail('unreachable')
    b.fail('unreachable')
    expect(await wholly.released).toEqual(['fail unreachable no', 'released'])
    const unsure = send({ target: '/api/copy' })
    a.fail('unreachable')
    b.fail('reset')
    expect((await unsure.released).slice(-2)).toEqual(['fail unreachable maybe', 'released'])
  })
})

describe('an abort', () => {
  it('stops all of them, once, and says nothing more', async () => {
    const recorded = send()
    for (const part of [a, b]) part.begin()
    a.line({ status: 'pulling manifest' })
    recorded.attempt.abort('client-gone')
    recorded.attempt.abort('timed-out')
    expect(await recorded.released).toEqual(['accepted', 'head 200', 'data', 'released'])
    expect([a.aborts, b.aborts]).toEqual([['client-gone'], ['client-gone']])
  })

  it('leaves alone what has ended', async () => {
    const recorded = send()
    a.answer(200, success)
    recorded.attempt.abort('client-gone')
    await recorded.released
    expect([a.aborts, b.aborts]).toEqual([[], ['client-gone']])
  })

  it.each(['accepted', 'head 200', 'data'])('from inside "%s" is heeded', async (when) => {
    const recorded = send({}, { on: (event, attempt) => void (event === when && attempt.abort('refused-answer')) })
    a.begin()
    a.line({ status: 'pulling manifest' })
    await recorded.released
    expect(recorded.events().slice(-2)).toEqual([when, 'released'])
    expect(recorded.violations()).toEqual([])
  })
})

describe('an upload', () => {
  const chunk = (text: string): Uint8Array => new TextEncoder().encode(text)

  function heldBody(): { body: BodyStream; log: string[]; to(): BodyReceiver } {
    const log: string[] = []
    let receiver: BodyReceiver | undefined
    return {
      log,
      body: {
        length: 8,
        start(to) {
          receiver = to
          log.push('start')
          return { resume: () => void log.push('resume'), stop: () => void log.push('stop') }
        },
      },
      to() {
        if (receiver === undefined) throw new Error('nobody has started the body')
        return receiver
      },
    }
  }

  it('begins when all want it, and all get all of it', async () => {
    const held = heldBody()
    const recorded = send({ target: '/api/blobs/sha256:aa', body: held.body })
    expect(a.requests[0]?.body).toHaveProperty('length', 8)
    a.upload()
    await settled()
    expect(held.log).toEqual([])
    b.upload()
    await settled()
    expect(held.to().data(chunk('four'))).toBe(true)
    held.to().data(chunk('more'))
    held.to().end()
    expect([a.received, b.received]).toEqual([
      ['four', 'more', 'end'],
      ['four', 'more', 'end'],
    ])
    for (const part of [a, b]) part.answer(201)
    await recorded.released
    expect(recorded.head()?.status).toBe(201)
  })

  it('goes at the pace of the slowest, and nothing is kept for it', async () => {
    const held = heldBody()
    const recorded = send({ target: '/api/blobs/sha256:aa', body: held.body })
    a.upload()
    const slow = b.upload({ room: () => false })
    await settled()
    expect(held.to().data(chunk('four'))).toBe(false)
    expect(held.log).toEqual(['start'])
    slow.resume()
    expect(held.log).toEqual(['start', 'resume'])
    recorded.attempt.abort('client-gone')
    await recorded.released
  })

  it('goes to those only that do not have it already', async () => {
    const held = heldBody()
    const recorded = send({ target: '/api/blobs/sha256:aa', body: held.body })
    b.upload()
    a.answer(200)
    await settled()
    held.to().data(chunk('all of it'))
    held.to().end()
    b.answer(201)
    await recorded.released
    expect([a.received, b.received]).toEqual([[], ['all of it', 'end']])
    expect(recorded.head()?.status).toBe(201)
  })

  it('does not wait for one that has left in the middle, and stops when all have', async () => {
    const held = heldBody()
    const recorded = send({ target: '/api/blobs/sha256:aa', body: held.body })
    const [first, second] = [a.upload(), b.upload({ room: () => false })]
    await settled()
    held.to().data(chunk('some'))
    second.stop()
    expect(held.log).toEqual(['start', 'resume'])
    held.to().data(chunk('more'))
    expect(b.received).toEqual(['some'])
    first.stop()
    expect(held.log).toEqual(['start', 'resume', 'stop'])
    for (const part of [a, b]) part.answer(200)
    await recorded.released
  })

  it('that is not whole is the failure of all', async () => {
    const held = heldBody()
    const recorded = send({ target: '/api/blobs/sha256:aa', body: held.body })
    a.upload()
    b.upload()
    await settled()
    held.to().fail('body_timeout')
    expect([a.received, b.received]).toEqual([['fail body_timeout'], ['fail body_timeout']])
    for (const part of [a, b]) {
      part.sink().fail({ kind: 'body-failed', executed: 'maybe', bodyFailure: 'body_timeout' })
      part.sink().released()
    }
    expect(await recorded.released).toEqual(['fail body-failed maybe', 'released'])
    expect(recorded.error()?.bodyFailure).toBe('body_timeout')
  })
})

describe('whatever its parts do, and when, it', () => {
  /** What one upstream may do next, from any state it is in. */
  const step = fc.record({ part: fc.nat({ max: 2 }), act: fc.nat({ max: 9 }), room: fc.boolean() })

  it('keeps the order, ends once, and releases last', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.option(fc.nat({ max: 60 })), async (steps, abortAt) => {
        const parts = ['a', 'b', 'c'].map(createSpokenPart)
        const states = parts.map(() => 'fresh')
        let room = true
        const upstream = createSeveralUpstreams(parts.map((part) => part.upstream))
        const request = { method: 'POST', target: '/api/pull', headers: [], body: null }
        const recorded = record(upstream, request, { room: () => room })
        const act = (index: number, what: number): void => {
          const [part, state] = [parts[index], states[index]]
          if (part === undefined || state === 'over' || part.aborts.length > 0) return
          if (state === 'fresh' && what < 5) {
            part.begin()
            states[index] = 'telling'
          } else if (state === 'fresh') {
            if (what === 5) part.fail('unreachable')
            else part.answer(what === 6 ? 200 : 500, what === 6 ? { status: 'success' } : { error: 'no' })
            states[index] = 'over'
          } else if (what < 7) {
            part.line(
              what === 6 ? { error: 'no' } : { status: 'pulling', digest: `d${what % 2}`, total: 9, completed: what },
            )
          } else {
            if (what === 7) part.fail('reset')
            if (what === 8) part.line({ status: 'success' })
            if (what !== 7) part.end()
            states[index] = 'over'
          }
        }
        for (const [index, { part, act: what, room: next }] of steps.entries()) {
          if (index === abortAt) recorded.attempt.abort('client-gone')
          room = next
          if (room) recorded.attempt.resume()
          act(part, what)
          if (index % 5 === 0) await settled()
        }
        room = true
        recorded.attempt.resume()
        for (const index of parts.keys()) {
          act(index, 0)
          act(index, 8)
        }
        recorded.attempt.resume()
        await recorded.released
        expect(recorded.violations()).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})
