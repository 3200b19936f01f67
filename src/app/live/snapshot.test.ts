import { expect, it } from 'vitest'
import { createSnapshot } from './snapshot.ts'

it('has a new version with each change, and none because time has passed', () => {
  const snapshot = createSnapshot()
  expect(snapshot.now).toBeUndefined()
  snapshot.set({ uptime_seconds: 1, running: 0 })
  expect(snapshot.now).toEqual({ version: 1, text: '{"uptime_seconds":1,"running":0}' })
  snapshot.set({ uptime_seconds: 2, running: 0 })
  expect(snapshot.now?.version).toBe(1)
  snapshot.set({ uptime_seconds: 3, running: 1 })
  expect(snapshot.now).toEqual({ version: 2, text: '{"uptime_seconds":3,"running":1}' })
})
