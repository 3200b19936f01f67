import { zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { BodyReceiver, BodyStream } from '../proxy/upstream.ts'
import { decodeZstdBody } from './zstd-body.ts'

/** Sends `chunks` one after the other, waiting where it is told to. */
function bodyOf(...chunks: readonly Uint8Array[]): BodyStream & { stopped: boolean } {
  const body = {
    stopped: false,
    start(to: BodyReceiver) {
      let next = 0
      const pump = () => {
        while (!body.stopped) {
          const chunk = chunks[next++]
          if (chunk === undefined) return to.end()
          if (!to.data(chunk)) return
        }
      }
      queueMicrotask(pump)
      return {
        resume: pump,
        stop: () => {
          body.stopped = true
        },
      }
    },
  }
  return body
}

function read(body: BodyStream): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    body.start({
      data: (chunk) => {
        chunks.push(chunk)
        return true
      },
      end: () => resolve(Buffer.concat(chunks).toString()),
      fail: (reason) => resolve(`failed: ${reason}`),
    })
  })
}

const text = 'hello zstd '.repeat(50_000)
const packed = zstdCompressSync(text)

describe('decodeZstdBody', () => {
  it('gives the plain bytes, however the packed ones arrive', async () => {
    expect(await read(decodeZstdBody(bodyOf(packed), 1e7))).toBe(text)
    const bytes = Array.from(packed, (byte) => Uint8Array.of(byte))
    expect(await read(decodeZstdBody(bodyOf(...bytes), 1e7))).toBe(text)
  })

  it('stops at the bound', async () => {
    const source = bodyOf(packed)
    expect(await read(decodeZstdBody(source, text.length - 1))).toBe('failed: body_too_large')
    expect(source.stopped).toBe(true)
    expect(await read(decodeZstdBody(bodyOf(packed), text.length))).toBe(text)
  })

  it('fails on broken, cut and missing input', async () => {
    expect(await read(decodeZstdBody(bodyOf(Buffer.from('no zstd at all')), 100))).toBe('failed: bad_body')
    expect(await read(decodeZstdBody(bodyOf(packed.subarray(0, packed.length - 5)), 1e7))).toBe('failed: bad_body')
    expect(await read(decodeZstdBody(bodyOf(Buffer.concat([packed, Buffer.from('garbage')])), 1e7))).toBe(
      'failed: bad_body',
    )
  })

  it('refuses a frame that wants a window of hundreds of megabytes', async () => {
    // Magic, no single segment, window descriptor 0x88: 128 MB.
    const frame = Buffer.from('28b52ffd0088010000', 'hex')
    expect(await read(decodeZstdBody(bodyOf(frame), 1e7))).toBe('failed: bad_body')
  })

  it('passes on that the sender failed', async () => {
    const source: BodyStream = {
      start(to) {
        queueMicrotask(() => to.fail('body_timeout'))
        return { resume() {}, stop() {} }
      },
    }
    expect(await read(decodeZstdBody(source, 100))).toBe('failed: body_timeout')
  })

  it('waits while the receiver is full', async () => {
    const seen: number[] = []
    await new Promise<void>((resolve) => {
      const control = decodeZstdBody(bodyOf(packed), 1e7).start({
        data: (chunk) => {
          seen.push(chunk.length)
          setImmediate(() => {
            const before = seen.length
            setImmediate(() => {
              expect(seen.length).toBe(before)
              control.resume()
            })
          })
          return false
        },
        end: resolve,
        fail: () => expect.unreachable(),
      })
    })
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.reduce((sum, length) => sum + length, 0)).toBe(text.length)
  })
})
