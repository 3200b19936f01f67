import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loggedExchange } from '../harness/request-log.ts'
import {
  compatible,
  openGateway,
  openProvider,
  post,
  type ProviderScene,
  startProviderScene,
  streams,
  untilListed,
  wholes,
} from './provider-scene.ts'

let scene: ProviderScene
beforeAll(async () => {
  scene = await startProviderScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene[Symbol.asyncDispose]())

const COUNTED = { promptTokens: 7, completionTokens: 7 }
const generating = [...streams, ...wholes].filter(({ path }) => !/embeddings|transcriptions/.test(path))

describe('what a provider counted', () => {
  it.each(generating)('is in the books, whether or not the client asked: $name', async ({ name, path, body }) => {
    const id = `counted-${name.replaceAll(' ', '-')}`
    const answer = await post(scene.gateway, path, { body, headers: { 'x-request-id': id } })
    expect(answer.status).toBe(200)
    expect(await loggedExchange(scene.gateway.folder, id)).toMatchObject({ ...COUNTED, ending: 'complete' })
  })

  it('is known as far as it was told where the client leaves early', async () => {
    const message = streams.find(({ dialect }) => dialect === 'anthropic')
    scene.claude.faults.add({ kind: 'stall', afterChunks: 4 })
    const leaving = new AbortController()
    const url = `${scene.gateway.url}/v1/messages`
    const headers = { authorization: `Bearer ${scene.gateway.adminKey}`, 'x-request-id': 'counted-left' }
    const body = JSON.stringify(message?.body)
    const response = await fetch(url, { method: 'POST', headers, body, signal: leaving.signal })
    await response.body?.getReader().read()
    leaving.abort()
    const line = await loggedExchange(scene.gateway.folder, 'counted-left')
    expect(line).toMatchObject({ promptTokens: 7, completionTokens: null, ending: 'client-gone' })
  })
})

describe('a provider that does not let itself be asked for counts', () => {
  const body = { model: 'gpt-4', prompt: 'Why?', stream: true }

  it('is asked once, then as the client meant it, and never again; the client sees nothing of it', async () => {
    const fake = await openProvider({ refusesCounts: true })
    const gateway = await openGateway([compatible('strict', fake)])
    await untilListed(gateway, ['gpt-4'])
    fake.forget()
    const direct = await fetch(`${fake.url}/completions`, { method: 'POST', body: JSON.stringify(body) })
    const expected = await direct.text()
    fake.forget()
    for (const id of ['refused-1', 'refused-2']) {
      const answer = await post(gateway, '/v1/completions', { body, headers: { 'x-request-id': id } })
      expect([answer.status, answer.text]).toEqual([200, expected])
      const line = await loggedExchange(gateway.folder, id)
      expect(line).toMatchObject({ promptTokens: null, completionTokens: null, ending: 'complete' })
    }
    const asked = fake.asked().map((request) => request.body.toString().includes('stream_options'))
    expect(asked).toEqual([true, false, false])
  })

  it('tells a client that asks itself', async () => {
    const fake = await openProvider({ refusesCounts: true })
    const gateway = await openGateway([compatible('strict', fake)])
    await untilListed(gateway, ['gpt-4'])
    fake.forget()
    const answer = await post(gateway, '/v1/completions', {
      body: { ...body, stream_options: { include_usage: true } },
    })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain("Extra inputs are not permitted, field: 'stream_options'")
    expect(fake.asked()).toHaveLength(1)
  })
})
