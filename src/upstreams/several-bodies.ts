import type { BodyControl, BodyFailure, BodyReceiver, BodyStream } from '../proxy/upstream.ts'

export interface SharedBody {
  readonly branches: readonly BodyStream[]
  /** This branch's reader will not start any more, or wants nothing further. */
  leave(branch: number): void
}

type Reader = 'awaited' | 'gone' | BodyReceiver

/**
 * One body for several readers, none of it kept: it flows when all have begun or left, and as fast as the slowest
 * takes it.
 */
export function shareBody(body: BodyStream, count: number): SharedBody {
  const readers: Reader[] = Array.from({ length: count }, () => 'awaited')
  const full = new Set<number>()
  let control: BodyControl | undefined
  let begun = false
  let over = false

  const active = (): [number, BodyReceiver][] =>
    readers.flatMap((reader, branch) => (typeof reader === 'string' ? [] : [[branch, reader]]))
  const source: BodyReceiver = {
    data(chunk) {
      for (const [branch, reader] of active()) if (!reader.data(chunk)) full.add(branch)
      for (const branch of full) if (readers[branch] === 'gone') full.delete(branch)
      return full.size === 0
    },
    end() {
      over = true
      for (const [, reader] of active()) reader.end()
    },
    fail(reason?: BodyFailure) {
      over = true
      for (const [, reader] of active()) reader.fail(reason)
    },
  }
  const begin = (): void => {
    if (begun || readers.includes('awaited') || active().length === 0) return
    begun = true
    // The last one to begin holds its control before its first chunk comes.
    queueMicrotask(() => {
      if (active().length > 0) control = body.start(source)
    })
  }
  const hasRoom = (branch: number): void => {
    if (full.delete(branch) && full.size === 0 && !over) control?.resume()
  }
  const leave = (branch: number): void => {
    if (readers[branch] === 'gone') return
    readers[branch] = 'gone'
    if (begun && active().length === 0) control?.stop()
    else hasRoom(branch)
    begin()
  }
  const branches = readers.map(
    (_, branch): BodyStream => ({
      ...(body.length === undefined ? {} : { length: body.length }),
      start(to) {
        if (readers[branch] === 'awaited') readers[branch] = to
        begin()
        return { resume: () => hasRoom(branch), stop: () => leave(branch) }
      },
    }),
  )
  return { branches, leave }
}
