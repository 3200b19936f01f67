import { describe, expect, it } from 'vitest'
import { defaultWindows, type Hello } from '../wire/greeting.ts'
import { type Circumstances, judgeHello } from './admission.ts'

const hello: Hello = {
  versions: [1],
  software: 'corral 9',
  agentId: 'box',
  instance: 'i-1',
  host: 'attic',
  pool: null,
  allow: ['chat'],
  maxStreams: 10,
  windows: defaultWindows,
}
const usual: Circumstances = {
  isStopping: false,
  poolName: 'home',
  allowedPools: ['home'],
  isPool: true,
  isTaken: false,
  holder: null,
  alternating: false,
}

function refusal(at: Partial<Circumstances>, more: Partial<Hello> = {}): string {
  const judged = judgeHello({ ...hello, ...more }, { ...usual, ...at })
  return judged.kind === 'admitted' ? `admitted to ${judged.pool}` : `${judged.code} ${judged.reason}`
}

describe('judgeHello', () => {
  it('lets an agent into the pool of its key', () => {
    expect(refusal({})).toBe('admitted to home')
  })

  it('lets a newer process of the same key take an id over', () => {
    expect(refusal({ holder: { host: 'cellar', sameKey: true } })).toBe('admitted to home')
  })

  it('says which side is to be upgraded', () => {
    expect(refusal({}, { versions: [0] })).toBe('4406 Protocol 0 meets 1: upgrade the agent')
    expect(refusal({}, { versions: [3, 2] })).toBe('4406 Protocol 3,2 meets 1: upgrade the gateway')
    expect(refusal({}, { versions: [2, 1] })).toBe('admitted to home')
  })

  it('says what is wrong with the pool', () => {
    expect(refusal({ poolName: null })).toBe('4403 The key is of several pools: say which with --pool')
    expect(refusal({ poolName: 'work' })).toBe('4403 The key is not of pool work')
    expect(refusal({ isPool: false })).toBe('4403 The gateway has no pool home')
  })

  it('names both hosts where two processes take an id from each other', () => {
    expect(refusal({ holder: { host: 'cellar', sameKey: true }, alternating: true })).toBe(
      '4409 Id box is used on cellar and on attic: give one another id',
    )
  })

  it('refuses an id that somebody else has', () => {
    expect(refusal({ holder: { host: 'cellar', sameKey: false } })).toBe(
      '4409 Id box is in use with another key, on host cellar',
    )
    expect(refusal({ isTaken: true })).toBe('4409 An upstream of the gateway is called box: choose another id')
  })

  it('sends agents elsewhere while the gateway stops', () => {
    expect(refusal({ isStopping: true })).toBe('1013 The gateway stops')
  })
})
