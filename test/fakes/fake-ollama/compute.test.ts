import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCompute } from './compute.ts'

const speed = { prefill: 1000, decode: 100 }
const { signal } = new AbortController()

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Milliseconds from now until it is done. */
async function timeOf(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  const took = work.then(() => performance.now() - startedAt)
  await vi.runAllTimersAsync()
  return took
}

describe('compute', () => {
  it('is all of one stream', async () => {
    const stream = createCompute().open({}, speed, signal)
    expect(await timeOf(stream.read(500))).toBeCloseTo(500, 0)
    expect(await timeOf(stream.write(10))).toBeCloseTo(100, 0)
  })

  it('is shared evenly by models at work', async () => {
    const compute = createCompute()
    const [one, other] = [compute.open({}, speed, signal), compute.open({}, speed, signal)]
    const both = Promise.all([timeOf(one.read(500)), timeOf(other.read(500))])
    for (const time of await both) expect(time).toBeCloseTo(1000, 0)
    other.close()
    expect(await timeOf(one.write(10))).toBeCloseTo(100, 0)
  })

  it('lets two streams of a model write at 0.6 of their pace, and read in turns', async () => {
    const compute = createCompute()
    const model = {}
    const streams = [compute.open(model, speed, signal), compute.open(model, speed, signal)]
    for (const time of await Promise.all(streams.map((each) => timeOf(each.read(500)))))
      expect(time).toBeCloseTo(1000, 0)
    for (const time of await Promise.all(streams.map((each) => timeOf(each.write(60)))))
      expect(time).toBeCloseTo(1000, 0)
  })

  it('gives back what one that left took', async () => {
    const compute = createCompute()
    const client = new AbortController()
    const left = compute.open({}, speed, client.signal)
    const gone = left.read(1e6)
    const stays = compute.open({}, speed, signal)
    const reading = timeOf(stays.read(500))
    client.abort()
    await expect(gone).rejects.toThrow()
    left.close()
    expect(await reading).toBeLessThan(600)
  })

  it('does not slow down a writer whose reader pauses', async () => {
    const stream = createCompute().open({}, speed, signal)
    await timeOf(stream.write(10))
    vi.advanceTimersByTime(1000)
    expect(await timeOf(stream.write(50))).toBe(0)
    expect(await timeOf(stream.write(100))).toBeCloseTo(500, 0)
  })
})
