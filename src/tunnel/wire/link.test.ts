import { describe, expect, it } from 'vitest'
import { createManualTime } from './__fixtures__/manual-time.ts'
import { createTransportPair } from './__fixtures__/transport-pair.ts'
import { createLink, type Link, type LinkStream } from './link.ts'
import type { LinkFrame, RequestHead, StreamFrame } from './frame.ts'
import { defaultWindows } from './greeting.ts'

const head: RequestHead = { method: 'POST', target: '/api/chat', headers: ['X-A', '1'], length: 5, once: false }

describe('two links', () => {
  it('carry a request and its answer', () => {
    const time = createManualTime()
    const pair = createTransportPair(time)
    const heard: (StreamFrame | LinkFrame | string)[] = []
    const options = { windows: defaultWindows, heartbeatMs: 15_000 }
    const receiver = { frame: (frame: StreamFrame) => void heard.push(frame), drained: () => undefined }
    let served: LinkStream | undefined
    const common = { ...time, frame: (frame: LinkFrame) => void heard.push(frame) }
    const gateway: Link = createLink(
      pair.gateway,
      { ...options, role: 'gateway' },
      { ...common, opened: () => undefined, closed: (_code, reason) => void heard.push(reason) },
    )
    const agent: Link = createLink(
      pair.agent,
      { ...options, role: 'agent' },
      {
        ...common,
        opened(id, frame) {
          heard.push(frame)
          served = agent.stream(id, receiver)
        },
        closed: (_code, reason) => void heard.push(reason),
      },
    )
    gateway.grant(defaultWindows)
    agent.grant(defaultWindows)
    const asked = gateway.stream(1, receiver)
    asked.send({ type: 'request', request: head, end: false })
    asked.data(Buffer.from('hello'), true)
    time.settle()
    served?.send({ type: 'accept' })
    served?.send({ type: 'response', status: 200, headers: ['A', 'b', 'A', 'c'], end: false })
    served?.data(Buffer.from('wor'), false)
    served?.data(Buffer.from('ld'), true)
    time.settle()
    expect(heard.map((each) => (typeof each === 'string' ? each : each.type))).toEqual([
      'request',
      'data',
      'accept',
      'response',
      'data',
    ])
    gateway.close(1000, 'bye')
    time.settle()
    expect(heard.slice(-2)).toEqual(['bye', 'bye'])
    expect(time.timers()).toBe(0)
  })
})
