import { describe, expect, it } from 'vitest'
import type { EventPort } from '../admin/live-viewer.ts'
import { createRecordingClient } from '../proxy/__fixtures__/recording-client.ts'
import { ExchangeTrace } from '../proxy/exchange-trace.ts'
import { createOpenStream } from './stream-answer.ts'

function open() {
  const client = createRecordingClient()
  const trace = new ExchangeTrace('x1', 'GET')
  const heard: string[] = []
  let port: EventPort | undefined
  createOpenStream(['x-frame', 'no'])(
    { client, trace, extraHeaders: ['vary', 'origin'] },
    {
      events(given) {
        port = given
        return { drained: () => void heard.push('drained'), left: () => void heard.push('left') }
      },
    },
    () => void heard.push('over'),
  )
  if (port === undefined) throw new Error('nobody was given a port')
  return { client, trace, heard, port }
}

describe('an answer of events', () => {
  it('has a head that nothing between keeps it by, and goes on until its source ends it', () => {
    const { client, trace, heard, port } = open()
    expect(client.status).toBe(200)
    expect(client.headers.join(' ')).toContain('text/event-stream')
    for (const field of ['x-accel-buffering', 'x-frame', 'vary', 'x-request-id', 'cache-control'])
      expect(client.headers).toContain(field)
    expect(port.send('data: 1\n\n')).toBe(true)
    port.end()
    port.end()
    expect([client.events, client.text(), heard]).toEqual([['head', 'data', 'end'], 'data: 1\n\n', ['over']])
    expect(trace.bytesOut).toBe(9)
  })

  it('tells its source of a reader that is slow, and that reads again', () => {
    const { client, heard, port } = open()
    client.room = false
    expect(port.send('data: 1\n\n')).toBe(false)
    client.drain()
    expect(heard).toEqual(['drained'])
  })

  it('is over once, and says nothing more, whoever ends it', () => {
    const left = open()
    left.client.leave()
    expect(left.port.send('data: 1\n\n')).toBe(true)
    left.port.end()
    expect([left.client.events, left.heard]).toEqual([['head'], ['over', 'left']])
    const stalled = open()
    stalled.port.abandon()
    stalled.port.send('data: 1\n\n')
    expect([stalled.client.events, stalled.heard]).toEqual([['head', 'reset'], ['over']])
  })
})
