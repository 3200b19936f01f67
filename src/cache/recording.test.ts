import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ResponseSink } from '../proxy/upstream.ts'
import { Reading } from './reading.ts'
import { Recording } from './recording.ts'

const DESK = { left() {}, wantsMore() {}, done() {} }

function sinkOf(room: () => boolean): ResponseSink & { readonly pieces: Uint8Array[] } {
  const pieces: Uint8Array[] = []
  return {
    pieces,
    accepted() {},
    info() {},
    head() {},
    data(piece) {
      pieces.push(piece)
      return room()
    },
    end() {},
    fail() {},
    released() {},
  }
}

const bytesOf = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString('hex')

describe('Recording', () => {
  it('holds what was appended, whole chunk by whole chunk, whenever and however it is read', () => {
    const sizes = fc.array(fc.oneof(fc.nat(300), fc.nat(20_000)), { maxLength: 40 })
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.boolean()), (lengths, rooms) => {
        const recording = new Recording()
        recording.head = { status: 200, headers: [] }
        const sink = sinkOf(() => rooms.next().value)
        const reading = new Reading(recording, sink, DESK)
        const appended: Uint8Array[] = []
        const ends = new Set([0])
        for (const [index, length] of lengths.entries()) {
          const chunk = new Uint8Array(length).fill(index)
          recording.append(chunk)
          appended.push(chunk.slice())
          ends.add(recording.bytes)
          // Whose memory it was uses it again.
          chunk.fill(0xff)
          if (rooms.next().value) reading.pump()
        }
        recording.trim()
        recording.ending = { kind: 'ended', trailers: undefined }
        reading.pump()
        while (reading.behind > 0) reading.resume()
        expect(bytesOf(sink.pieces)).toBe(bytesOf(appended))
        let at = 0
        for (const piece of sink.pieces) expect(ends).toContain((at += piece.length))
        expect(recording.allocated).toBeGreaterThanOrEqual(recording.bytes)
      }),
      { numRuns: 100 },
    )
  })

  it('takes little more memory than it holds', () => {
    const recording = new Recording()
    for (let i = 0; i < 10_000; i += 1) recording.append(new Uint8Array(150))
    recording.trim()
    expect(recording.allocated).toBeLessThan(recording.bytes * 1.05)
    const small = new Recording()
    small.append(new Uint8Array(100))
    small.trim()
    expect(small.allocated).toBe(100)
  })

  it('forgets what nobody reads any more, and knows what that gave back', () => {
    const recording = new Recording()
    recording.head = { status: 200, headers: [] }
    const sink = sinkOf(() => true)
    const reading = new Reading(recording, sink, DESK)
    for (let i = 0; i < 1000; i += 1) {
      recording.append(new Uint8Array(1000).fill(i))
      reading.pump()
      recording.forgetBefore(reading.block)
      expect(recording.allocated).toBeLessThanOrEqual(3 * 16 * 1024)
    }
    expect(sink.pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(1_000_000)
  })

  it('forgets nothing of a block that somebody is in', () => {
    const recording = new Recording()
    recording.head = { status: 200, headers: [] }
    let room = false
    const sink = sinkOf(() => room)
    const reading = new Reading(recording, sink, DESK)
    for (let i = 0; i < 100; i += 1) {
      recording.append(new Uint8Array(1000).fill(i))
      reading.pump()
      recording.forgetBefore(reading.block)
    }
    room = true
    reading.resume()
    expect(sink.pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(100_000)
  })
})
