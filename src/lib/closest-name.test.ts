import { describe, expect, it } from 'vitest'
import { closestName } from './closest-name.ts'

const names = ['listen', 'key_file', 'key_salt', 'idle_timeout', 'connect_timeout']

describe('closestName', () => {
  it.each([
    ['lisen', 'listen'],
    ['lsiten', 'listen'],
    ['LISTEN', 'listen'],
    ['keyFile', 'key_file'],
    ['key-fle', 'key_file'],
    ['idle_timout', 'idle_timeout'],
  ])('takes %s for %s', (name, meant) => {
    expect(closestName(name, names)).toBe(meant)
  })

  it.each(['', 'x', 'cache', 'timeout', 'a'.repeat(10_000)])('takes "%s" for nothing', (name) => {
    expect(closestName(name, names)).toBeUndefined()
  })

  it('has nothing to say without candidates', () => {
    expect(closestName('listen', [])).toBeUndefined()
  })
})
