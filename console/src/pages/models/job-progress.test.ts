import { expect, it } from 'vitest'
import { jobTitle, progressOf, remainingMs, type Step } from './job-progress.ts'

const step: Step = {
  upstream: 'a',
  action: 'pull',
  model: 'm',
  state: 'running',
  status: 'pulling',
  total_bytes: 1000,
  completed_bytes: 250,
  bytes_per_second: 250,
  error: null,
}

it('adds up what is known', () => {
  const waiting: Step = {
    ...step,
    upstream: 'b',
    state: 'waiting',
    total_bytes: null,
    completed_bytes: null,
    bytes_per_second: null,
  }
  expect(progressOf({ steps: [step, { ...step, state: 'done' }, waiting, { ...waiting, state: 'failed' }] })).toEqual({
    done: 1,
    steps: 4,
    failed: 1,
    bytes: 500,
    totalBytes: 2000,
    bytesPerSecond: 250,
  })
  expect(progressOf({ steps: [waiting] })).toMatchObject({ totalBytes: null, bytesPerSecond: null })
})

it('tells how long it will take only where it can', () => {
  expect(remainingMs(step)).toBe(3000)
  expect(remainingMs({ ...step, bytes_per_second: 0 })).toBeNull()
  expect(remainingMs({ ...step, state: 'done' })).toBeNull()
})

it('says what a job is', () => {
  expect(jobTitle({ kind: 'pull', model: 'm', steps: [step] })).toBe('Pull m to a')
  expect(jobTitle({ kind: 'delete', model: 'm', steps: [step, { ...step, upstream: 'b' }] })).toBe(
    'Delete m from 2 upstreams',
  )
  expect(jobTitle({ kind: 'sync', model: null, steps: [] })).toContain('in step')
})
