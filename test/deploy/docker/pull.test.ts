import { describe, expect, it, onTestFinished } from 'vitest'
import { pullModels } from '../../../deploy/docker/corral-ollama/pull-models.ts'
import { createPullProgress } from '../../../deploy/docker/corral-ollama/pull-progress.ts'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'

interface Pulled {
  readonly failure: string | undefined
  readonly lines: readonly string[]
  readonly waitsMs: readonly number[]
}

async function pull(fake: FakeOllama, model: string): Promise<Pulled> {
  const lines: string[] = []
  const waitsMs: number[] = []
  const deps = {
    say: (line: string) => void lines.push(line),
    now: () => 0,
    pause: async (ms: number) => void waitsMs.push(ms),
  }
  const terms = { ollamaUrl: fake.url, signal: new AbortController().signal }
  return { failure: await pullModels([model], deps, terms), lines, waitsMs }
}

async function startEmpty(): Promise<FakeOllama> {
  const fake = await startFakeOllama({ models: [] })
  onTestFinished(() => fake.stop())
  return fake
}

describe('a pull that fails', () => {
  it('is tried again, later each time, until it succeeds', async () => {
    const fake = await startEmpty()
    fake.faults.add({ kind: 'reset-before-headers', route: '/api/pull', times: 1 })
    fake.faults.add({ kind: 'clean-end', route: '/api/pull', afterChunks: 2, times: 1 })
    const { failure, lines, waitsMs } = await pull(fake, 'qwen3:8b')
    expect(failure).toBe(undefined)
    expect(waitsMs).toEqual([1000, 2000])
    expect(lines.filter((line) => line.includes('trying again'))).toEqual([
      expect.stringMatching(/^pulling qwen3:8b failed: .*; trying again in 1 s$/),
      'pulling qwen3:8b failed: the answer of Ollama (status 200) ended early; trying again in 2 s',
    ])
    expect(lines.at(-1)).toBe('qwen3:8b is there')
    expect(fake.models.find('qwen3:8b')).toBeDefined()
  })

  it('is given up after half a minute of trying, with the reason in one line', async () => {
    const fake = await startEmpty()
    fake.faults.add({ kind: 'reset-before-headers', route: '/api/pull' })
    const { failure, waitsMs } = await pull(fake, 'qwen3:8b')
    expect(waitsMs).toEqual([1000, 2000, 4000, 8000, 16_000])
    expect(failure).toMatch(/^cannot pull qwen3:8b: .*; check OLLAMA_MODEL, the network and the space in the volume$/)
  })

  it('is not tried again where that cannot help', async () => {
    const { failure, waitsMs } = await pull(await startEmpty(), 'missing')
    expect(waitsMs).toEqual([])
    expect(failure).toContain('file does not exist')
  })
})

it('progress is told in tenths and, where it is slow, every half minute', () => {
  const lines: string[] = []
  let now = 0
  const tell = createPullProgress('m', { say: (line) => void lines.push(line), now: () => now })
  const total = 5_000_000_000
  for (let permille = 0; permille <= 200; permille += 1)
    tell({ digest: 'a', total, completed: (total / 1000) * permille })
  now = 31_000
  tell({ digest: 'a', total, completed: total * 0.21 })
  tell({ digest: 'a', total, completed: total })
  tell({ digest: 'b', total: 500, completed: 500 })
  tell({ status: 'verifying sha256 digest' })
  tell({ status: 'verifying sha256 digest' })
  expect(lines).toEqual([
    'pulling m: 0 % of 5.0 GB',
    'pulling m: 10 % of 5.0 GB',
    'pulling m: 20 % of 5.0 GB',
    'pulling m: 21 % of 5.0 GB',
    'pulling m: 100 % of 5.0 GB',
    'pulling m: verifying sha256 digest',
  ])
})
