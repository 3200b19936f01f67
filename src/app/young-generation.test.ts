import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const MODULE = join(import.meta.dirname, 'young-generation.ts')

/** Lets objects survive their first collections, which is what makes V8 grow the young generation; its size then. */
const PROGRAM = `
  import v8 from 'node:v8'
  const { limitYoungGeneration } = await import(process.argv[1])
  if (process.argv[2] === 'limited') limitYoungGeneration()
  const kept = []
  for (let turn = 0; turn < 400; turn++) {
    for (let i = 0; i < 2000; i++) kept[(turn * 2000 + i) % 6000] = new Array(100).fill(i)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  console.log(v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size)
  process.exit()
`

function youngBytes(how: 'limited' | 'free'): number {
  const args = ['--input-type=module', '--eval', PROGRAM, MODULE, how]
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

describe('limitYoungGeneration', () => {
  it('keeps it from growing as far as V8 would let it', () => {
    const limited = youngBytes('limited')
    expect(limited).toBeGreaterThan(4 << 20)
    expect(limited).toBeLessThan(youngBytes('free'))
  })
})
