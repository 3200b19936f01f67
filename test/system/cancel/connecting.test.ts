import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openRaw, type RawConnection } from '../../faults/raw-connection.ts'
import { connectingTo, hasProcessFacts } from '../harness/process-facts.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { loggedExchange } from '../harness/request-log.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { startFullUpstream } from './full-upstream.ts'

const ways: Readonly<Record<string, (client: RawConnection) => void>> = {
  'closes its connection': (client) => void client.socket.destroy(),
  'resets its connection': (client) => client.reset(),
  'closes its sending side': (client) => client.half(),
}

// Half-open connections of another process are seen in /proc alone.
describe.skipIf(!hasProcessFacts)('a client that leaves while its upstream is being connected to', () => {
  it('stops the connecting at once, whichever way it leaves, and does not count against the upstream', async () => {
    using upstream = await startFullUpstream()
    const config = {
      upstreams: [{ name: 'full', url: upstream.url }],
      routing: { health_interval: '1h', model_ttl: '1h', connect_timeout: '20s' },
    }
    const gateway = await startGateway({ config })
    onTestFinished(() => gateway[Symbol.asyncDispose]())
    const request = { key: gateway.adminKey, body: { model: 'tiny', prompt: 'hello', stream: false } }
    await upstream.fill()
    expect(await connectingTo(upstream.port)).toBe(0)
    for (const [way, leave] of Object.entries(ways)) {
      const id = `connecting-${way.replaceAll(' ', '-')}`
      using client = await openRaw(gateway.url)
      client.write(rawRequest('/api/generate', { ...request, id }))
      await vi.waitFor(async () => expect(await connectingTo(upstream.port)).toBe(1), { interval: 5 })
      leave(client)
      await vi.waitFor(async () => expect(await connectingTo(upstream.port)).toBe(0), { interval: 5, timeout: 300 })
      const line = await loggedExchange(gateway.folder, id)
      expect(line).toMatchObject({ upstream: 'full', status: 499, ending: 'client-gone', error: null })
    }
    upstream.empty()
    using next = await openRaw(gateway.url)
    next.write(rawRequest('/api/generate', request))
    expect(await next.until('"late"')).toMatch(/^HTTP\/1\.1 200 /)
    expect(gateway.stderr()).not.toContain('is down')
  })
})
