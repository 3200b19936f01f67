import { describe, expect, it } from 'vitest'
import { plainProgress, progressLines } from './progress-text.ts'
import { ServersProgress, type ServerProgress } from './server-progress.ts'

const running = (status: string, completed?: number): ServerProgress => ({
  name: 'gpu-1',
  state: 'running',
  status,
  layer: completed === undefined ? null : { total: 4 * 2 ** 30, completed },
})

describe('bars', () => {
  it('stand under one another, each as wide as there is room for', () => {
    const servers = [running('pulling 8eeb52dfb3bb', 2 ** 30), { ...running('verifying'), name: 'attic' }]
    expect(progressLines(servers, 72)).toEqual([
      'gpu-1  pulling 8eeb52dfb3bb   25% [######................] 1.0 GB/4.0 GB',
      'attic  verifying',
    ])
    expect(progressLines(servers, 50)[0]).toBe('gpu-1  pulling 8eeb52dfb3bb   25% 1.0 GB/4.0 GB')
    for (const width of [1, 20, 40, 60, 200]) {
      for (const line of progressLines(servers, width)) expect(line.length).toBeLessThanOrEqual(width)
    }
  })

  it('move no cursor, whatever a server says', () => {
    const [line] = progressLines([{ ...running('a\u001b[2Jb\nc'), state: 'failed' }], 80)
    expect(line).toBe('gpu-1  failed: a [2Jb c')
  })

  it('of an empty layer have no share', () => {
    const layer = { total: 0, completed: 0 }
    expect(progressLines([{ ...running('pulling aa'), layer }], 80)).toEqual(['gpu-1  pulling aa'])
  })
})

it('plain lines come at each new status and each tenth', () => {
  const said: string[] = []
  let before: ServerProgress | undefined
  const tell = (now: ServerProgress): void => {
    const text = plainProgress(before, now)
    if (text !== undefined) {
      said.push(text)
      before = now
    }
  }
  tell(running('pulling manifest'))
  tell(running('pulling manifest'))
  for (let completed = 0; completed <= 4 * 2 ** 30; completed += 2 ** 26) tell(running('pulling aa', completed))
  tell({ ...running('success'), state: 'done' })
  expect(said).toHaveLength(1 + 11 + 1)
  expect(said.slice(0, 3)).toEqual([
    'gpu-1: pulling manifest',
    'gpu-1: pulling aa 0% of 4.0 GB',
    'gpu-1: pulling aa 10% of 4.0 GB',
  ])
  expect(said.at(-1)).toBe('gpu-1: done')
})

describe('the progress of servers', () => {
  it('is read from what the lines say of each', () => {
    const progress = new ServersProgress()
    progress.began(['a', 'b'])
    progress.heard({ status: 'pulling manifest', upstreams: { a: { status: 'pulling manifest' } } })
    const layer = { digest: 'sha256:aa', total: 9, completed: 3 }
    progress.heard({
      ...layer,
      status: 'x',
      upstreams: { a: { ...layer, status: 'x' }, b: { error: 'no space left' } },
    })
    expect(progress.list()).toEqual([
      { name: 'a', state: 'running', status: 'x', layer: { total: 9, completed: 3 } },
      { name: 'b', state: 'failed', status: 'no space left', layer: null },
    ])
    progress.began(['a', 'b'])
    progress.heard({ status: 'success' })
    expect(progress.list().map(({ state }) => state)).toEqual(['done', 'done'])
  })

  it('is read from the lines themselves where there is one server', () => {
    const progress = new ServersProgress()
    progress.began(['a'])
    progress.heard({ status: 'pulling aa', digest: 'sha256:aa', total: 9 })
    expect(progress.list()).toEqual([
      { name: 'a', state: 'running', status: 'pulling aa', layer: { total: 9, completed: 0 } },
    ])
    progress.heard({ error: 'file does not exist' })
    expect(progress.list()[0]).toMatchObject({ state: 'failed', status: 'file does not exist' })
  })
})
