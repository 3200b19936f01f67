import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { checkAround } from './check-around.ts'
import { checkClock, checkNode } from './check-machine.ts'

const now = Date.parse('2026-11-21T12:00:00Z')

describe('checkNode', () => {
  it('fails below 24', () => {
    expect(checkNode('22.9.0').state).toBe('fail')
    expect(checkNode('24.0.0').state).toBe('ok')
    expect(checkNode('100.1.0').state).toBe('ok')
  })
})

describe('checkClock', () => {
  it('compares with the others, as far as they say anything', () => {
    const at = (offsetMs: number): string => new Date(now + offsetMs).toUTCString()
    expect(checkClock(now, [at(0), undefined, 'nonsense']).state).toBe('ok')
    expect(checkClock(now, [at(1000), at(-120_000)])).toMatchObject({
      state: 'warn',
      message: expect.stringContaining('120') as string,
    })
    expect(checkClock(now, []).state).toBe('ok')
  })

  it('fails before anything of this was written', () => {
    expect(checkClock(0, []).state).toBe('fail')
  })
})

describe('checkAround', () => {
  const upstream = {
    name: 'a',
    priority: 1,
    enabled: true,
    headers: [],
    ca: null,
    maxResponseTimeMs: null,
    memoryBytes: null,
    slots: null,
    provider: null,
    wake: null,
  }

  it('asks only for upstreams on this machine that are in use', async () => {
    expect(await checkAround({ ...upstream, url: 'http://192.0.2.7:11434' }, [])).toEqual([])
    expect(await checkAround({ ...upstream, enabled: false, url: 'http://127.0.0.1:1' }, [])).toEqual([])
  })

  it('warns when an address of this machine answers like Ollama', async () => {
    const server = createServer((socket) => {
      const body = '{"version":"0.24.0"}'
      socket.resume().end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    // Loopback stands for an outer address here.
    const url = `http://127.0.0.1:${port}`
    expect(await checkAround({ ...upstream, url }, ['127.0.0.1'])).toMatchObject([
      { name: 'around a', state: 'warn', message: expect.stringContaining(`127.0.0.1:${port}`) as string },
    ])
    expect(await checkAround({ ...upstream, url: `http://127.0.0.1:${port}/prefix` }, [])).toMatchObject([
      { state: 'ok' },
    ])
    await new Promise((resolve) => server.close(resolve))
  })
})
