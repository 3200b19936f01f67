import { describe, expect, it } from 'vitest'
import { SeveralProgress } from './several-progress.ts'

const layer = (completed: number, digest = 'sha256:aa'): object => ({
  status: 'pulling aa',
  digest,
  total: 100,
  completed,
})

interface Told {
  readonly status?: string
  readonly completed?: number
  readonly upstreams?: object
}

function told(progress: SeveralProgress): Told[] {
  const lines: Told[] = []
  for (let line = progress.next(); line !== undefined; line = progress.next()) lines.push(line)
  return lines
}

/** What an `ollama` CLI makes a bar or a spinner of. */
const plain = (lines: readonly Told[]): object[] => lines.map(({ upstreams: _, ...line }) => line)

describe('a status', () => {
  it('that opens the stream is said at once', () => {
    const progress = new SeveralProgress(['a', 'b'])
    progress.heard('a', { status: 'pulling manifest' })
    expect(told(progress)).toEqual([{ status: 'pulling manifest', upstreams: { a: { status: 'pulling manifest' } } }])
    progress.heard('b', { status: 'pulling manifest' })
    expect(told(progress)).toEqual([])
  })

  it('of a later step is said once, when all have reached it', () => {
    const progress = new SeveralProgress(['a', 'b'])
    progress.heard('a', { status: 'pulling manifest' })
    expect(plain(told(progress))).toEqual([{ status: 'pulling manifest' }])
    for (const status of ['verifying sha256 digest', 'writing manifest']) progress.heard('a', { status })
    expect(told(progress)).toEqual([])
    for (const status of ['pulling manifest', 'verifying sha256 digest']) progress.heard('b', { status })
    expect(told(progress)).toEqual([
      {
        status: 'verifying sha256 digest',
        upstreams: { a: { status: 'writing manifest' }, b: { status: 'verifying sha256 digest' } },
      },
    ])
  })

  it('does not wait for one that has failed, nor for one that has ended without it', () => {
    const progress = new SeveralProgress(['a', 'b', 'c'])
    for (const name of ['a', 'b', 'c']) progress.heard(name, { status: 'pulling manifest' })
    told(progress)
    progress.heard('a', { status: 'removing unused layers' })
    progress.ended('b', 'the disk is full')
    expect(plain(told(progress))).toEqual([{ status: 'pulling manifest' }])
    progress.ended('c')
    expect(plain(told(progress))).toEqual([{ status: 'removing unused layers' }])
  })
})

describe('the end of one', () => {
  it('is told at once, with the line that was said last', () => {
    const progress = new SeveralProgress(['a', 'b'])
    progress.heard('a', layer(100))
    told(progress)
    progress.ended('a')
    expect(told(progress)).toEqual([
      { status: 'pulling aa', digest: 'sha256:aa', total: 100, upstreams: { a: { status: 'success' } } },
    ])
    expect(told(progress)).toEqual([])
  })

  it('opens no stream, and is left to the conclusion where it was the last', () => {
    const progress = new SeveralProgress(['a', 'b'])
    progress.ended('a', 'refused')
    expect(told(progress)).toEqual([])
    progress.heard('b', { status: 'pulling manifest' })
    expect(told(progress)).toHaveLength(1)
    progress.ended('b')
    expect(told(progress)).toEqual([])
    expect(progress.conclusion('a: refused')).toEqual({ error: 'a: refused', upstreams: { b: { status: 'success' } } })
  })
})

describe('a layer', () => {
  it('stands where the slowest server stands', () => {
    const progress = new SeveralProgress(['a', 'b'])
    progress.heard('a', layer(60))
    expect(told(progress)).toEqual([
      { status: 'pulling aa', digest: 'sha256:aa', total: 100, upstreams: { a: layer(60) } },
    ])
    progress.heard('b', layer(20))
    expect(plain(told(progress))).toEqual([layer(20)])
    progress.heard('b', layer(90))
    expect(plain(told(progress))).toEqual([layer(60)])
  })

  it('goes on without one that fails, and counts as whole where a server is done', () => {
    const progress = new SeveralProgress(['a', 'b', 'c'])
    progress.heard('a', layer(60))
    progress.heard('b', layer(10))
    progress.heard('c', layer(30))
    expect(plain(told(progress))).toEqual([layer(10)])
    progress.ended('b', 'no space left on device')
    expect(plain(told(progress))).toEqual([layer(30)])
    progress.ended('c')
    expect(plain(told(progress))).toEqual([layer(60)])
  })

  it('is told apart by its digest', () => {
    const progress = new SeveralProgress(['a', 'b'])
    progress.heard('a', layer(60, 'sha256:aa'))
    progress.heard('b', layer(40, 'sha256:bb'))
    progress.heard('a', layer(0, 'sha256:bb'))
    expect(plain(told(progress)).map(({ digest }: { digest?: string }) => digest)).toEqual(['sha256:aa', 'sha256:bb'])
  })

  it('that changed many times while nobody read is told as it stands', () => {
    const progress = new SeveralProgress(['a', 'b'])
    for (let at = 1; at <= 100; at += 1) for (const name of ['a', 'b']) progress.heard(name, layer(at))
    expect(plain(told(progress))).toEqual([layer(100)])
  })
})

it('ends with what Ollama ends with, or with the error and whose it is', () => {
  const progress = new SeveralProgress(['a', 'b'])
  progress.ended('a')
  progress.ended('b', 'file does not exist')
  expect(progress.conclusion(undefined)).toEqual({ status: 'success' })
  expect(progress.conclusion('b: file does not exist')).toEqual({
    error: 'b: file does not exist',
    upstreams: { a: { status: 'success' }, b: { error: 'file does not exist' } },
  })
})
