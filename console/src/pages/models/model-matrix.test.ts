import { expect, it } from 'vitest'
import { modelMatrix, shortDigest, type UpstreamWithModels } from './model-matrix.ts'

function upstream(
  name: string,
  models: Record<string, string | null> | null,
  desired: string[] | null = null,
): UpstreamWithModels {
  const told = { size: 5, loaded: false, parameters: null, quantization: null, modified_at: null }
  const list = models && Object.entries(models).map(([model, digest]) => ({ name: model, digest, ...told }))
  return { name, pool: null, provider: false, state: 'up', fault: null, models: list, desired, assigned: [] }
}

it('has a row for each model and a cell for each upstream', () => {
  const { columns, rows } = modelMatrix([
    upstream('a', { 'qwen3:8b': 'sha256:1', 'qwen3:14b': 'sha256:2' }),
    upstream('b', { 'qwen3:8b': 'sha256:1' }),
    upstream('c', null),
  ])
  expect(columns).toEqual(['a', 'b', 'c'])
  expect(rows.map(({ name, holders }) => [name, holders])).toEqual([
    ['qwen3:8b', 2],
    ['qwen3:14b', 1],
  ])
  expect(rows[1]?.cells.map(({ kind }) => kind)).toEqual(['has', 'none', 'unknown'])
})

it('marks whoever has other bits than most', () => {
  const { rows } = modelMatrix([
    upstream('a', { m: 'sha256:1' }),
    upstream('b', { m: 'sha256:2' }),
    upstream('c', { m: 'sha256:2' }),
    upstream('cloud', { m: null }),
  ])
  expect(rows[0]?.differs).toBe(true)
  expect(rows[0]?.cells.map((cell) => cell.kind === 'has' && cell.odd)).toEqual([true, false, false, false])
})

it('shows what should be there, on a server that has nothing yet too', () => {
  const { rows } = modelMatrix([upstream('a', {}, ['new:1b']), upstream('b', { 'new:1b': 'x' }, ['new:1b'])])
  expect(rows).toHaveLength(1)
  expect(rows[0]).toMatchObject({ missing: 1, cells: [{ kind: 'lacks' }, { kind: 'has', wanted: true }] })
})

it('shortens a digest', () => {
  expect(shortDigest('sha256:0123456789abcdef')).toBe('0123456789ab')
})
