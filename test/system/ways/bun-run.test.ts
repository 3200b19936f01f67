import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { runtimeBinary } from '../../../scripts/runtime-list.ts'
import { cleanEnvironment } from '../harness/clean-environment.ts'
import { freshClone } from '../harness/fresh-clone.ts'
import { walkThrough } from './walk-through.ts'

const minutes = 60_000
const install = ['install', '--production', '--omit=optional', '--no-save']

it('bun run runs the gateway from a clone, with nothing but Bun', { timeout: 5 * minutes }, async (context) => {
  const bun = runtimeBinary('bun')
  if (bun === undefined) return context.skip('Bun is not installed')
  await using clone = await freshClone({ packages: 'none' })
  const env = { PATH: `${join(bun, '..')}:/usr/bin:/bin` }
  await promisify(execFile)(bun, install, { cwd: clone.folder, env: { ...cleanEnvironment(), ...env } })
  const said = await walkThrough({
    program: bun,
    args: ['run', 'src/main.ts', 'serve', '--listen', '127.0.0.1:0'],
    folder: clone.folder,
    env,
    readyMs: minutes,
  })
  expect(said).toContain('"msg":"Stopped"')
})
