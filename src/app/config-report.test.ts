import { expect, it } from 'vitest'
import { loadConfig } from '../config/load.ts'
import { createConfigReport } from './config-report.ts'

const clock = { now: () => Date.parse('2026-11-21T12:00:00Z') }

it('tells what holds, what needs a restart, and why the last reload was refused until one is not', async () => {
  const load = (env: Record<string, string>) => loadConfig({ env, cwd: '/nowhere' })
  const first = await load({ CORRAL_LISTEN: '127.0.0.1:1' })
  const report = createConfigReport(first, {
    clock,
    restartOnly: (before, after) => (before.http.listen[0]?.port === after.http.listen[0]?.port ? [] : ['listen']),
  })
  expect(report.view()).toMatchObject({
    file: null,
    read_at: '2026-11-21T12:00:00.000Z',
    needs_restart: [],
    refused: null,
  })
  const listen = report.view().settings.find(({ name }) => name === 'listen')
  expect(listen).toMatchObject({ source: 'env', detail: 'CORRAL_LISTEN' })
  report.refused(['a', 'b'])
  expect(report.view().refused).toEqual({ at: '2026-11-21T12:00:00.000Z', problems: ['a', 'b'] })
  report.taken(await load({ CORRAL_LISTEN: '127.0.0.1:2' }))
  expect(report.view()).toMatchObject({ needs_restart: ['listen'], refused: null })
  report.taken(await load({ CORRAL_LISTEN: '127.0.0.1:1' }))
  expect(report.view().needs_restart).toEqual([])
})
