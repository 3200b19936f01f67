import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openRaw, type RawConnection } from '../../faults/raw-connection.ts'
import { startFaultRelay, type FaultRelay, type FaultRelayOptions } from './fault-relay.ts'
import { dueAt, slice } from './toxics.ts'

interface Echo {
  readonly url: string
  readonly sockets: Socket[]
  /** Sizes of the pieces in which bytes arrived. */
  readonly pieces: number[]
  readonly endings: string[]
}

let echo: Echo
let relay: FaultRelay

/** Says back what it hears. */
async function startEcho(): Promise<Echo> {
  const sockets: Socket[] = []
  const pieces: number[] = []
  const endings: string[] = []
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    socket.on('data', (chunk: Buffer) => {
      pieces.push(chunk.length)
      socket.write(chunk)
    })
    socket.on('end', () => {
      endings.push('fin')
      socket.end()
    })
    socket.on('error', () => endings.push('reset'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo // listening on TCP, so never a path
  return { url: `http://127.0.0.1:${port}`, sockets, pieces, endings }
}

async function start(options: FaultRelayOptions = {}): Promise<void> {
  relay = await startFaultRelay(echo.url, options)
}

async function client(): Promise<RawConnection> {
  const opened = await openRaw(relay.url)
  onTestFinished(() => opened[Symbol.dispose]())
  return opened
}

const silence = (ms = 150): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

beforeEach(async () => {
  echo = await startEcho()
})
afterEach(() => relay[Symbol.asyncDispose]())

describe('a line without faults', () => {
  it('passes every byte both ways, half-closed too, and counts', async () => {
    await start()
    const one = await client()
    const text = 'x'.repeat(3_000_000)
    one.write(text)
    one.half()
    expect((await one.closed()).text.length).toBe(text.length)
    expect(relay.counters()).toMatchObject({ opened: 1, up: text.length, down: text.length, broken: 0 })
    await vi.waitFor(() => expect(relay.counters().open).toBe(0))
  })

  it('passes on a reset', async () => {
    await start()
    const one = await client()
    one.write('hello')
    await one.until('hello')
    one.reset()
    await vi.waitFor(() => expect(echo.endings).toEqual(['reset']))
  })
})

describe('a bad line', () => {
  it('cuts what passes into pieces, the same for the same seed', async () => {
    const text = Buffer.from('the quick brown fox jumps over the lazy dog')
    const cut = (seed: number): number[] => {
      let at = seed
      return slice(text, { sliceBytes: 7 }, () => (at = (at * 16_807) % 2_147_483_647) / 2_147_483_647).map(
        (piece) => piece.length,
      )
    }
    expect(cut(1)).toEqual(cut(1))
    expect(cut(1)).not.toEqual(cut(2))
    await start({ toxics: { sliceBytes: 3 } })
    const one = await client()
    one.write('0123456789'.repeat(10))
    await one.until('0123456789'.repeat(10))
    expect(Math.max(...echo.pieces)).toBeLessThan(100)
    expect(echo.pieces.length).toBeGreaterThan(5)
  })

  it('delays, keeps the order, and is as slow as it is told', async () => {
    const piece = { bytes: 1000, before: 0, random: 0.5 }
    expect(dueAt({}, 100, piece)).toBe(100)
    expect(dueAt({ latencyMs: 10, jitterMs: 4 }, 100, piece)).toBe(112)
    expect(dueAt({ latencyMs: 10 }, 100, { ...piece, before: 500 })).toBe(500)
    expect(dueAt({ bytesPerSecond: 10_000 }, 100, piece)).toBe(200)
    await start({ toxics: { latencyMs: 60, jitterMs: 30 } })
    const one = await client()
    const startedAt = performance.now()
    for (let i = 0; i < 20; i += 1) {
      one.write(`${i};`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const all = Array.from({ length: 20 }, (_, i) => `${i};`).join('')
    expect(await one.until('19;')).toBe(all)
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(120)
  })

  it('stalls in one direction, and what was held arrives when it goes on', async () => {
    await start()
    const one = await client()
    relay.stall('down')
    one.write('held')
    await vi.waitFor(() => expect(echo.pieces).toEqual([4]))
    await silence()
    expect(one.text()).toBe('')
    relay.go()
    expect(await one.until('held')).toBe('held')
  })

  it('that is stalled stops its sender', async () => {
    await start()
    const one = await client()
    relay.stall('up')
    for (let i = 0; i < 40; i += 1) one.write(Buffer.alloc(1_000_000))
    await silence(300)
    expect(relay.counters().up).toBe(0)
    expect(one.socket.writableLength).toBeGreaterThan(10_000_000)
  })

  it('is a black hole for present and new connections until it goes on', async () => {
    await start()
    const one = await client()
    one.write('a')
    await one.until('a')
    relay.blackHole()
    const two = await client()
    one.write('b')
    one.half()
    two.write('c')
    await silence()
    expect([one.text(), two.text(), echo.endings]).toEqual(['a', '', []])
    relay.go()
    expect((await one.closed()).text).toBe('ab')
    expect(await two.until('c')).toBe('c')
  })

  it('is half open: present connections hear nothing ever, goodbyes are swallowed, new ones work', async () => {
    await start()
    const one = await client()
    one.write('a')
    await one.until('a')
    relay.halfOpen()
    one.write('b')
    one.half()
    await silence()
    expect([one.text(), echo.endings, echo.pieces]).toEqual(['a', [], [1]])
    relay.go()
    await silence(50)
    expect(one.text()).toBe('a')
    const two = await client()
    two.write('c')
    expect(await two.until('c')).toBe('c')
  })

  it('breaks with a reset at both ends', async () => {
    await start()
    const one = await client()
    one.write('a')
    await one.until('a')
    relay.reset()
    expect((await one.closed()).ending).toBe('reset')
    await vi.waitFor(() => expect(echo.endings).toEqual(['reset']))
    expect(relay.counters()).toMatchObject({ broken: 1, open: 0 })
  })

  it('breaks the next connection after so many bytes, and no other', async () => {
    await start()
    relay.cutNextAfter(5, 'up')
    const one = await client()
    one.write('0123456789')
    await one.closed()
    expect(relay.counters()).toMatchObject({ up: 5, broken: 1 })
    const two = await client()
    two.write('0123456789')
    expect(await two.until('0123456789')).toBe('0123456789')
  })

  it('leads elsewhere when it is told', async () => {
    await start()
    const first = echo
    const second = await startEcho()
    relay.aim(second.url)
    const one = await client()
    one.write('a')
    await one.until('a')
    expect([first.pieces, second.pieces]).toEqual([[], [1]])
  })
})
