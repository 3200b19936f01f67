import { describe, expect, it } from 'vitest'
import { readBatch } from './__fixtures__/read-all.ts'
import { encodeCredit, encodeStreamFrame } from './encode-frame.ts'
import { SendQueue } from './send-queue.ts'
import type { SendLane } from './send-lane.ts'

const KIB = 1024

function createQueue(connection = 16 * KIB * KIB): { queue: SendQueue; lane(id: number, credit?: number): SendLane } {
  const queue = new SendQueue()
  queue.connection.grant(connection)
  return {
    queue,
    lane(id, credit = 1024 * KIB) {
      const lane = queue.open(id)
      lane.credit.grant(credit)
      return lane
    },
  }
}

/** Of each batch what is in it, as words. */
function take(queue: SendQueue): string[] {
  const batch = queue.take(1)
  if (batch === undefined) return []
  return readBatch(batch).map((seen) => {
    if (seen.kind === 'credit') return 'credit'
    if (seen.kind === 'link') return seen.frame.type
    const { frame, id } = seen
    return frame.type === 'data'
      ? `${id}: ${frame.bytes.length / KIB}${frame.end ? ' end' : ''}`
      : `${id}: ${frame.type}`
  })
}

function frame(id: number, type: 'accept' | 'trailers'): Uint8Array {
  const encoded = encodeStreamFrame(id, type === 'accept' ? { type } : { type, headers: [] })
  return encoded.ok ? encoded.bytes : expect.fail(encoded.reason)
}

describe('SendQueue', () => {
  it('sends what is of the link first, then control, then data in turns', () => {
    const { queue, lane } = createQueue()
    const [one, three] = [lane(1), lane(3)]
    queue.data(one, new Uint8Array(40 * KIB), true)
    queue.data(three, new Uint8Array(20 * KIB), false)
    queue.control(three, frame(3, 'trailers'))
    const five = lane(5)
    queue.control(five, frame(5, 'accept'))
    queue.link(encodeCredit(0, 5))
    expect(take(queue)).toEqual([
      'credit',
      ...['5: accept', '1: 16', '3: 16', '1: 16', '3: 4', '3: trailers', '1: 8 end'],
    ])
    expect(queue.isReady()).toBe(false)
    expect(queue.take(2)).toBeUndefined()
  })

  it('gives all of the line to one stream, and cuts a turn at the end of a batch', () => {
    const { queue, lane } = createQueue()
    queue.data(lane(1), new Uint8Array(300 * KIB), true)
    const first = take(queue)
    expect(first.slice(0, 3)).toEqual(['1: 64', '1: 64', '1: 64'])
    expect(first).toHaveLength(4)
    const second = take(queue)
    expect([...first, ...second].reduce((sum, word) => sum + Number.parseFloat(word.slice(3)), 0)).toBe(300)
    expect(second.at(-1)).toMatch(/end$/)
  })

  it('merges small pieces into one frame', () => {
    const { queue, lane } = createQueue()
    const one = lane(1)
    for (let i = 0; i < 16; i += 1) queue.data(one, new Uint8Array(128), i === 15)
    expect(take(queue)).toEqual(['1: 2 end'])
  })

  it('leaves a stream without credit out until there is some', () => {
    const { queue, lane } = createQueue()
    const [one, three] = [lane(1, 4 * KIB), lane(3)]
    queue.data(one, new Uint8Array(8 * KIB), true)
    queue.data(three, new Uint8Array(8 * KIB), true)
    expect(take(queue)).toEqual(['1: 4', '3: 8 end'])
    expect(queue.isReady()).toBe(false)
    expect(queue.hasWaitingData()).toBe(true)
    one.credit.giveBack(1 * KIB)
    queue.settle(one)
    expect(take(queue)).toEqual(['1: 1'])
    one.credit.giveBack(8 * KIB)
    queue.settle(one)
    expect(take(queue)).toEqual(['1: 3 end'])
    expect(queue.hasWaitingData()).toBe(false)
  })

  it('ends a stream without credit, for that takes none', () => {
    const { queue, lane } = createQueue(4 * KIB)
    const [one, three] = [lane(1), lane(3)]
    queue.data(one, new Uint8Array(8 * KIB), true)
    expect(take(queue)).toEqual(['1: 4'])
    queue.data(three, new Uint8Array(0), true)
    expect(take(queue)).toEqual(['3: 0 end'])
    expect(queue.isReady()).toBe(false)
  })

  it('forgets a stream when its last frame has left, not before', () => {
    const { queue, lane } = createQueue()
    const one = lane(1)
    queue.data(one, new Uint8Array(KIB), true)
    one.isClosing = true
    queue.settle(one)
    expect(queue.lane(1)).toBe(one)
    expect(take(queue)).toEqual(['1: 1 end'])
    expect(queue.lane(1)).toBeUndefined()
  })

  it('names the stream that has waited too long, or the one that holds the connection', () => {
    const { queue, lane } = createQueue(32 * KIB)
    const [one, three] = [lane(1, 4 * KIB), lane(3)]
    queue.data(one, new Uint8Array(8 * KIB), true)
    take(queue)
    expect([queue.stalled(2), queue.stalled(2)]).toEqual([[], []])
    expect(queue.stalled(2)).toEqual([one])
    one.dropData()
    queue.settle(one)
    queue.data(three, new Uint8Array(64 * KIB), true)
    const five = lane(5)
    queue.data(five, new Uint8Array(64 * KIB), true)
    take(queue)
    for (let i = 0; i < 2; i += 1) expect(queue.stalled(2)).toEqual([])
    expect(queue.stalled(2)).toEqual([three])
  })

  it('shares the line evenly among many', () => {
    const { queue, lane } = createQueue()
    const sent = new Map<string, number>()
    for (let id = 1; id < 40; id += 2) queue.data(lane(id), new Uint8Array(200 * KIB), false)
    for (let i = 0; i < 8; i += 1) {
      for (const word of take(queue)) {
        const [id = '', size] = word.split(': ')
        sent.set(id, (sent.get(id) ?? 0) + Number.parseFloat(size ?? '0'))
      }
      const shares = [...sent.values()]
      if (shares.length === 20) expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(16)
    }
    expect(sent.size).toBe(20)
  })
})
