import { expect, it } from 'vitest'
import { PullProgress } from './pull-progress.ts'

const layer = (digest: string, completed: unknown, total: unknown = 1000): Record<string, unknown> => {
  return { status: `pulling ${digest}`, digest, total, completed }
}

it('adds up all layers that were told of', () => {
  const progress = new PullProgress()
  progress.heard({ status: 'pulling manifest' }, 0)
  expect(progress.read()).toEqual({
    ...{ status: 'pulling manifest', totalBytes: null, completedBytes: null, bytesPerSecond: null },
  })
  progress.heard(layer('a', undefined), 0)
  progress.heard(layer('a', 400), 1000)
  progress.heard(layer('b', 100, 500), 1000)
  expect(progress.read()).toMatchObject({ status: 'pulling b', totalBytes: 1500, completedBytes: 500 })
  progress.heard({ status: 'success' }, 2000)
  expect(progress).toMatchObject({ isDone: true })
  expect(progress.read()).toMatchObject({ status: 'success', completedBytes: 500, bytesPerSecond: null })
})

it('tells the speed of the last seconds, and does not count what was there from an earlier pull', () => {
  const progress = new PullProgress()
  progress.heard(layer('a', 100_000, 1_000_000), 0)
  expect(progress.read().bytesPerSecond).toBeNull()
  progress.heard(layer('a', 101_000, 1_000_000), 1000)
  expect(progress.read().bytesPerSecond).toBe(1000)
  for (let second = 2; second <= 10; second++) progress.heard(layer('a', 101_000, 1_000_000), second * 1000)
  expect(progress.read().bytesPerSecond).toBe(0)
})

it('believes nothing that makes no sense', () => {
  const progress = new PullProgress()
  progress.heard(layer('a', 5000), 0)
  expect(progress.read()).toMatchObject({ totalBytes: 1000, completedBytes: 1000 })
  for (const [completed, total] of [
    [-1, 1000],
    [1, -1000],
    [1, 'many'],
    [1, 1e308],
    [1.5, 1000],
  ])
    progress.heard(layer('b', completed, total), 1)
  expect(progress.read().completedBytes).toBe(1000)
  progress.heard({ status: '\u001b[2J\r\nred', digest: { a: 1 }, total: 5 }, 2)
  expect(progress.read().status).toBe(' [2J red')
  for (let number = 0; number < 5000; number++) progress.heard(layer(`flood-${number}`, 1, 1), 3)
  expect(progress.read().totalBytes).toBeLessThan(4000)
})
