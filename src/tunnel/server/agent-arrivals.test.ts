import { describe, expect, it } from 'vitest'
import { openPrincipal } from '../../auth/authenticator.ts'
import type { TransportEvents } from '../wire/transport.ts'
import { type ArrivedTransport, createAgentArrivals } from './agent-arrivals.ts'

interface Scripted extends ArrivedTransport {
  readonly said: unknown[]
  events: TransportEvents | null
}

function scripted(id: string): Scripted {
  const said: unknown[] = []
  const transport: Scripted = {
    id,
    kind: 'ws',
    said,
    events: null,
    send: (batch) => void said.push(batch),
    sendText: (text) => void said.push(text),
    buffered: () => 3,
    close(code, reason) {
      said.push([code, reason])
      transport.events?.closed(code, reason)
    },
    listen: (events) => void (transport.events = events),
  }
  return transport
}

describe('agents that arrived', () => {
  it('lose their connections with their key, greeted or not, and nobody else does', () => {
    const heard: string[] = []
    const arrivals = createAgentArrivals((transport) => {
      transport.listen({
        batch: () => heard.push(`${transport.id} batch`),
        text: (text) => heard.push(`${transport.id} ${text}`),
        drained: () => heard.push(`${transport.id} drained`),
        closed: (code) => heard.push(`${transport.id} closed ${code}`),
      })
    })
    const [a, b, c] = [scripted('a'), scripted('b'), scripted('c')]
    const withKey = (keyId: string) => ({ ...openPrincipal, keyId })
    arrivals.arrive(a, withKey('k1'), { address: '127.0.0.1' })
    arrivals.arrive(b, withKey('k2'), { address: '127.0.0.1' })
    arrivals.arrive(c, withKey('k1'), { address: '127.0.0.1' })
    a.events?.batch(new Uint8Array(1))
    a.events?.text('ping')
    a.events?.drained()
    arrivals.endKey('k1')
    expect(heard).toEqual(['a batch', 'a ping', 'a drained', 'a closed 4401', 'c closed 4401'])
    expect(b.said).toEqual([])
    expect(arrivals.size).toBe(1)
    arrivals.endKey('k1')
    expect(a.said).toEqual([[4401, 'The key is not valid any more']])
  })

  it('are forgotten where they are turned away at once', () => {
    const arrivals = createAgentArrivals((transport) => transport.close(1013, 'Too many'))
    const busy = scripted('a')
    arrivals.arrive(busy, openPrincipal, { address: '127.0.0.1' })
    expect([busy.said, arrivals.size]).toEqual([[[1013, 'Too many']], 0])
  })

  it('lose what they carry at once, also where the goodbye takes its time', () => {
    const heard: unknown[] = []
    const arrivals = createAgentArrivals((transport) => {
      transport.listen({ batch: () => {}, text: () => {}, drained: () => {}, closed: (...why) => heard.push(why) })
    })
    const slow = scripted('a')
    arrivals.arrive({ ...slow, close: () => {}, listen: slow.listen }, openPrincipal, { address: '127.0.0.1' })
    arrivals.endKey(openPrincipal.keyId)
    expect([heard, arrivals.size]).toEqual([[[4401, 'The key is not valid any more']], 0])
    slow.events?.closed(1006, 'two seconds later')
    expect(heard).toHaveLength(1)
  })

  it('are passed on whole', () => {
    let passed: ArrivedTransport | undefined
    const arrivals = createAgentArrivals((transport) => void (passed = transport))
    const plain = scripted('a')
    arrivals.arrive(plain, openPrincipal, { address: '127.0.0.1' })
    passed?.send(new Uint8Array(2))
    passed?.sendText('pong')
    passed?.close(4400, 'why')
    expect([passed?.id, passed?.kind, passed?.buffered()]).toEqual(['a', 'ws', 3])
    expect(plain.said).toEqual([new Uint8Array(2), 'pong', [4400, 'why']])
  })
})
