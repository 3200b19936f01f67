import { describe, expect, it } from 'vitest'
import type { ModelEntry } from '../models/model-entry.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'
import { createModelMemory, type ModelMemory } from './model-memory.ts'

const GB = 1e9

function entry(canonical: string, raw: Record<string, unknown> = {}, more: Partial<ModelEntry> = {}): ModelEntry {
  return { canonical, remote: false, digest: null, raw, ...more }
}

type Server = Pick<UpstreamState, 'name' | 'provider' | 'models'>

function server(name: string, ...entries: ModelEntry[]): Server {
  return { name, provider: null, models: new Map(entries.map((each) => [each.canonical, each])) }
}

function configured(): ModelMemory {
  const memory = createModelMemory()
  memory.configure({
    memory: { 'Custom-70B': 40 * GB },
    memoryPatterns: [
      { match: '.*-70b.*', memoryBytes: 50 * GB },
      { match: 'custom', memoryBytes: 1 * GB },
    ],
  })
  return memory
}

describe('createModelMemory', () => {
  it('believes the size on the disk before any setting', () => {
    const a = server('a', entry('custom-70b:latest', { size: 30 * GB }))
    expect(configured().bytesOf(a, 'custom-70b:latest')).toBe(30 * GB)
  })

  it('asks the settings by name, then by the first pattern that fits, then the name itself', () => {
    const memory = configured()
    const a = server('a')
    expect(memory.bytesOf(a, 'custom-70b:latest')).toBe(40 * GB)
    expect(memory.bytesOf(a, 'custom-70b:q8')).toBe(50 * GB)
    expect(memory.bytesOf(a, 'x-70b:latest')).toBe(50 * GB)
    expect(memory.bytesOf(a, 'custom:8b')).toBe(1 * GB)
    expect(memory.bytesOf(a, 'llama3.1:8b') / GB).toBeCloseTo(4.9, 0)
    expect(memory.bytesOf(a, 'llama3:latest')).toBe(0)
  })

  it('has the new settings as soon as they are given', () => {
    const memory = configured()
    expect(memory.bytesOf(server('a'), 'custom:8b')).toBe(1 * GB)
    memory.configure({ memory: { custom: 2 * GB, 'custom:8b': 3 * GB }, memoryPatterns: [] })
    expect(memory.bytesOf(server('a'), 'custom:latest')).toBe(2 * GB)
    expect(memory.bytesOf(server('a'), 'custom:8b')).toBe(3 * GB)
  })

  it('believes above all what was seen loaded, on that upstream', () => {
    const memory = configured()
    const models = [entry('m:latest', { size: 5 * GB })]
    expect(memory.sawLoaded('a', [entry('m:latest', { size: 7 * GB })])).toBe(true)
    expect(memory.sawLoaded('a', [entry('m:latest', { size: 7 * GB })])).toBe(false)
    expect(memory.bytesOf(server('a', ...models), 'm:latest')).toBe(7 * GB)
    expect(memory.bytesOf(server('b', ...models), 'm:latest')).toBe(5 * GB)
    memory.sawLoaded('a', [])
    expect(memory.bytesOf(server('a', ...models), 'm:latest')).toBe(7 * GB)
    memory.keep(new Set(['b']))
    expect(memory.bytesOf(server('a', ...models), 'm:latest')).toBe(5 * GB)
  })

  it('knows a loaded model by its digest, whatever name the list gives', () => {
    const memory = configured()
    const [one, other] = [{ digest: 'd1' }, { digest: 'd2' }]
    memory.sawLoaded('a', [entry('copy:latest', { size: 9 * GB }, one)])
    const a = server('a', entry('m:latest', { size: 5 * GB }, one), entry('copy:latest', { size: 6 * GB }, other))
    expect(memory.bytesOf(a, 'm:latest')).toBe(9 * GB)
    expect(memory.bytesOf(a, 'copy:latest')).toBe(6 * GB)
  })

  it('counts nothing at a provider, and nothing that runs elsewhere', () => {
    const memory = configured()
    const provider = { models: null } as unknown as NonNullable<UpstreamState['provider']>
    expect(memory.bytesOf({ ...server('p'), provider }, 'llama3.1:8b')).toBe(0)
    const stub = entry('llama3.1:70b', { size: 300 }, { remote: true })
    expect(memory.bytesOf(server('a', stub), 'llama3.1:70b')).toBe(0)
  })

  it.each([0, -1, Number.NaN, Infinity, '5', null, undefined])('does not believe a size of %j', (size) => {
    const memory = configured()
    expect(memory.sawLoaded('a', [entry('custom-70b:latest', { size })])).toBe(false)
    expect(memory.bytesOf(server('a', entry('custom-70b:latest', { size })), 'custom-70b:latest')).toBe(40 * GB)
  })
})
