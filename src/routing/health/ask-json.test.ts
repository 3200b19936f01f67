import { describe, expect, it } from 'vitest'
import { createManualTime } from '../__fixtures__/manual-time.ts'
import { createScriptedUpstream, refused, type Reply } from '../__fixtures__/scripted-upstream.ts'
import { createAskJson, createPostJson, type JsonAnswer } from './ask-json.ts'

async function ask(reply: Reply, advanceMs = 0): Promise<{ answer: JsonAnswer; aborts: readonly string[] }> {
  const time = createManualTime()
  const upstream = createScriptedUpstream('a', { '/x': reply })
  const answer = createAskJson(time)(upstream, '/x', 1000)
  await time.advance(advanceMs)
  expect(upstream.requests[0]).toMatchObject({ method: 'GET', target: '/x', body: null })
  const result = { answer: await answer, aborts: upstream.aborts }
  expect(time.waiting()).toEqual([])
  return result
}

describe('createAskJson', () => {
  it('gives status and value, characters cut over chunks included', async () => {
    const { answer } = await ask({ status: 201, text: '{"a":"\u00e9\u00e9\u{1f642}"}' })
    expect(answer).toEqual({ kind: 'answered', status: 201, value: { a: '\u00e9\u00e9\u{1f642}' }, tookMs: 0 })
  })

  it('answers without a value where the body is no JSON', async () => {
    expect((await ask({ text: '<html>' })).answer).toMatchObject({ kind: 'answered', status: 200, value: undefined })
  })

  it('tells why it failed, by the code of the cause alone', async () => {
    expect((await ask(refused)).answer).toEqual({ kind: 'failed', error: 'unreachable', detail: 'ECONNREFUSED' })
    const reset = await ask({ error: { kind: 'reset', executed: 'maybe', cause: new Error('http://user:pass@host') } })
    expect(reset.answer).toEqual({ kind: 'failed', error: 'reset', detail: 'reset' })
  })

  it('ends in time, and knows a server that is silent from one that is not there', async () => {
    const silent = await ask('hang', 1000)
    expect(silent.answer).toMatchObject({ kind: 'failed', error: 'timed-out' })
    expect(silent.aborts).toEqual(['timed-out'])
    expect((await ask('black-hole', 1000)).answer).toMatchObject({ kind: 'failed', error: 'unreachable' })
  })

  it('stops reading an answer without end', async () => {
    const { answer, aborts } = await ask({ text: 'x'.repeat(9 * 1024 * 1024) })
    expect(answer).toMatchObject({ kind: 'failed', error: 'too-large' })
    expect(aborts).toEqual(['refused-answer'])
  })

  it('knows its own gateway by either sign', async () => {
    expect((await ask({ status: 508, text: '' })).answer.kind).toBe('loop')
    expect((await ask({ status: 200, headers: ['Corral-Error', 'gateway_loop'], text: '' })).answer.kind).toBe('loop')
  })
})

describe('createPostJson', () => {
  it('sends a body and gives the answer', async () => {
    const time = createManualTime()
    const upstream = createScriptedUpstream('a', { '/x': { json: { done: true } } })
    const answer = createPostJson(time)(upstream, { path: '/x', body: { model: 'm:latest', prompt: '' } }, 1000)
    await time.advance(0)
    expect(await answer).toMatchObject({ kind: 'answered', status: 200, value: { done: true } })
    const [request] = upstream.requests
    expect(request).toMatchObject({ method: 'POST', target: '/x' })
    expect(request?.headers).toContain('application/json')
    const [body] = Array.isArray(request?.body) ? request.body : []
    expect(JSON.parse(new TextDecoder().decode(body))).toEqual({ model: 'm:latest', prompt: '' })
  })
})
