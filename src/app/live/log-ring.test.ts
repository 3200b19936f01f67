import { describe, expect, it } from 'vitest'
import { createLogRing } from './log-ring.ts'

const AT = '2026-11-21T12:00:00.000Z'

function line(level: string, msg: string, fields: object = {}): string {
  return `${JSON.stringify({ level, time: AT, ...fields, msg })}\n`
}

function messages(ring: ReturnType<typeof createLogRing>, query: object = {}): string[] {
  return ring.list({ level: 'trace', last: 200, ...query }).map(({ message }) => message)
}

describe('a ring of log lines', () => {
  it('tells the newest first, with what each says besides', () => {
    const ring = createLogRing()
    ring.add(line('info', 'It came', { upstream: 'gpu-1' }))
    ring.add(line('warn', 'It went'))
    expect(ring.list({ level: 'trace', last: 10 })).toEqual([
      { number: 2, at: AT, level: 'warn', message: 'It went', fields: {} },
      { number: 1, at: AT, level: 'info', message: 'It came', fields: { upstream: 'gpu-1' } },
    ])
    expect(messages(ring, { last: 1 })).toEqual(['It went'])
  })

  it('finds by level and by what is said anywhere', () => {
    const ring = createLogRing()
    ring.add(line('debug', 'looked'))
    ring.add(line('warn', 'slow', { upstream: 'GPU-1' }))
    ring.add(line('error', 'broken', { upstream: 'gpu-2' }))
    expect(messages(ring, { level: 'warn' })).toEqual(['broken', 'slow'])
    expect(messages(ring, { search: 'gpu-1' })).toEqual(['slow'])
    expect(messages(ring, { search: 'gpu', level: 'error' })).toEqual(['broken'])
    expect(messages(ring, { search: 'gpu', last: 1 })).toEqual(['broken'])
  })

  it('forgets the oldest, and tells whoever asked for them how many', () => {
    const ring = createLogRing(3)
    for (const name of ['a', 'b', 'c', 'd', 'e']) ring.add(line('info', name))
    expect(messages(ring)).toEqual(['e', 'd', 'c'])
    const { missed, texts, next } = ring.since(2)
    expect([missed, next]).toEqual([1, 6])
    expect(texts.map((text) => (JSON.parse(text) as { message: string }).message)).toEqual(['c', 'd', 'e'])
    expect(ring.since(next)).toEqual({ missed: 0, texts: [], next })
  })

  it('cuts what is long, and shows what is no JSON as it is', () => {
    const ring = createLogRing()
    ring.add(line('error', 'x'.repeat(50_000), { err: { stack: 'y'.repeat(50_000) } }))
    ring.add('half a line\n')
    const [broken, long] = ring.list({ level: 'trace', last: 2 })
    expect(broken).toMatchObject({ level: 'error', message: 'half a line', fields: {} })
    expect(long).toMatchObject({ number: 1, level: 'error', at: AT })
    expect(JSON.stringify(long).length).toBeLessThan(8192)
  })
})
